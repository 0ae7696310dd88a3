/* Two machines start from copies of one state directory, at the same moment and with different things to say. */
#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define QUIET_RATE 20 /* records a second that the two may cost a third node */

static uint64_t evidence(struct sim_world *w)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < w->node_count; i++)
        if (w->nodes[i].state == SIM_UP) sum += nr_store_evidence_count(w->nodes[i].store);
    return sum;
}

void sim_scene_twins(struct sim_world *w)
{
    struct sim_node *a = &w->nodes[w->node_count - 2];
    struct sim_node *b = &w->nodes[w->node_count - 1];
    b->key = a->key;
    memcpy(b->name, a->name, sizeof b->name);
    a->advertises = b->advertises = true;
    b->revision = 2;
    sim_play_boot(w, 0, w->node_count - 2, SIM_SECOND);
    sim_play_agree(w, 10 * SIM_SECOND);
    sim_world_run(w, 5 * SIM_SECOND);
    if (w->failed) return;
    sim_node_boot(a);
    sim_node_boot(b);
    sim_world_run(w, 30 * SIM_SECOND);
    sim_expect(w, w->failed || evidence(w) > 0, "two records under one stamp left no evidence");
    sim_expect(w, a->state == SIM_UP && b->state == SIM_UP, "one of the two has gone");
    uint64_t before = w->failed ? 0 : nr_core_stats(w->nodes[0].core)->records_accepted;
    sim_world_run(w, 30 * SIM_SECOND);
    uint64_t taken = w->failed ? 0 : nr_core_stats(w->nodes[0].core)->records_accepted - before;
    sim_expect(w, taken < 30 * QUIET_RATE, "the two cost %llu records in 30 s", (unsigned long long)taken);
    for (size_t i = 0; i + 2 < w->node_count; i++)
        sim_expect(w, sim_sees_status(&w->nodes[0], w->nodes[i].name) == NR_STATUS_ONLINE, "%s is not online",
                   w->nodes[i].name);
    sim_node_crash(b, false); /* the cure */
    b->seed_node = b->index;
    sim_play_agree(w, 10 * SIM_SECOND);
    sim_check_all(w);
}
