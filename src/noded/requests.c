#include "noded/requests.h"

#include "base/utf8.h"
#include "crypto/crypto.h"
#include "noded/identity.h"
#include "proto/mp.h"

#define OBJECT_DEPTH (NR_DEPTH_MAX - 2) /* it stands within a record and its body */

void faults_add(struct faults *f, const char *field, const char *message)
{
    if (f->count == FAULTS_MAX) return;
    f->list[f->count].field = field;
    f->list[f->count++].message = message;
}

/* A text member. Returns whether it is there; a fault otherwise where it is required or has another type. */
static bool get_text(const struct nr_control_map *m, const char *key, bool required, struct nr_bytes *out,
                     struct faults *f)
{
    int there = nr_control_get_str(m, key, out);
    if (there < 0) faults_add(f, key, "must be a string");
    if (there == 0 && required) faults_add(f, key, "is required");
    if (there <= 0) *out = nr_bytes(NULL, 0);
    return there == 1;
}

static void check_length(struct nr_bytes text, const char *key, size_t max, const char *message, struct faults *f)
{
    if (text.len < 1 || text.len > max || !nr_utf8_clean(text)) faults_add(f, key, message);
}

static bool get_node_id(const struct nr_control_map *m, bool required, struct nr_bytes *out, struct faults *f)
{
    if (!get_text(m, "node_id", required, out, f)) return false;
    if (nr_node_id_valid(*out)) return true;
    faults_add(f, "node_id", "must be 1 to 255 of the characters A-Z a-z 0-9 . _ -");
    return false;
}

static void get_role(const struct nr_control_map *m, struct nr_bytes *out, struct faults *f)
{
    if (get_text(m, "role", true, out, f)) {
        check_length(*out, "role", NR_ROLE_MAX, "must be 1 to 100 bytes without control characters", f);
    }
}

static void get_state(const struct nr_control_map *m, const char *key, bool required, bool *there, enum nr_state *out,
                      struct faults *f)
{
    struct nr_bytes word;
    *there = get_text(m, key, required, &word, f);
    if (*there && (!nr_state_parse(word, out) || *out == NR_STATE_OFFLINE)) {
        faults_add(f, key, "must be one of online, degraded, maintenance, draining, left");
    }
}

/* A map member that can be said in JSON. */
static void get_object(const struct nr_control_map *m, const char *key, bool required, size_t max, struct nr_bytes *out,
                       const char *too_large, struct faults *f)
{
    struct nr_reader r;
    *out = nr_bytes(NULL, 0);
    if (!nr_control_get(m, key, out)) {
        if (required) faults_add(f, key, "is required");
        return;
    }
    nr_reader_init(&r, *out);
    (void)nr_mp_read_map(&r);
    if (r.err) {
        faults_add(f, key, "must be an object");
    } else if (out->len > max) {
        faults_add(f, key, too_large);
    } else if (nr_mp_check(*out, OBJECT_DEPTH, true) != 0) {
        faults_add(f, key, "must be what JSON can say, at most 30 levels deep");
    }
}

static void add_label(struct nr_node_body *body, struct nr_bytes label)
{
    for (size_t i = 0; i < body->label_count; i++) {
        if (nr_bytes_eq(body->labels[i], label)) return;
    }
    body->labels[body->label_count++] = label;
}

static void get_labels(const struct nr_control_map *m, struct nr_node_body *body, struct faults *f)
{
    struct nr_bytes list;
    struct nr_reader r;
    if (!nr_control_get(m, "labels", &list)) return;
    nr_reader_init(&r, list);
    uint32_t count = nr_mp_read_array(&r);
    if (!r.err && count > NR_LABELS_MAX) {
        faults_add(f, "labels", "must be at most 64");
        return;
    }
    for (uint32_t i = 0; i < count && !r.err; i++) {
        struct nr_bytes label = nr_mp_read_str(&r);
        if (r.err) break;
        if (label.len < 1 || label.len > NR_LABEL_MAX || !nr_utf8_clean(label)) {
            faults_add(f, "labels", "must be of 1 to 100 bytes each, without control characters");
            return;
        }
        add_label(body, label);
    }
    if (r.err) faults_add(f, "labels", "must be an array of strings");
}

/* The same for the same hostname and ip. */
static void make_node_id(struct register_request *out)
{
    uint8_t preimage[NR_HOSTNAME_MAX + 1 + NR_IP_TEXT_MAX], hash[32];
    struct nr_writer w;
    nr_writer_init(&w, preimage, sizeof preimage);
    nr_write_bytes(&w, out->body.hostname);
    nr_write_u8(&w, 0);
    nr_write_bytes(&w, out->body.ip);
    nr_hash(nr_writer_bytes(&w), hash);
    identity_make_node_id(out->made_id, out->body.hostname, hash);
    out->node_id = nr_bytes_str(out->made_id);
}

