/* Halves that cannot hear each other, each written to; also under one role, and with a node sponsored on one side
 * deleted there while the other side still shows it. */
#include <stdio.h>

#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define APART_US (60 * SIM_SECOND)

static void write_on_both_sides(struct sim_world *w)
{
    size_t writers = w->node_count / 10 + 2;
    for (size_t i = 0; i < writers && !w->failed; i++) {
        struct sim_node *n = &w->nodes[i];
        char id[32];
        snprintf(id, sizeof id, "printer-%zu", i);
        int err = sim_say_register(n, id, 1, 0);
        if (!err) err = sim_say_profile(n, "worker", (uint32_t)i);
        if (!err) err = sim_say_register(n, n->name, 50 + (uint32_t)i, 0);
        sim_expect(w, !err, "%s cannot write: %s", n->name, nr_strerror(err));
        sim_world_run(w, 100000);
    }
}

void sim_scene_partition(struct sim_world *w)
{
    sim_play_cluster(w);
    int err = sim_say_register(&w->nodes[0], "doomed", 1, 0);
    sim_expect(w, !err, "the sponsor cannot register: %s", nr_strerror(err));
    sim_world_run(w, 10 * SIM_SECOND);
    for (size_t i = 0; i < w->node_count; i++) sim_net_group(&w->net, (uint32_t)i, i % 2);
    sim_world_run(w, SIM_SECOND);
    write_on_both_sides(w);
    err = sim_say_delete(&w->nodes[0], "doomed");
    sim_expect(w, !err, "the sponsor cannot delete: %s", nr_strerror(err));
    sim_world_run(w, w->config.seconds ? w->config.seconds * SIM_SECOND : APART_US);
    sim_expect(w, !sim_world_equal(w, NULL), "the halves agree though nothing passed between them");
    sim_expect(w, sim_sees_node(&w->nodes[1], "doomed"), "the other half heard of the deletion");
    sim_net_heal(&w->net);
    sim_play_agree(w, 10 * SIM_SECOND);
    for (size_t i = 0; i < w->node_count; i++)
        sim_expect(w, !sim_sees_node(&w->nodes[i], "doomed"), "%s still shows what was deleted", w->nodes[i].name);
    sim_play_finish(w, SIM_SECOND);
}
