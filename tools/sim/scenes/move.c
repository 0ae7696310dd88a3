#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

static bool known_at(struct sim_world *w, void *arg)
{
    const struct sim_node *n = arg;
    struct nr_addr now = sim_net_addr(&w->net, n->index);
    struct nr_record rec;
    struct nr_node_body body;
    if (!sim_holds(&w->nodes[0], NR_KIND_NODE, n->key.pub, n->name, &rec)) return false;
    if (nr_node_body_decode(rec.body, &body) != 0) return false;
    for (size_t i = 0; i < body.gossip_count; i++)
        if (nr_addr_eq(&body.gossip[i], &now)) return true;
    return false;
}

/* One that states its address and one that learns it; the seed moves last, so that those who know it by that address
 * alone must find it by its record. */
void sim_scene_move(struct sim_world *w)
{
    uint32_t movers[] = { 2, 3 };
    sim_play_cluster(w);
    sim_world_run(w, 20 * SIM_SECOND);
    for (size_t i = 0; i < 2 && !w->failed; i++) {
        struct sim_node *n = &w->nodes[movers[i]];
        sim_node_crash(n, false);
        sim_net_move(&w->net, n->index);
        sim_world_run(w, 5 * SIM_SECOND);
        sim_node_boot(n);
        sim_expect(w, sim_world_run_until(w, 30 * SIM_SECOND, known_at, n), "%s is not known at its new address",
                   n->name);
        sim_play_agree(w, 10 * SIM_SECOND);
    }
    sim_node_crash(&w->nodes[0], false);
    sim_net_move(&w->net, 0);
    sim_world_run(w, 5 * SIM_SECOND);
    if (!w->failed) sim_node_boot(&w->nodes[0]);
    sim_play_agree(w, 20 * SIM_SECOND);
    sim_play_finish(w, 10 * SIM_SECOND);
}
