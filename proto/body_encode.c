/* Members are written in ascending order (A.2.4): the order of the tables in A.4. */
#include "base/assert.h"
#include "proto/body.h"
#include "proto/mp.h"

static void write_time(struct nr_writer *w, const char *key, int64_t ms)
{
    if (ms == 0) return;
    nr_assert(ms > 0 && ms <= NR_STAMP_MAX_MS);
    nr_mp_write_cstr(w, key);
    nr_mp_write_uint(w, (uint64_t)ms);
}

static void write_true(struct nr_writer *w, const char *key, bool v)
{
    if (!v) return;
    nr_mp_write_cstr(w, key);
    nr_mp_write_bool(w, true);
}

static void write_text(struct nr_writer *w, const char *key, struct nr_bytes v)
{
    if (v.len == 0) return;
    nr_mp_write_cstr(w, key);
    nr_mp_write_str(w, v);
}

/* `v` is msgpack already. */
static void write_object(struct nr_writer *w, const char *key, struct nr_bytes v)
{
    if (v.len == 0) return;
    nr_mp_write_cstr(w, key);
    nr_write_bytes(w, v);
}

static void write_gossip(struct nr_writer *w, const struct nr_node_body *b)
{
    char text[NR_ADDR_TEXT];
    if (b->gossip_count == 0) return;
    nr_mp_write_cstr(w, "gossip");
    nr_mp_write_array(w, (uint32_t)b->gossip_count);
    for (size_t i = 0; i < b->gossip_count; i++) {
        nr_addr_format(&b->gossip[i], text);
        nr_mp_write_cstr(w, text);
    }
}

static void write_labels(struct nr_writer *w, const struct nr_node_body *b)
{
    if (b->label_count == 0) return;
    nr_mp_write_cstr(w, "labels");
    nr_mp_write_array(w, (uint32_t)b->label_count);
    for (size_t i = 0; i < b->label_count; i++) nr_mp_write_str(w, b->labels[i]);
}

static uint32_t node_members(const struct nr_node_body *b)
{
    int n = (b->created_at_ms != 0) + b->deleted + (b->gossip_count > 0) + (b->hostname.len > 0) + (b->ip.len > 0) +
            (b->label_count > 0) + (b->metadata.len > 0) + (b->role.len > 0) + b->self + (b->state != NR_STATE_ONLINE) +
            (b->updated_at_ms != 0);
    return (uint32_t)n;
}

void nr_node_body_encode(struct nr_writer *w, const struct nr_node_body *b)
{
    nr_assert(b->gossip_count <= NR_GOSSIP_MAX);
    nr_assert(b->label_count <= NR_LABELS_MAX);
    nr_mp_write_map(w, node_members(b));
    write_time(w, "created_at", b->created_at_ms);
    write_true(w, "deleted", b->deleted);
    write_gossip(w, b);
    write_text(w, "hostname", b->hostname);
    write_text(w, "ip", b->ip);
    write_labels(w, b);
    write_object(w, "metadata", b->metadata);
    write_text(w, "role", b->role);
    write_true(w, "self", b->self);
    if (b->state != NR_STATE_ONLINE) write_text(w, "state", nr_bytes_str(nr_state_name(b->state)));
    write_time(w, "updated_at", b->updated_at_ms);
}

void nr_heartbeat_body_encode(struct nr_writer *w, const struct nr_heartbeat_body *b)
{
    nr_mp_write_map(w, (uint32_t)((b->interval_ms > 0) + (b->metrics.len > 0) + b->has_status));
    if (b->interval_ms > 0) {
        nr_mp_write_cstr(w, "interval");
        nr_mp_write_uint(w, b->interval_ms);
    }
    write_object(w, "metrics", b->metrics);
    if (b->has_status) write_text(w, "status", nr_bytes_str(nr_state_name(b->status)));
}

void nr_profile_body_encode(struct nr_writer *w, const struct nr_profile_body *b)
{
    nr_mp_write_map(w,
                    (uint32_t)((b->config.len > 0) + (b->created_at_ms != 0) + b->deleted + (b->updated_at_ms != 0)));
    write_object(w, "config", b->config);
    write_time(w, "created_at", b->created_at_ms);
    write_true(w, "deleted", b->deleted);
    write_time(w, "updated_at", b->updated_at_ms);
}

void nr_verdict_body_encode(struct nr_writer *w, const struct nr_verdict_body *b)
{
    nr_assert(b->since_ms >= 0 && b->since_ms <= NR_STAMP_MAX_MS);
    nr_mp_write_map(w, 2);
    nr_mp_write_cstr(w, "key");
    nr_mp_write_bin(w, nr_bytes(b->key, NR_KEY_SIZE));
    nr_mp_write_cstr(w, "since");
    nr_mp_write_uint(w, (uint64_t)b->since_ms);
}
