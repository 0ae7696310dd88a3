/* Somebody with the cluster key who means harm: what `forge` and `replay` of a scenario let loose on a node. One for
 * each node, at an address of its own on that node's side of the network.
 *
 * As soon as it has a path it offers, over and again, records that nobody may take: in the name of others, with a byte
 * changed, dead, stamped ahead; records that it has heard before, old and dead ones among them; and messages that are
 * none. What it plays again it has captured off the wire: a share of all that was sent since the world began. Whether
 * anything of it is taken the checks of each step see (check.h). */
#ifndef SIM_INSIDER_H
#define SIM_INSIDER_H

#include "base/rng.h"
#include "tools/sim/scenes/capture.h"

struct sim_insider {
    struct sim_world *world; /* borrowed */
    struct nr_rng rng;       /* its own: other chance stays as it was */
    struct sim_capture heard;
    uint64_t passed;           /* datagrams that went by */
    struct sim_ghost **ghosts; /* of each node; NULL: none yet */
    uint8_t *rounds;           /* left, for each node */
};

/* Listens to the world from now on, until fini. */
void sim_insider_init(struct sim_insider *x, struct sim_world *w);
void sim_insider_fini(struct sim_insider *x);
void sim_insider_forge(struct sim_insider *x, const struct sim_node *at);
void sim_insider_replay(struct sim_insider *x, const struct sim_node *at);

#endif
