/* A decoder walks the map once; a table says which reader takes which member. Readers fail the reader with
 * NR_E_TOO_LARGE for what is longer or more than its limit, NR_E_INVALID for all else that is wrong. */
#include "proto/body.h"

#include "base/utf8.h"
#include "proto/mp.h"

static const char *const state_names[NR_STATE_COUNT] = {
    [NR_STATE_ONLINE] = "online",     [NR_STATE_DEGRADED] = "degraded", [NR_STATE_MAINTENANCE] = "maintenance",
    [NR_STATE_DRAINING] = "draining", [NR_STATE_LEFT] = "left",         [NR_STATE_OFFLINE] = "offline",
};

const char *nr_state_name(enum nr_state s)
{
    return (unsigned)s < NR_STATE_COUNT ? state_names[s] : "unknown";
}

bool nr_state_parse(struct nr_bytes word, enum nr_state *out)
{
    for (int i = 0; i < NR_STATE_COUNT; i++) {
        if (!nr_bytes_eq(word, nr_bytes_str(state_names[i]))) continue;
        *out = (enum nr_state)i;
        return true;
    }
    return false;
}

static struct nr_bytes read_text(struct nr_reader *r, size_t most)
{
    struct nr_bytes s = nr_mp_read_str(r);
    if (r->err) return s;
    if (s.len > most) nr_reader_fail(r, NR_E_TOO_LARGE);
    if (s.len == 0 || !nr_utf8_clean(s)) nr_reader_fail(r, NR_E_INVALID);
    return s;
}

static struct nr_bytes read_object(struct nr_reader *r, size_t most)
{
    struct nr_reader head = *r;
    (void)nr_mp_read_map(&head);
    if (head.err) nr_reader_fail(r, head.err);
    struct nr_bytes b = nr_mp_skip(r, NR_DEPTH_MAX, true); /* the record's walk has checked the depth */
    if (b.len > most) nr_reader_fail(r, NR_E_TOO_LARGE);
    return b;
}

static bool read_true(struct nr_reader *r)
{
    bool v = nr_mp_read_bool(r);
    if (!v) nr_reader_fail(r, NR_E_INVALID);
    return v;
}

static int64_t read_time(struct nr_reader *r)
{
    uint64_t v = nr_mp_read_uint(r);
    if (v > (uint64_t)NR_STAMP_MAX_MS) nr_reader_fail(r, NR_E_INVALID);
    return (int64_t)v;
}

static enum nr_state read_state(struct nr_reader *r)
{
    enum nr_state s = NR_STATE_ONLINE;
    struct nr_bytes word = nr_mp_read_str(r);
    if (!r->err && !nr_state_parse(word, &s)) nr_reader_fail(r, NR_E_INVALID);
    return s;
}

static uint32_t read_count(struct nr_reader *r, uint32_t most)
{
    uint32_t n = nr_mp_read_array(r);
    if (n > most) nr_reader_fail(r, NR_E_TOO_LARGE);
    return r->err ? 0 : n;
}

struct member {
    const char *name;
    size_t len;
    void (*read)(struct nr_reader *r, void *body);
};
#define MEMBER(name, read)                                                                                             \
    {                                                                                                                  \
        name, sizeof name - 1, read                                                                                    \
    }

/* From where the last one stood: keys and table both ascend, so that the next is nearly always the one behind it. */
static const struct member *find_member(struct nr_bytes key, const struct member *known, size_t count, size_t *at)
{
    for (size_t i = 0; i < count; i++) {
        const struct member *m = &known[(*at + i) % count];
        if (m->len != key.len || memcmp(m->name, key.data, key.len) != 0) continue;
        *at = (size_t)(m - known) + 1;
        return m;
    }
    return NULL;
}

static int read_members(struct nr_bytes map, const struct member *known, size_t count, void *body)
{
    struct nr_reader r;
    size_t at = 0;
    nr_reader_init(&r, map);
    uint32_t pairs = nr_mp_read_map(&r);
    for (uint32_t i = 0; i < pairs && !r.err; i++) {
        struct nr_bytes key = nr_mp_read_str(&r);
        const struct member *m = find_member(key, known, count, &at);
        if (m)
            m->read(&r, body);
        else
            (void)nr_mp_skip(&r, NR_DEPTH_MAX, false);
    }
    return nr_reader_end(&r);
}

/* Readers of one member each, made of one line. */
#define READER(func, type, statement)                                                                                  \
    static void func(struct nr_reader *r, void *body)                                                                  \
    {                                                                                                                  \
        type *b = body;                                                                                                \
        statement;                                                                                                     \
    }

READER(node_created_at, struct nr_node_body, b->created_at_ms = read_time(r))
READER(node_deleted, struct nr_node_body, b->deleted = read_true(r))
READER(node_hostname, struct nr_node_body, b->hostname = read_text(r, NR_HOSTNAME_MAX))
READER(node_metadata, struct nr_node_body, b->metadata = read_object(r, NR_METADATA_MAX))
READER(node_role, struct nr_node_body, b->role = read_text(r, NR_ROLE_MAX))
READER(node_self, struct nr_node_body, b->self = read_true(r))
READER(node_state, struct nr_node_body, b->state = read_state(r))
READER(node_updated_at, struct nr_node_body, b->updated_at_ms = read_time(r))

static void node_ip(struct nr_reader *r, void *body)
{
    struct nr_node_body *b = body;
    b->ip = read_text(r, NR_IP_TEXT_MAX);
    if (!r->err && !nr_ip_valid(b->ip)) nr_reader_fail(r, NR_E_INVALID);
}