bool request_register(const struct nr_control_map *m, struct register_request *out, struct faults *f)
{
    size_t before = f->count;
    *out = (struct register_request){ 0 };
    struct nr_node_body *body = &out->body;
    bool named = get_node_id(m, false, &out->node_id, f);
    if (get_text(m, "hostname", true, &body->hostname, f)) {
        check_length(body->hostname, "hostname", NR_HOSTNAME_MAX, "must be 1 to 255 bytes without control characters",
                     f);
    }
    if (get_text(m, "ip", false, &body->ip, f) && !nr_ip_valid(body->ip)) {
        faults_add(f, "ip", "must be an IPv4 or IPv6 address");
    }
    get_role(m, &body->role, f);
    get_labels(m, body, f);
    get_object(m, "metadata", false, NR_METADATA_MAX, &body->metadata, "must be at most 8192 bytes", f);
    (void)get_text(m, "client", false, &out->client, f);
    if (f->count == before && !named) make_node_id(out);
    return f->count == before;
}

bool request_heartbeat(const struct nr_control_map *m, struct heartbeat_request *out, struct faults *f)
{
    size_t before = f->count;
    *out = (struct heartbeat_request){ 0 };
    (void)get_node_id(m, true, &out->node_id, f);
    get_state(m, "status", false, &out->body.has_status, &out->body.status, f);
    get_object(m, "metrics", false, NR_METRICS_MAX, &out->body.metrics, "must be at most 4096 bytes", f);
    return f->count == before;
}

bool request_node_id(const struct nr_control_map *m, struct nr_bytes *node_id, struct faults *f)
{
    return get_node_id(m, true, node_id, f);
}

bool request_profile(const struct nr_control_map *m, bool with_config, struct profile_request *out, struct faults *f)
{
    size_t before = f->count;
    *out = (struct profile_request){ 0 };
    get_role(m, &out->role, f);
    if (with_config) {
        get_object(m, "config", true, NR_CONFIG_MAX, &out->config, "must be at most 15360 bytes", f);
    }
    return f->count == before;
}

bool request_declare(const struct nr_control_map *m, struct declare_request *out, struct faults *f)
{
    size_t before = f->count;
    bool there;
    *out = (struct declare_request){ 0 };
    (void)get_node_id(m, false, &out->node_id, f);
    get_state(m, "state", true, &there, &out->state, f);
    return f->count == before;
}

bool request_give_up(const struct nr_control_map *m, struct give_up_request *out, struct faults *f)
{
    struct nr_bytes list = { 0 };
    struct nr_reader r;
    size_t before = f->count;
    *out = (struct give_up_request){ 0 };
    if (nr_control_get_uint(m, "silent_since", &out->silent_since_ms) != 1 ||
        out->silent_since_ms > (uint64_t)NR_STAMP_MAX_MS)
        faults_add(f, "silent_since", "must be milliseconds since 1970");
    if (!nr_control_get(m, "nodes", &list)) faults_add(f, "nodes", "is required");
    nr_reader_init(&r, list);
    uint32_t count = nr_mp_read_array(&r);
    if (!r.err && count > GIVE_UP_NODES_MAX) faults_add(f, "nodes", "must be at most 256");
    for (uint32_t i = 0; i < count && !r.err && f->count == before; i++) {
        struct nr_bytes node_id = nr_mp_read_str(&r);
        if (!r.err && !nr_node_id_valid(node_id)) faults_add(f, "nodes", "must be node ids");
        out->nodes[out->count++] = node_id;
    }
    if (r.err && f->count == before) faults_add(f, "nodes", "must be an array of strings");
    return f->count == before;
}

bool request_invite(const struct nr_control_map *m, struct invite_request *out, struct faults *f)
{
    struct nr_bytes list;
    struct nr_reader r;
    size_t before = f->count;
    *out = (struct invite_request){ 0 };
    if (!nr_control_get(m, "seeds", &list)) return true;
    out->given = true;
    nr_reader_init(&r, list);
    uint32_t count = nr_mp_read_array(&r);
    if (!r.err && count > INVITE_SEEDS_MAX) faults_add(f, "seeds", "must be at most 16");
    for (uint32_t i = 0; i < count && !r.err && f->count == before; i++) {
        struct nr_bytes seed = nr_mp_read_str(&r);
        if (!r.err && !nr_seed_valid(seed)) faults_add(f, "seeds", "must be HOST:PORT each");
        out->seeds[out->count++] = seed;
    }
    if (r.err) faults_add(f, "seeds", "must be an array of strings");
    return f->count == before;
}
