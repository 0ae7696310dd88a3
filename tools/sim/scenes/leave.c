#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

struct wanted {
    const char *node_id;
    enum nr_status status;
};

static bool seen_by_all(struct sim_world *w, void *arg)
{
    const struct wanted *want = arg;
    return sim_play_count_status(w, want->node_id, want->status) == sim_play_count_up(w);
}

void sim_scene_leave(struct sim_world *w)
{
    struct sim_node *n = &w->nodes[w->node_count / 2];
    struct wanted left = { n->name, NR_STATUS_LEFT };
    struct wanted online = { n->name, NR_STATUS_ONLINE };
    sim_play_cluster(w);
    sim_world_run(w, 15 * SIM_SECOND);
    sim_expect(w, seen_by_all(w, &online), "not all see the node online");
    sim_node_leave(n);
    sim_expect(w, sim_world_run_until(w, 2 * SIM_SECOND, seen_by_all, &left), "the leave is not seen within 2 s");
    sim_world_run(w, 60 * SIM_SECOND);
    sim_expect(w, seen_by_all(w, &left), "who has left is seen otherwise after a minute");
    if (!w->failed) sim_node_boot(n);
    sim_expect(w, sim_world_run_until(w, 3 * SIM_SECOND, seen_by_all, &online), "the return is not seen within 3 s");
    sim_play_finish(w, 10 * SIM_SECOND);
}
