#include <stdio.h>

#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define THINGS 200
#define LARGE  5

static void fill(struct sim_world *w)
{
    for (uint32_t i = 0; i < THINGS && !w->failed; i++) {
        char id[32];
        snprintf(id, sizeof id, "thing-%u", (unsigned)i);
        struct sim_node *n = &w->nodes[i % (w->node_count - 1)];
        int err = sim_say_register(n, id, i + 1, i < LARGE ? 7000 : 0);
        sim_expect(w, !err, "%s cannot register %s: %s", n->name, id, nr_strerror(err));
        sim_world_run(w, 50000);
    }
    int err = sim_say_profile(&w->nodes[1], "worker", 7);
    sim_expect(w, !err, "a profile cannot be written: %s", nr_strerror(err));
}

static bool has_all(struct sim_world *w, void *arg)
{
    const struct sim_node *late = arg;
    return sim_world_equal(w, NULL) &&
           nr_core_record_count(late->core, NR_PLANE_HOT) >= nr_core_record_count(w->nodes[0].core, NR_PLANE_HOT);
}

void sim_scene_late(struct sim_world *w)
{
    struct sim_node *late = &w->nodes[w->node_count - 1];
    sim_play_boot(w, 0, w->node_count - 1, SIM_SECOND);
    sim_play_agree(w, 10 * SIM_SECOND);
    fill(w);
    sim_play_agree(w, 10 * SIM_SECOND);
    sim_world_run(w, 15 * SIM_SECOND);
    if (!w->failed) sim_node_boot(late);
    bool all = sim_world_run_until(w, 10 * SIM_SECOND, has_all, late);
    sim_expect(w, all, "the late joiner has %zu cold and %zu hot records, the first node %zu and %zu",
               nr_core_record_count(late->core, NR_PLANE_COLD), nr_core_record_count(late->core, NR_PLANE_HOT),
               nr_core_record_count(w->nodes[0].core, NR_PLANE_COLD),
               nr_core_record_count(w->nodes[0].core, NR_PLANE_HOT));
    sim_expect(w, sim_sees_revision(late, "thing-0") == 1, "the late joiner lacks a large record");
    sim_play_finish(w, 5 * SIM_SECOND);
}
