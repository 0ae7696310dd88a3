/* A sponsored node is deleted while one peer is away. When that peer is back, with the node still on its disk, it must
 * learn of the deletion and tell nobody otherwise; nor may an insider who kept the old record bring it back, neither
 * while the deletion lives nor after the leases of both have ended. */
#include "tools/sim/play.h"
#include "tools/sim/scenario.h"
#include "tools/sim/scenes/capture.h"

static bool gone(struct sim_world *w, void *arg)
{
    (void)arg;
    for (size_t i = 0; i < w->node_count; i++)
        if (w->nodes[i].state == SIM_UP && sim_sees_node(&w->nodes[i], "doomed")) return false;
    return true;
}

static void must_stay_gone(struct sim_world *w, int64_t us)
{
    for (int64_t t = 0; t < us && !w->failed; t += SIM_SECOND) {
        sim_world_run(w, SIM_SECOND);
        sim_expect(w, gone(w, NULL), "the deleted node is back");
    }
}

static void play_old_records(struct sim_world *w, const struct sim_capture *c, struct sim_ghost *g)
{
    for (size_t i = 0; i < w->node_count; i++) {
        struct nr_addr to = sim_net_addr(&w->net, (uint32_t)i);
        if (w->nodes[i].state != SIM_UP) continue;
        sim_ghost_hello(g, NULL, &to);
        sim_world_run(w, 200000);
        sim_capture_push_all(c, g, &to);
    }
    for (size_t i = 0; i < c->count; i++) sim_capture_play(c, i, g->endpoint, NULL);
}

static void begin(struct sim_world *w, struct sim_capture *c)
{
    sim_play_cluster(w);
    sim_capture_start(c, w);
    int err = sim_say_register(&w->nodes[0], "doomed", 1, 0);
    sim_expect(w, !err, "the sponsor cannot register: %s", nr_strerror(err));
    sim_world_run(w, 3 * SIM_SECOND);
    sim_capture_stop(c);
    for (size_t i = 0; i < w->node_count; i++)
        sim_expect(w, sim_sees_node(&w->nodes[i], "doomed"), "%s does not see the node", w->nodes[i].name);
}

void sim_scene_deletion(struct sim_world *w)
{
    struct sim_capture c;
    struct sim_node *away = &w->nodes[w->node_count - 1];
    begin(w, &c);
    sim_world_run(w, 2 * SIM_SECOND);
    sim_node_crash(away, false);
    sim_world_run(w, 2 * SIM_SECOND);
    int err = sim_say_delete(&w->nodes[0], "doomed");
    sim_expect(w, !err, "the sponsor cannot delete: %s", nr_strerror(err));
    sim_expect(w, sim_world_run_until(w, 3 * SIM_SECOND, gone, NULL), "the deletion does not reach all that are there");
    sim_world_run(w, 30 * SIM_SECOND);
    sim_node_crash(&w->nodes[0], true); /* who deleted it is not there to say so again */
    if (!w->failed) sim_node_boot(away);
    sim_expect(w, sim_world_run_until(w, 10 * SIM_SECOND, gone, NULL), "the deletion does not reach who was away");
    must_stay_gone(w, 30 * SIM_SECOND);
    struct sim_ghost *g = sim_ghost_add(w);
    play_old_records(w, &c, g);
    sim_expect(w, g->paths > 0, "the insider has no path");
    must_stay_gone(w, 30 * SIM_SECOND);
    must_stay_gone(w, ((int64_t)w->config.lease_s + 30) * SIM_SECOND);
    play_old_records(w, &c, g);
    must_stay_gone(w, 30 * SIM_SECOND);
    sim_play_finish(w, 10 * SIM_SECOND);
    sim_capture_free(&c);
}
