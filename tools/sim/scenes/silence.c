#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

static bool all_see(struct sim_world *w, const char *node_id, enum nr_status status)
{
    return sim_play_count_status(w, node_id, status) == sim_play_count_up(w);
}

static bool all_online(struct sim_world *w, void *arg)
{
    return all_see(w, arg, NR_STATUS_ONLINE);
}

/* Three missed heartbeats of 10 s: degraded; 300 s: offline. The last one came up to 10 s before the crash. */
void sim_scene_silence(struct sim_world *w)
{
    struct sim_node *n = &w->nodes[w->node_count - 1];
    sim_play_cluster(w);
    sim_world_run(w, 15 * SIM_SECOND);
    sim_node_crash(n, false);
    sim_world_run(w, 18 * SIM_SECOND);
    sim_expect(w, all_see(w, n->name, NR_STATUS_ONLINE), "degraded too early");
    sim_world_run(w, 14 * SIM_SECOND);
    sim_expect(w, all_see(w, n->name, NR_STATUS_DEGRADED), "not degraded after 32 s of silence");
    sim_world_run(w, 256 * SIM_SECOND);
    sim_expect(w, all_see(w, n->name, NR_STATUS_DEGRADED), "offline too early");
    sim_world_run(w, 14 * SIM_SECOND);
    sim_expect(w, all_see(w, n->name, NR_STATUS_OFFLINE), "not offline after 302 s of silence");
    for (size_t i = 0; i + 1 < w->node_count; i++)
        sim_expect(w, all_see(w, w->nodes[i].name, NR_STATUS_ONLINE), "%s is not online", w->nodes[i].name);
    if (!w->failed) sim_node_boot(n);
    sim_expect(w, sim_world_run_until(w, 3 * SIM_SECOND, all_online, n->name), "the return is not seen within 3 s");
    sim_play_finish(w, 10 * SIM_SECOND);
}
