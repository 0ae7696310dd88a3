/* Everything at once, by chance: crashes, power loss, freezes, partitions, one-way links, bursts of loss, moves, wrong
 * clocks, failing disks, and writes all the while. Then all is healed, and all must agree. */
#include <stdio.h>

#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define CHAOS_US (120 * SIM_SECOND)

static struct sim_node *any_node(struct sim_world *w)
{
    return &w->nodes[nr_rng_below(&w->rng, (uint32_t)w->node_count)];
}

/* A refusal is an answer here: a deletion of what is not there, a store that fails. */
static void write_something(struct sim_world *w, uint32_t round)
{
    struct sim_node *n = any_node(w);
    char id[32];
    int err;
    snprintf(id, sizeof id, "thing-%u", (unsigned)nr_rng_below(&w->rng, 12));
    switch (nr_rng_below(&w->rng, 6)) {
    case 0: err = sim_say_register(n, n->name, 1000 + round, 0); break;
    case 1: err = sim_say_register(n, id, 1000 + round, nr_rng_below(&w->rng, 7000)); break;
    case 2: err = sim_say_delete(n, id); break;
    case 3: err = sim_say_profile(n, "router", round); break;
    case 4: err = sim_say_delete_profile(n, "router"); break;
    default: err = sim_say_heartbeat(n, id); break;
    }
    sim_trace_line(&w->trace, 1, w->now_us, "%s writes: %s", n->name, nr_errname(err));
}

static void break_network(struct sim_world *w)
{
    switch (nr_rng_below(&w->rng, 5)) {
    case 0:
        for (uint32_t i = 0; i < w->node_count; i++) sim_net_group(&w->net, i, nr_rng_below(&w->rng, 3));
        break;
    case 1: sim_play_block(w, any_node(w), any_node(w)); break;
    case 2: w->net.links.all.loss_ppm = nr_rng_below(&w->rng, 500000); break;
    case 3:
        w->net.links.all.duplicate_ppm = nr_rng_below(&w->rng, 200000);
        w->net.links.all.reorder_ppm = nr_rng_below(&w->rng, 200000);
        break;
    default:
        sim_net_heal(&w->net);
        w->net.links.all = w->config.link;
        break;
    }
}

static void revive(struct sim_world *w, struct sim_node *n)
{
    if (n->state == SIM_FROZEN) {
        sim_node_thaw(n);
        return;
    }
    nr_memdisk_fail(n->disk, 0, 0);
    n->clock_offset_ms = (int64_t)nr_rng_below(&w->rng, 10000) - 5000;
    if (nr_rng_below(&w->rng, 8) == 0) sim_net_move(&w->net, n->index);
    sim_node_boot(n);
}

/* At most a third of the nodes is down at a time, or nothing would be left to go wrong. */
static void break_node(struct sim_world *w)
{
    struct sim_node *n = any_node(w);
    if (n->state != SIM_UP) {
        revive(w, n);
        return;
    }
    if (sim_play_count_up(w) * 3 < w->node_count * 2) return;
    switch (nr_rng_below(&w->rng, 6)) {
    case 0: sim_node_crash(n, true); break;
    case 1: sim_node_crash(n, false); break;
    case 2: sim_node_freeze(n); break;
    case 3: sim_node_leave(n); break;
    default: nr_memdisk_fail(n->disk, NR_E_IO, nr_rng_below(&w->rng, 20)); break;
    }
}

void sim_scene_chaos(struct sim_world *w)
{
    int64_t end_us = (w->config.seconds ? w->config.seconds * SIM_SECOND : CHAOS_US);
    sim_play_cluster(w);
    for (uint32_t round = 0; w->now_us < end_us && !w->failed; round++) {
        uint32_t what = nr_rng_below(&w->rng, 10);
        if (what < 5)
            write_something(w, round);
        else if (what < 9)
            break_node(w);
        else
            break_network(w);
        sim_world_run(w, nr_rng_below(&w->rng, 500000));
    }
    for (size_t i = 0; i < w->node_count; i++) nr_memdisk_fail(w->nodes[i].disk, 0, 0);
    /* What dies within a minute is repaired no more (C.5.5): where leases are short, that is waited for. */
    sim_play_finish(w, w->config.lease_s ? 90 * SIM_SECOND : 20 * SIM_SECOND);
}
