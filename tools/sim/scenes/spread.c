#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define WRITES     20
#define EVERY_US   1500000
#define LIMIT_US   2200000
#define COPIES_MAX 1.2
#define QUIET_US   (30 * SIM_SECOND)

static void measure_heartbeats(struct sim_world *w)
{
    sim_traffic_reset(w);
    sim_world_run(w, QUIET_US);
    const struct sim_traffic *t = &w->traffic;
    sim_expect(w, t->hot_saved > w->node_count, "hardly a heartbeat was heard");
    double copies = t->hot_saved ? (double)t->hot_payloads / (double)t->hot_saved : 0;
    sim_expect(w, copies <= COPIES_MAX, "a heartbeat costs %.3f copies", copies);
}

void sim_scene_spread(struct sim_world *w)
{
    sim_play_cluster(w);
    sim_world_run(w, 20 * SIM_SECOND);
    measure_heartbeats(w);
    for (uint32_t i = 0; i < WRITES && !w->failed; i++) {
        struct sim_node *n = sim_play_any(w);
        sim_play_watch(n, n->name, 100 + i, 0);
        sim_world_run(w, EVERY_US);
    }
    sim_world_run(w, 5 * SIM_SECOND);
    int64_t worst = sim_watch_time_us(&w->watches, w->node_count, 999, true);
    sim_expect(w, worst >= 0 && worst <= LIMIT_US, "a registration took %lld ms to 99.9 %% of the nodes",
               (long long)(worst / 1000));
    sim_play_finish(w, 5 * SIM_SECOND);
}
