#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

/* Heartbeats are not repaired: one in a thousand may be missed until the next. */
static bool all_heartbeats(struct sim_world *w, void *unused)
{
    size_t heard = 0;
    (void)unused;
    for (size_t i = 0; i < w->node_count; i++) heard += nr_core_record_count(w->nodes[i].core, NR_PLANE_HOT);
    return heard * 1000 >= w->node_count * w->node_count * 999;
}

/* Everybody starts at the same moment, as after a power cut in a data centre. */
void sim_scene_converge(struct sim_world *w)
{
    sim_play_boot(w, 0, w->node_count, 0);
    sim_play_agree(w, 10 * SIM_SECOND);
    bool heard = sim_world_run_until(w, 15 * SIM_SECOND, all_heartbeats, NULL);
    sim_expect(w, heard, "the nodes have not heard 999 of 1,000 heartbeats");
    sim_traffic_reset(w);
    sim_world_run(w, 20 * SIM_SECOND);
    sim_play_agree(w, 2 * SIM_SECOND);
    sim_play_finish(w, 2 * SIM_SECOND);
}
