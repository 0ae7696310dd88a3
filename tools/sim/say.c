#include "tools/sim/say.h"

#include <stdio.h>
#include <string.h>

#include "proto/mp.h"
#include "tools/sim/world.h"

/* {"bulk": "xxx…", "revision": n} */
static void write_content(struct nr_writer *w, uint32_t revision, size_t bulk)
{
    char text[NR_METADATA_MAX];
    if (bulk > sizeof text - 64) bulk = sizeof text - 64;
    memset(text, 'x', bulk);
    nr_mp_write_map(w, 2);
    nr_mp_write_cstr(w, "bulk");
    nr_mp_write_str(w, nr_bytes(text, bulk));
    nr_mp_write_cstr(w, "revision");
    nr_mp_write_uint(w, revision);
}

int sim_say_register(struct sim_node *n, const char *node_id, uint32_t revision, size_t bulk)
{
    static const char *const roles[] = { "worker", "router", "gateway" };
    if (n->world->failed || n->state != SIM_UP) return NR_E_UNAVAILABLE;
    uint8_t content[NR_METADATA_MAX];
    char ip[NR_IP_TEXT_MAX + 1];
    struct nr_writer w;
    nr_writer_init(&w, content, sizeof content);
    write_content(&w, revision, bulk);
    snprintf(ip, sizeof ip, "10.%u.%u.%u", n->index >> 16 & 255, n->index >> 8 & 255, n->index & 255);
    struct nr_node_body body = {
        .hostname = nr_bytes_str(node_id),
        .ip = nr_bytes_str(ip),
        .role = nr_bytes_str(roles[n->index % 3]),
        .labels = { nr_bytes_str("simulated") },
        .label_count = 1,
        .metadata = nr_writer_bytes(&w),
    };
    int err = nr_core_register(n->core, sim_node_now(n), nr_bytes_str(node_id), &body);
    sim_node_drain(n);
    return err;
}

void sim_say_self(struct sim_node *n)
{
    int err = sim_say_register(n, n->name, n->revision, 0);
    if (err && !n->world->failed) sim_fail(n->world, "%s cannot register itself: %s", n->name, nr_strerror(err));
}

int sim_say_heartbeat(struct sim_node *n, const char *node_id)
{
    if (n->world->failed || n->state != SIM_UP) return NR_E_UNAVAILABLE;
    struct nr_heartbeat_body body = { 0 };
    bool durable;
    int err = nr_core_heartbeat(n->core, sim_node_now(n), nr_bytes_str(node_id), &body, &durable);
    sim_node_drain(n);
    return err;
}

int sim_say_state(struct sim_node *n, const char *node_id, enum nr_state state)
{
    if (n->world->failed || n->state != SIM_UP) return NR_E_UNAVAILABLE;
    int err = nr_core_declare(n->core, sim_node_now(n), nr_bytes_str(node_id), state);
    sim_node_drain(n);
    return err;
}

int sim_say_delete(struct sim_node *n, const char *node_id)
{
    if (n->world->failed || n->state != SIM_UP) return NR_E_UNAVAILABLE;
    int err = nr_core_delete_node(n->core, sim_node_now(n), nr_bytes_str(node_id));
    sim_node_drain(n);
    return err;
}

int sim_say_profile(struct sim_node *n, const char *role, uint32_t revision)
{
    if (n->world->failed || n->state != SIM_UP) return NR_E_UNAVAILABLE;
    uint8_t content[256];
    struct nr_writer w;
    nr_writer_init(&w, content, sizeof content);
    write_content(&w, revision, 16);
    int err = nr_core_put_profile(n->core, sim_node_now(n), nr_bytes_str(role), nr_writer_bytes(&w));
    sim_node_drain(n);
    return err;
}

int sim_say_delete_profile(struct sim_node *n, const char *role)
{
    if (n->world->failed || n->state != SIM_UP) return NR_E_UNAVAILABLE;
    int err = nr_core_delete_profile(n->core, sim_node_now(n), nr_bytes_str(role));
    sim_node_drain(n);
    return err;
}

