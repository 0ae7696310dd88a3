#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define BUDGET    2 /* heartbeats a second, of all: at 60 nodes one each 30 s */
#define FIRST     20
#define STEADY_US (120 * SIM_SECOND)

static void nobody_late(struct sim_world *w, size_t nodes)
{
    struct sim_node *reader = sim_play_any(w);
    for (size_t i = 0; reader && i < nodes; i++) {
        enum nr_status s = sim_sees_status(reader, w->nodes[i].name);
        sim_expect(w, s == NR_STATUS_ONLINE, "%s calls %s %s", reader->name, w->nodes[i].name, nr_status_name(s));
    }
}

static void watch_nobody_late(struct sim_world *w, size_t nodes, int64_t us)
{
    for (int64_t end_us = w->now_us + us; w->now_us < end_us && !w->failed;) {
        sim_world_run(w, SIM_SECOND);
        nobody_late(w, nodes);
    }
}

/* Heartbeats that a node hears of others in a second. */
static double heard(struct sim_world *w, size_t nodes, int64_t us)
{
    sim_traffic_reset(w);
    watch_nobody_late(w, nodes, us);
    return (double)w->traffic.hot_saved / ((double)us / 1e6) / (double)nodes;
}

/* The cluster grows threefold in a second, and shrinks again. All beat every 10 s at first; who hears of the others
 * stretches with its next heartbeat, and nobody who keeps what it promised is late. */
void sim_scene_stretch(struct sim_world *w)
{
    w->config.heartbeat_budget = BUDGET;
    sim_play_boot(w, 0, FIRST, SIM_SECOND);
    (void)sim_play_agree(w, 10 * SIM_SECOND);
    watch_nobody_late(w, FIRST, 30 * SIM_SECOND);
    sim_play_boot(w, FIRST, w->node_count, SIM_SECOND);
    (void)sim_play_agree(w, 20 * SIM_SECOND);
    watch_nobody_late(w, w->node_count, 60 * SIM_SECOND);
    double rate = heard(w, w->node_count, STEADY_US);
    sim_expect(w, rate > BUDGET * 0.8 && rate < BUDGET * 1.2, "%.2f heartbeats a second of a budget of 2", rate);
    for (size_t i = FIRST; i < w->node_count; i++) sim_node_leave(&w->nodes[i]);
    watch_nobody_late(w, FIRST, 360 * SIM_SECOND); /* those who are silent are counted for 300 s */
    rate = heard(w, FIRST, STEADY_US);
    sim_expect(w, rate > 1.6 && rate < 2.4, "%.2f heartbeats a second where 20 nodes beat every 10 s", rate);
}