static void node_gossip(struct nr_reader *r, void *body)
{
    struct nr_node_body *b = body;
    b->gossip_count = read_count(r, NR_GOSSIP_MAX);
    for (size_t i = 0; i < b->gossip_count && !r->err; i++) {
        struct nr_bytes text = read_text(r, NR_GOSSIP_TEXT_MAX);
        if (!r->err && nr_addr_parse(text, &b->gossip[i]) != 0) nr_reader_fail(r, NR_E_INVALID);
    }
}

static bool stands_before(const struct nr_node_body *b, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (nr_bytes_eq(b->labels[i], b->labels[at])) return true;
    return false;
}

static void node_labels(struct nr_reader *r, void *body)
{
    struct nr_node_body *b = body;
    b->label_count = read_count(r, NR_LABELS_MAX);
    for (size_t i = 0; i < b->label_count && !r->err; i++) {
        b->labels[i] = read_text(r, NR_LABEL_MAX);
        if (!r->err && stands_before(b, i)) nr_reader_fail(r, NR_E_INVALID);
    }
}

int nr_node_body_decode(struct nr_bytes body, struct nr_node_body *out)
{
    static const struct member members[] = {
        MEMBER("created_at", node_created_at),
        MEMBER("deleted", node_deleted),
        MEMBER("gossip", node_gossip),
        MEMBER("hostname", node_hostname),
        MEMBER("ip", node_ip),
        MEMBER("labels", node_labels),
        MEMBER("metadata", node_metadata),
        MEMBER("role", node_role),
        MEMBER("self", node_self),
        MEMBER("state", node_state),
        MEMBER("updated_at", node_updated_at),
    };
    *out = (struct nr_node_body){ 0 };
    int rc = read_members(body, members, sizeof members / sizeof *members, out);
    if (!rc && !out->deleted && (out->hostname.len == 0 || out->role.len == 0)) rc = NR_E_INVALID;
    if (!rc && out->gossip_count > 0 && !out->self) rc = NR_E_INVALID;
    if (rc) *out = (struct nr_node_body){ 0 };
    return rc;
}

READER(heartbeat_metrics, struct nr_heartbeat_body, b->metrics = read_object(r, NR_METRICS_MAX))

static void heartbeat_interval(struct nr_reader *r, void *body)
{
    struct nr_heartbeat_body *b = body;
    uint64_t v = nr_mp_read_uint(r);
    if (!r->err && (v < NR_INTERVAL_MIN_MS || v > NR_INTERVAL_MAX_MS)) nr_reader_fail(r, NR_E_INVALID);
    b->interval_ms = (uint32_t)v;
}

static void heartbeat_status(struct nr_reader *r, void *body)
{
    struct nr_heartbeat_body *b = body;
    b->status = read_state(r);
    if (b->status == NR_STATE_OFFLINE) nr_reader_fail(r, NR_E_INVALID); /* who speaks is there */
    b->has_status = true;
}

int nr_heartbeat_body_decode(struct nr_bytes body, struct nr_heartbeat_body *out)
{
    static const struct member members[] = {
        MEMBER("interval", heartbeat_interval),
        MEMBER("metrics", heartbeat_metrics),
        MEMBER("status", heartbeat_status),
    };
    *out = (struct nr_heartbeat_body){ 0 };
    int rc = read_members(body, members, sizeof members / sizeof *members, out);
    if (rc) *out = (struct nr_heartbeat_body){ 0 };
    return rc;
}

READER(profile_config, struct nr_profile_body, b->config = read_object(r, NR_CONFIG_MAX))
READER(profile_created_at, struct nr_profile_body, b->created_at_ms = read_time(r))
READER(profile_deleted, struct nr_profile_body, b->deleted = read_true(r))
READER(profile_updated_at, struct nr_profile_body, b->updated_at_ms = read_time(r))

int nr_profile_body_decode(struct nr_bytes body, struct nr_profile_body *out)
{
    static const struct member members[] = {
        MEMBER("config", profile_config),
        MEMBER("created_at", profile_created_at),
        MEMBER("deleted", profile_deleted),
        MEMBER("updated_at", profile_updated_at),
    };
    *out = (struct nr_profile_body){ 0 };
    int rc = read_members(body, members, sizeof members / sizeof *members, out);
    if (!rc && !out->deleted && out->config.len == 0) rc = NR_E_INVALID;
    if (rc) *out = (struct nr_profile_body){ 0 };
    return rc;
}

static void verdict_key(struct nr_reader *r, void *body)
{
    struct nr_verdict_body *b = body;
    struct nr_bytes key = nr_mp_read_bin(r);
    if (!r->err && key.len != NR_KEY_SIZE) nr_reader_fail(r, NR_E_INVALID);
    b->key = r->err ? NULL : key.data;
}

static void verdict_since(struct nr_reader *r, void *body)
{
    struct nr_verdict_body *b = body;
    b->since_ms = read_time(r);
}

int nr_verdict_body_decode(struct nr_bytes body, struct nr_verdict_body *out)
{
    static const struct member members[] = {
        MEMBER("key", verdict_key),
        MEMBER("since", verdict_since),
    };
    *out = (struct nr_verdict_body){ .since_ms = -1 };
    int rc = read_members(body, members, sizeof members / sizeof *members, out);
    if (!rc && (!out->key || out->since_ms < 0)) rc = NR_E_INVALID;
    if (rc) *out = (struct nr_verdict_body){ 0 };
    return rc;
}
