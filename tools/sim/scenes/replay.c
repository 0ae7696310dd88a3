#include "tools/sim/play.h"
#include "tools/sim/scenario.h"
#include "tools/sim/scenes/capture.h"

static bool has_path(const struct sim_node *n, const struct nr_addr *to)
{
    struct nr_peer_info p;
    for (size_t iter = 0; !n->world->failed && nr_core_next_peer(n->core, &iter, &p);)
        if (nr_addr_eq(&p.addr, to)) return true;
    return false;
}

static void play_all(struct sim_world *w, const struct sim_capture *c, struct sim_ghost *g, bool from_elsewhere)
{
    struct nr_addr elsewhere = sim_net_addr(&w->net, g->endpoint);
    for (size_t i = 0; i < c->count && !w->failed; i++) {
        size_t pick = nr_rng_below(&w->rng, (uint32_t)c->count); /* out of order, some twice */
        sim_capture_play(c, i % 2 ? pick : i, g->endpoint, from_elsewhere ? &elsewhere : NULL);
        if (i % 64 == 0) sim_world_run(w, 20000);
    }
    sim_world_run(w, 2 * SIM_SECOND);
}

static void must_be_unchanged(struct sim_world *w, uint64_t fingerprint, const uint64_t *peers_up)
{
    for (size_t i = 0; i < w->node_count && !w->failed; i++) {
        const struct sim_node *n = &w->nodes[i];
        sim_expect(w, nr_core_fingerprint(n->core) == fingerprint, "%s holds another set after the replay", n->name);
        sim_expect(w, n->peers_up == peers_up[i], "%s has made or changed a path for the replay", n->name);
    }
}

/* A peer says goodbye and comes back without having restarted: its goodbye, played again, must not end the new path. */
static void play_goodbye(struct sim_world *w, struct sim_ghost *thief)
{
    uint8_t out[8];
    struct nr_writer bye;
    struct sim_capture c;
    struct sim_ghost *peer = sim_ghost_add(w);
    struct nr_addr to = sim_net_addr(&w->net, 0);
    struct nr_addr from = sim_net_addr(&w->net, peer->endpoint);
    nr_writer_init(&bye, out, sizeof out);
    nr_bye_encode(&bye);
    sim_ghost_hello(peer, NULL, &to);
    sim_world_run(w, SIM_SECOND);
    sim_expect(w, has_path(&w->nodes[0], &from), "the peer has no path");
    sim_capture_start(&c, w);
    sim_ghost_send(peer, NULL, &to, nr_writer_bytes(&bye));
    sim_capture_stop(&c);
    sim_world_run(w, SIM_SECOND);
    sim_expect(w, !has_path(&w->nodes[0], &from), "the goodbye was not heard");
    sim_ghost_hello(peer, NULL, &to);
    sim_world_run(w, SIM_SECOND);
    for (size_t i = 0; i < c.count && !w->failed; i++) sim_capture_play(&c, i, thief->endpoint, NULL);
    sim_world_run(w, SIM_SECOND);
    sim_expect(w, has_path(&w->nodes[0], &from), "an old goodbye has ended a new path");
    sim_capture_free(&c);
}

/* Captured from the very first greeting on; one node has restarted in between, so that an earlier incarnation is played
 * too. */
void sim_scene_replay(struct sim_world *w)
{
    struct sim_capture c;
    uint64_t peers_up[64] = { 0 };
    struct sim_ghost *g = sim_ghost_add(w);
    g->mute = true;
    struct nr_addr ghost = sim_net_addr(&w->net, g->endpoint);
    sim_capture_start(&c, w);
    sim_play_cluster(w);
    sim_world_run(w, 20 * SIM_SECOND);
    sim_node_crash(&w->nodes[1], false);
    sim_world_run(w, SIM_SECOND);
    if (!w->failed) sim_node_boot(&w->nodes[1]);
    sim_world_run(w, 30 * SIM_SECOND);
    sim_capture_stop(&c);
    if (w->node_count > 64) sim_fail(w, "this scenario takes at most 64 nodes");
    for (size_t i = 0; i < w->node_count && !w->failed; i++) peers_up[i] = w->nodes[i].peers_up;
    uint64_t fingerprint = w->failed ? 0 : nr_core_fingerprint(w->nodes[0].core);
    play_all(w, &c, g, false);
    must_be_unchanged(w, fingerprint, peers_up);
    play_all(w, &c, g, true);
    must_be_unchanged(w, fingerprint, peers_up);
    for (size_t i = 0; i < w->node_count; i++)
        sim_expect(w, !has_path(&w->nodes[i], &ghost), "%s has a path to who replays", w->nodes[i].name);
    sim_world_run(w, 130 * SIM_SECOND); /* every cookie is too old by now */
    play_all(w, &c, g, false);
    must_be_unchanged(w, fingerprint, peers_up);
    play_goodbye(w, g);
    sim_play_finish(w, 5 * SIM_SECOND);
    sim_capture_free(&c);
}
