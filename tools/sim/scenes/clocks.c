#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define FAR_AHEAD_MS 120000

static size_t holders(struct sim_world *w, const struct sim_node *of)
{
    size_t count = 0;
    struct nr_record rec;
    for (size_t i = 0; i < w->node_count; i++)
        if (&w->nodes[i] != of && w->nodes[i].state == SIM_UP)
            count += sim_holds(&w->nodes[i], NR_KIND_NODE, of->key.pub, of->name, &rec);
    return count;
}

static uint64_t refused_ahead(struct sim_world *w)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < w->node_count; i++)
        if (w->nodes[i].state == SIM_UP) sum += nr_core_stats(w->nodes[i].core)->records_ahead;
    return sum;
}

/* Two clocks are 5 s off, one is two minutes ahead: what that one says is refused until the others' clocks have come to
 * within a minute of it; then its clock is set right and it starts again. */
void sim_scene_clocks(struct sim_world *w)
{
    struct sim_node *far = &w->nodes[w->node_count - 1];
    w->nodes[1].clock_offset_ms = 5000;
    w->nodes[2].clock_offset_ms = -5000;
    far->clock_offset_ms = FAR_AHEAD_MS;
    sim_play_boot(w, 0, w->node_count - 1, SIM_SECOND);
    sim_play_agree(w, 10 * SIM_SECOND);
    if (!w->failed) sim_node_boot(far);
    sim_world_run(w, 30 * SIM_SECOND);
    sim_expect(w, holders(w, far) == 0, "a record two minutes ahead was taken");
    sim_expect(w, w->failed || refused_ahead(w) > 0, "nobody met a record that is ahead");
    sim_expect(w, nr_core_peer_count(w->nodes[0].core) >= w->node_count - 2, "the others have lost each other");
    sim_node_crash(far, false);
    far->clock_offset_ms = 0;
    sim_world_run(w, 80 * SIM_SECOND); /* what it stamped is now less than a minute ahead */
    if (!w->failed) sim_node_boot(far);
    sim_play_agree(w, 60 * SIM_SECOND);
    sim_expect(w, holders(w, far) == w->node_count - 1, "not all hold the record of the clock set right");
    sim_play_finish(w, 10 * SIM_SECOND);
}
