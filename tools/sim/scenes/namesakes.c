/* Two keys claim one name, each with a daemon of its own. Which of the two records is shown is settled by them alone
 * (A.7): everybody shows the same one, keeps both, and is not disturbed by the two. */
#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

static bool all_see(struct sim_world *w, void *arg)
{
    const struct sim_node *shown = arg;
    for (size_t i = 0; i < w->node_count; i++)
        if (w->nodes[i].state == SIM_UP && sim_sees_revision(&w->nodes[i], shown->name) != shown->revision)
            return false;
    return true;
}

static void claim(struct sim_node *n, uint32_t revision)
{
    struct sim_world *w = n->world;
    n->revision = revision;
    if (!w->failed) sim_say_self(n);
    sim_expect(w, sim_world_run_until(w, 5 * SIM_SECOND, all_see, n), "not all show the newer claim, revision %u",
               (unsigned)revision);
}

void sim_scene_namesakes(struct sim_world *w)
{
    struct sim_node *a = &w->nodes[w->node_count - 2];
    struct sim_node *b = &w->nodes[w->node_count - 1];
    memcpy(b->name, a->name, sizeof b->name);
    b->revision = 2;
    sim_play_cluster(w);
    sim_world_run(w, 5 * SIM_SECOND);
    for (uint32_t i = 0; i < 4 && !w->failed; i++) {
        claim(a, 10 + 2 * i);
        claim(b, 11 + 2 * i);
    }
    uint64_t before = w->failed ? 0 : nr_core_stats(w->nodes[0].core)->records_accepted;
    sim_world_run(w, 60 * SIM_SECOND);
    uint64_t taken = w->failed ? 0 : nr_core_stats(w->nodes[0].core)->records_accepted - before;
    sim_expect(w, taken < 60 * w->node_count / 5, "the two cost %llu records in a minute", (unsigned long long)taken);
    for (size_t i = 0; i + 2 < w->node_count; i++)
        sim_expect(w, sim_sees_status(&w->nodes[0], w->nodes[i].name) == NR_STATUS_ONLINE, "%s is not online",
                   w->nodes[i].name);
    sim_play_agree(w, 5 * SIM_SECOND);
    sim_play_finish(w, 5 * SIM_SECOND);
}
