/* The members of a control request: what is taken holds to the limits, whatever stood in the map. */
#include "noded/requests.h"
#include "base/assert.h"
#include "crypto/crypto.h"

static void check_register(const struct nr_control_map *m)
{
    uint8_t body[NR_RECORD_MAX];
    struct nr_node_body back;
    struct nr_writer w;
    struct register_request r;
    struct faults f = { 0 };
    if (!request_register(m, &r, &f)) {
        nr_assert(f.count > 0);
        return;
    }
    nr_assert(nr_node_id_valid(r.node_id));
    /* A body that was taken can be said in a record, unless all together is too large. */
    nr_writer_init(&w, body, sizeof body);
    nr_node_body_encode(&w, &r.body);
    if (!w.err) nr_assert(nr_node_body_decode(nr_writer_bytes(&w), &back) == 0);
}

static void check_heartbeat(const struct nr_control_map *m)
{
    uint8_t body[NR_RECORD_MAX];
    struct nr_heartbeat_body back;
    struct nr_writer w;
    struct heartbeat_request r;
    struct faults f = { 0 };
    if (!request_heartbeat(m, &r, &f)) return;
    nr_writer_init(&w, body, sizeof body);
    nr_heartbeat_body_encode(&w, &r.body);
    nr_assert(!w.err && nr_heartbeat_body_decode(nr_writer_bytes(&w), &back) == 0);
}

static void check_profile(const struct nr_control_map *m)
{
    uint8_t body[NR_RECORD_MAX];
    struct nr_profile_body back;
    struct nr_writer w;
    struct profile_request r;
    struct faults f = { 0 };
    if (!request_profile(m, true, &r, &f)) return;
    nr_assert(nr_subject_valid(NR_KIND_PROFILE, r.role));
    struct nr_profile_body b = { .config = r.config };
    nr_writer_init(&w, body, sizeof body);
    nr_profile_body_encode(&w, &b);
    nr_assert(!w.err && nr_profile_body_decode(nr_writer_bytes(&w), &back) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nr_control_map m;
    struct declare_request d;
    struct invite_request v;
    struct faults f = { 0 };
    if (nr_crypto_init() != 0 || nr_control_parse(nr_bytes(data, size), &m) != 0) return 0;
    check_register(&m);
    check_heartbeat(&m);
    check_profile(&m);
    if (request_declare(&m, &d, &f)) nr_assert(d.node_id.len == 0 || nr_node_id_valid(d.node_id));
    if (request_invite(&m, &v, &f)) nr_assert(v.count <= INVITE_SEEDS_MAX);
    return 0;
}
