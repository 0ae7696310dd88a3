#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

static bool all_see_revision(struct sim_world *w, void *arg)
{
    const struct sim_node *n = arg;
    for (size_t i = 0; i < w->node_count; i++)
        if (w->nodes[i].state == SIM_UP && sim_sees_revision(&w->nodes[i], n->name) != n->revision) return false;
    return true;
}

/* The disk knows revision 1 and the world revision 3 when the node comes back, half a minute slow; then it says
 * revision 4. Only the record that it meets can tell it where to go on. */
void sim_scene_restored(struct sim_world *w)
{
    struct sim_node *n = &w->nodes[w->node_count - 1];
    sim_play_cluster(w);
    sim_world_run(w, 5 * SIM_SECOND);
    struct nr_memdisk *backup = w->failed ? NULL : sim_node_copy_disk(n);
    sim_world_run(w, 60 * SIM_SECOND);
    for (n->revision = 2; n->revision <= 3 && !w->failed; n->revision++) {
        sim_say_self(n);
        sim_world_run(w, 2 * SIM_SECOND);
    }
    sim_node_crash(n, true);
    if (w->failed) {
        nr_memdisk_free(backup);
        return;
    }
    sim_node_replace_disk(n, backup);
    n->revision = 4;
    n->clock_offset_ms = -30000;
    sim_node_boot(n);
    sim_expect(w, sim_world_run_until(w, 10 * SIM_SECOND, all_see_revision, n), "revision 4 does not reach all");
    sim_expect(w, w->failed || nr_core_stats(n->core)->own_newer_met > 0, "it never met its own newer record");
    sim_play_finish(w, 10 * SIM_SECOND);
}
