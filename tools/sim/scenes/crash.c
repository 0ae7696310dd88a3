/* A node dies any number of events after it was written to. What it had committed by then must be there when it starts
 * again (checked at every start) and must reach all. */
#include <stdio.h>

#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define ROUNDS 100

static void write_something(struct sim_world *w, struct sim_node *n, uint32_t round)
{
    char id[32];
    int err = 0;
    snprintf(id, sizeof id, "thing-%u", (unsigned)nr_rng_below(&w->rng, 10));
    switch (nr_rng_below(&w->rng, 4)) {
    case 0: err = sim_say_register(n, n->name, round, 0); break;
    case 1: err = sim_say_register(n, id, round, 2000); break;
    case 2: err = sim_say_profile(n, "router", round); break;
    default: err = sim_say_state(n, n->name, round % 2 ? NR_STATE_MAINTENANCE : NR_STATE_ONLINE); break;
    }
    sim_expect(w, !err, "%s cannot write: %s", n->name, nr_strerror(err));
}

static void die_and_return(struct sim_world *w, uint32_t round)
{
    struct sim_node *n = sim_play_any(w);
    write_something(w, n, 1000 + round);
    for (uint32_t steps = nr_rng_below(&w->rng, 60); steps > 0; steps--) sim_world_step(w);
    sim_node_crash(n, round % 3 == 0);
    sim_world_run(w, nr_rng_below(&w->rng, 2 * SIM_SECOND));
    n->clock_offset_ms = -(int64_t)nr_rng_below(&w->rng, 3000); /* stamps must not go back with it */
    if (!w->failed) sim_node_boot(n);
    sim_world_run(w, nr_rng_below(&w->rng, SIM_SECOND));
}

void sim_scene_crash(struct sim_world *w)
{
    sim_play_cluster(w);
    for (uint32_t round = 0; round < ROUNDS && !w->failed; round++) die_and_return(w, round);
    sim_play_finish(w, 20 * SIM_SECOND);
}
