/* A peer of a later version speaks: records of kinds that nobody here knows, in each plane, and a NODE with members
 * that nobody knows. They are kept and passed on byte for byte, so that the signature holds at who was not there when
 * they came. */
#include "proto/mp.h"
#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define SUBJECT "from-tomorrow"

enum { COLD, HOT, BRIEF, NODE, RECORDS };
static const uint8_t kinds[RECORDS] = { 50, 90, 120, NR_KIND_NODE };

struct later {
    struct sim_ghost *ghost;
    uint8_t raw[RECORDS][512];
    size_t len[RECORDS];
};

static void write_body(struct nr_writer *w, uint8_t kind)
{
    nr_mp_write_map(w, kind == NR_KIND_NODE ? 4 : 1);
    if (kind == NR_KIND_NODE) {
        nr_mp_write_cstr(w, "hostname");
        nr_mp_write_cstr(w, SUBJECT);
        nr_mp_write_cstr(w, "role");
        nr_mp_write_cstr(w, "worker");
        nr_mp_write_cstr(w, "tint");
        nr_mp_write_uint(w, 7);
    }
    nr_mp_write_cstr(w, "zone");
    nr_mp_write_cstr(w, "of a later version");
}

static void push_one(struct sim_world *w, struct later *l, int i, const struct nr_addr *to)
{
    uint8_t body[256];
    struct nr_writer bw;
    struct nr_writer rw;
    nr_writer_init(&bw, body, sizeof body);
    write_body(&bw, kinds[i]);
    struct nr_record_draft draft = {
        .kind = kinds[i],
        .signer = l->ghost->key.pub,
        .subject = nr_bytes_str(SUBJECT),
        .stamp = nr_stamp_make(w->wall_base_ms + w->now_us / 1000, 0),
        .lease_s = 3600,
        .body = nr_writer_bytes(&bw),
    };
    nr_writer_init(&rw, l->raw[i], sizeof l->raw[i]);
    sim_ghost_record(l->ghost, &rw, &draft, false);
    l->len[i] = nr_writer_len(&rw);
    sim_ghost_push(l->ghost, to, nr_writer_bytes(&rw));
}

static bool holds_whole(struct sim_node *n, const struct later *l, int i)
{
    struct nr_record rec;
    if (!sim_holds(n, kinds[i], l->ghost->key.pub, SUBJECT, &rec)) return false;
    return nr_bytes_eq(rec.raw, nr_bytes(l->raw[i], l->len[i])) &&
           sim_crypto_verify(&n->world->crypto, rec.signer, NR_RECORD_DOMAIN, nr_record_signed_part(&rec), rec.sig) ==
               0;
}

/* A hot record is announced a few times and not repaired (C.4), since the next one is never far: here none follows, so
 * that half of the nodes are enough. */
static bool all_hold(struct sim_world *w, void *arg)
{
    size_t hot = 0;
    for (size_t k = 0; k < w->node_count; k++) {
        struct sim_node *n = &w->nodes[k];
        if (n->state != SIM_UP) continue;
        if (!holds_whole(n, arg, COLD) || !holds_whole(n, arg, BRIEF) || !holds_whole(n, arg, NODE)) return false;
        hot += holds_whole(n, arg, HOT);
    }
    return hot * 2 > sim_play_count_up(w);
}

static bool late_holds(struct sim_world *w, void *arg)
{
    struct sim_node *late = &w->nodes[w->node_count - 1];
    return holds_whole(late, arg, COLD) && holds_whole(late, arg, NODE);
}

void sim_scene_versions(struct sim_world *w)
{
    struct later l = { .ghost = sim_ghost_add(w) };
    struct nr_addr to = sim_net_addr(&w->net, 0);
    sim_play_boot(w, 0, w->node_count - 1, SIM_SECOND);
    sim_play_agree(w, 10 * SIM_SECOND);
    sim_ghost_hello(l.ghost, NULL, &to);
    sim_world_run(w, SIM_SECOND);
    for (int i = 0; i < RECORDS && !w->failed; i++) push_one(w, &l, i, &to);
    sim_expect(w, sim_world_run_until(w, 5 * SIM_SECOND, all_hold, &l),
               "what a later version says is not everywhere, or not whole");
    sim_expect(w, sim_sees_node(&w->nodes[1], SUBJECT), "a node with members of a later version is not seen");
    sim_world_run(w, 15 * SIM_SECOND);
    if (!w->failed) sim_node_boot(&w->nodes[w->node_count - 1]);
    sim_expect(w, sim_world_run_until(w, 10 * SIM_SECOND, late_holds, &l), "who comes late has not got it whole");
    sim_node_crash(&w->nodes[1], true);
    if (!w->failed) sim_node_boot(&w->nodes[1]);
    sim_expect(w, w->failed || holds_whole(&w->nodes[1], &l, COLD), "it does not survive on disk");
    sim_play_finish(w, 10 * SIM_SECOND);
}