struct seen {
    struct nr_winner winner;
    struct nr_liveness live;
    int64_t wall_ms;
};

static int feed_node(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    (void)key_hash;
    struct seen *s = arg;
    nr_winner_feed(&s->winner, rec, nr_record_id(rec->raw), s->wall_ms);
    return 0;
}

static int feed_heartbeat(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    (void)key_hash;
    struct seen *s = arg;
    struct nr_heartbeat_body body;
    if (nr_record_ends_ms(rec->stamp, rec->lease_s) <= s->wall_ms) return 0;
    if (nr_stamp_ms(rec->stamp) < s->live.last_heartbeat_ms) return 0;
    s->live.last_heartbeat_ms = nr_stamp_ms(rec->stamp);
    if (nr_heartbeat_body_decode(rec->body, &body) == 0) s->live.interval_ms = body.interval_ms;
    return 0;
}

/* False: a reader sees no such node. `body` borrows from the store. */
static bool look(struct sim_node *n, const char *node_id, struct seen *s, struct nr_node_body *body)
{
    if (n->world->failed || n->state == SIM_OFF) return false;
    struct nr_bytes subject = nr_bytes_str(node_id);
    struct nr_standing standing;
    *s = (struct seen){ .wall_ms = sim_node_now(n).wall_ms };
    nr_winner_init(&s->winner);
    if (nr_core_standing(n->core, sim_node_now(n), subject, &standing) == 0) s->live.gone_until_ms = standing.until_ms;
    int err = nr_store_each_of(n->store, NR_KIND_NODE, subject, feed_node, s);
    if (!err) err = nr_store_each_of(n->store, NR_KIND_HEARTBEAT, subject, feed_heartbeat, s);
    if (err) sim_fail(n->world, "%s: its store cannot be read: %s", n->name, nr_strerror(err));
    if (err || !s->winner.any || s->winner.deleted) return false;
    if (nr_node_body_decode(s->winner.rec.body, body) != 0) return false;
    s->live.declared = body->state;
    if (body->updated_at_ms > s->live.last_heartbeat_ms) s->live.last_heartbeat_ms = body->updated_at_ms;
    return true;
}

bool sim_sees_node(struct sim_node *n, const char *node_id)
{
    struct seen s;
    struct nr_node_body body;
    return look(n, node_id, &s, &body);
}

enum nr_status sim_sees_status(struct sim_node *n, const char *node_id)
{
    struct seen s;
    struct nr_node_body body;
    if (!look(n, node_id, &s, &body)) return NR_STATUS_FORGOTTEN;
    struct nr_thresholds t = NR_THRESHOLDS_DEFAULT;
    return nr_status_at(&s.live, &t, s.wall_ms, NULL);
}

/* The last member of the metadata's map is the revision. */
uint32_t sim_sees_revision(struct sim_node *n, const char *node_id)
{
    struct seen s;
    struct nr_node_body body;
    struct nr_reader r;
    if (!look(n, node_id, &s, &body)) return 0;
    nr_reader_init(&r, body.metadata);
    if (nr_mp_read_map(&r) != 2) return 0;
    nr_mp_read_str(&r);
    nr_mp_read_str(&r);
    nr_mp_read_str(&r);
    return (uint32_t)nr_mp_read_uint(&r);
}

bool sim_holds(struct sim_node *n, uint8_t kind, const uint8_t signer[static NR_KEY_SIZE], const char *subject,
               struct nr_record *out)
{
    struct nr_bytes raw;
    if (n->world->failed || n->state == SIM_OFF) return false;
    uint64_t hash = nr_record_key_hash(kind, signer, nr_bytes_str(subject));
    return nr_store_get(n->store, hash, &raw) == 0 && nr_record_decode(raw, out) == 0;
}
