/* An endpoint that speaks the protocol but runs no core: an insider with the cluster key, or somebody with a captured
 * datagram. Unless it is mute (it cannot open what it hears) it proves itself like a peer; it answers nothing else, and
 * may send any bytes from any address. */
#ifndef SIM_GHOST_H
#define SIM_GHOST_H

#include "crypto/crypto.h"
#include "proto/message.h"
#include "tools/sim/net.h"

struct sim_world;
struct sim_ghost;

/* Sees each message that reaches the ghost, after its own answer. */
typedef void sim_ghost_fn(struct sim_ghost *g, const struct nr_addr *from, const struct nr_message *m);

struct sim_ghost {
    struct sim_world *world; /* borrowed */
    uint32_t endpoint;
    bool mute;
    struct nr_keypair key;
    uint64_t incarnation, number;
    size_t paths; /* PROOFs that it has answered */
    uint64_t bytes_in, bytes_out;
    sim_ghost_fn *hear;
    void *arg;
};

/* Adds one to the world, which owns it. */
struct sim_ghost *sim_ghost_add(struct sim_world *w);
void sim_ghost_receive(struct sim_ghost *g, const struct sim_packet *p);
/* Messages under a valid header of its own. `as` is the address to send from, NULL: its own. */
void sim_ghost_send(struct sim_ghost *g, const struct nr_addr *as, const struct nr_addr *to, struct nr_bytes messages);
void sim_ghost_hello(struct sim_ghost *g, const struct nr_addr *as, const struct nr_addr *to);
/* A record signed by the ghost's key, or with `forged` by nobody, into `w`. */
void sim_ghost_record(const struct sim_ghost *g, struct nr_writer *w, const struct nr_record_draft *draft, bool forged);
void sim_ghost_push(struct sim_ghost *g, const struct nr_addr *to, struct nr_bytes record);

#endif
