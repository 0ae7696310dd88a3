#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

static void others_are(struct sim_world *w, struct sim_node *reader, enum nr_status status, const char *when)
{
    for (size_t i = 0; i < w->node_count; i++) {
        const struct sim_node *n = &w->nodes[i];
        if (n == reader) continue;
        enum nr_status seen = sim_sees_status(reader, n->name);
        sim_expect(w, seen == status, "%s is %s to who is cut off, %s", n->name, nr_status_name(seen), when);
    }
}

static bool all_online(struct sim_world *w, void *unused)
{
    (void)unused;
    for (size_t i = 0; i < w->node_count; i++)
        if (sim_play_count_status(w, w->nodes[i].name, NR_STATUS_ONLINE) != w->node_count) return false;
    return true;
}

/* Who is cut off alone calls nobody gone: to it the others are only silent. Three missed heartbeats of 10 s: degraded;
 * 300 s: offline. The last one came up to 10 s before the cut. The others know in seconds. */
void sim_scene_silence(struct sim_world *w)
{
    struct sim_node *n = &w->nodes[w->node_count - 1];
    sim_play_cluster(w);
    sim_world_run(w, 15 * SIM_SECOND);
    sim_net_group(&w->net, n->index, 1);
    sim_world_run(w, 18 * SIM_SECOND);
    others_are(w, n, NR_STATUS_ONLINE, "too early");
    size_t gone = sim_play_count_status(w, n->name, NR_STATUS_OFFLINE);
    sim_expect(w, gone == w->node_count - 1, "%zu of the others know that it is gone", gone);
    sim_world_run(w, 14 * SIM_SECOND);
    others_are(w, n, NR_STATUS_DEGRADED, "after 32 s");
    sim_world_run(w, 256 * SIM_SECOND);
    others_are(w, n, NR_STATUS_DEGRADED, "before 300 s");
    sim_world_run(w, 14 * SIM_SECOND);
    others_are(w, n, NR_STATUS_OFFLINE, "after 302 s");
    sim_net_heal(&w->net);
    sim_expect(w, sim_world_run_until(w, 10 * SIM_SECOND, all_online, NULL), "the healing is not seen within 10 s");
    sim_play_finish(w, 10 * SIM_SECOND);
}
