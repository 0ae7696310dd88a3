#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

/* As a stopped process, a starved machine or a laptop that slept: all state is kept, time has passed. */
void sim_scene_freeze(struct sim_world *w)
{
    size_t frozen = w->node_count / 10 + 1;
    sim_play_cluster(w);
    sim_world_run(w, 12 * SIM_SECOND);
    for (size_t i = 0; i < frozen; i++) sim_node_freeze(&w->nodes[1 + i]);
    for (uint32_t t = 0; t < 20 && !w->failed; t++) {
        sim_world_run(w, SIM_SECOND);
        for (size_t i = 0; i < w->node_count; i++) {
            enum nr_status s = sim_sees_status(&w->nodes[0], w->nodes[i].name);
            sim_expect(w, s != NR_STATUS_OFFLINE && s != NR_STATUS_FORGOTTEN, "%s is called %s", w->nodes[i].name,
                       nr_status_name(s));
        }
    }
    int err = sim_say_register(&w->nodes[0], w->nodes[0].name, 9, 0);
    sim_expect(w, !err, "a registration was refused: %s", nr_strerror(err));
    sim_world_run(w, SIM_SECOND);
    for (size_t i = 0; i < frozen; i++) sim_node_thaw(&w->nodes[1 + i]);
    sim_play_agree(w, 10 * SIM_SECOND);
    sim_play_finish(w, SIM_SECOND);
}
