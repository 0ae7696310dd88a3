#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define SETTLE_US  (20 * SIM_SECOND)
#define MEASURE_US (30 * SIM_SECOND)
#define LINGER_US  (15 * SIM_SECOND) /* the last heartbeat that is watched has spread */

/* Nothing but heartbeats: what they cost, and how long they take. */
void sim_scene_beats(struct sim_world *w)
{
    sim_play_cluster(w);
    sim_world_run(w, SETTLE_US);
    sim_traffic_reset(w);
    w->watch_beats = true;
    sim_world_run(w, w->config.seconds ? w->config.seconds * SIM_SECOND : MEASURE_US);
    w->watch_beats = false;
    sim_world_run(w, LINGER_US);
    const struct sim_traffic *t = &w->traffic;
    double copies = t->hot_saved ? (double)t->hot_payloads / (double)t->hot_saved : 0;
    sim_expect(w, t->hot_saved > w->node_count, "hardly a heartbeat was heard");
    sim_expect(w, copies <= 1.2, "a heartbeat costs %.3f copies", copies);
}
