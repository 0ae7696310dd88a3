#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

static bool seen_online(struct sim_world *w, void *arg)
{
    return sim_play_count_status(w, arg, NR_STATUS_ONLINE) == sim_play_count_up(w);
}

/* A laptop that sleeps for longer than its own lease: it must say itself anew when it wakes. */
static void sleep_through_the_lease(struct sim_world *w)
{
    struct sim_node *sleeper = &w->nodes[1];
    struct nr_record rec;
    sim_node_freeze(sleeper);
    sim_world_run(w, ((int64_t)w->config.lease_s + 30) * SIM_SECOND);
    bool held = sim_holds(&w->nodes[0], NR_KIND_NODE, sleeper->key.pub, sleeper->name, &rec);
    sim_expect(w, !held, "the sleeper's record outlives its lease");
    sim_node_thaw(sleeper);
    bool back = sim_world_run_until(w, 30 * SIM_SECOND, seen_online, sleeper->name);
    sim_expect(w, back, "who slept through its lease does not come back");
}

/* The scenario's lease is a minute and a half: the dead one's record ends within it, the living ones' are renewed
 * several times. */
void sim_scene_lease(struct sim_world *w)
{
    struct sim_node *dead = &w->nodes[w->node_count - 1];
    struct nr_record rec;
    sim_play_cluster(w);
    sim_world_run(w, 10 * SIM_SECOND);
    sim_node_crash(dead, false);
    sim_world_run(w, SIM_SECOND);
    sim_expect(w, sim_holds(&w->nodes[0], NR_KIND_NODE, dead->key.pub, dead->name, &rec), "there is no record to end");
    sim_world_run(w, ((int64_t)w->config.lease_s + 5) * SIM_SECOND);
    for (size_t i = 0; i + 1 < w->node_count; i++) {
        bool held = sim_holds(&w->nodes[i], NR_KIND_NODE, dead->key.pub, dead->name, &rec);
        sim_expect(w, !held, "%s still holds the dead node's record", w->nodes[i].name);
    }
    sim_world_run(w, 3 * (int64_t)w->config.lease_s * SIM_SECOND);
    for (size_t i = 0; i + 1 < w->node_count; i++)
        sim_expect(w, sim_sees_node(&w->nodes[0], w->nodes[i].name), "%s has not renewed", w->nodes[i].name);
    sim_play_agree(w, 5 * SIM_SECOND);
    sleep_through_the_lease(w);
    sim_play_finish(w, 10 * SIM_SECOND);
}
