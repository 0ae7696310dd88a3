#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

/* A fifth of all ordered pairs is blocked, among them every way back from node 1 to node 2. */
void sim_scene_oneway(struct sim_world *w)
{
    uint32_t count = (uint32_t)w->node_count;
    sim_play_block(w, &w->nodes[1], &w->nodes[2]);
    for (uint32_t i = 0; i < count * count / 5; i++) {
        uint32_t from = nr_rng_below(&w->rng, count);
        uint32_t to = nr_rng_below(&w->rng, count);
        if (from != 0 && to != 0)
            sim_play_block(w, &w->nodes[from], &w->nodes[to]); /* the seed hears all, else nobody could join */
    }
    sim_play_boot(w, 0, w->node_count, SIM_SECOND);
    sim_play_agree(w, 20 * SIM_SECOND);
    for (uint32_t i = 0; i < 10 && !w->failed; i++) {
        struct sim_node *n = sim_play_any(w);
        sim_play_watch(n, n->name, 100 + i, 0);
        sim_world_run(w, 2 * SIM_SECOND);
    }
    sim_play_agree(w, 10 * SIM_SECOND);
    sim_play_finish(w, 10 * SIM_SECOND);
}
