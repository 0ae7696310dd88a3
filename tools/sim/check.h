/* What must hold in every simulated world, whatever its faults. The first thing that does not is kept (sim_fail), and
 * the world stands still.
 *
 * Each step, cheaply: a record that is saved is alive, not stamped too far ahead, newer than what stood there and truly
 * signed; one that is dropped is dead; a node signs only stamps that rise over all its lives and lie below what it has
 * durably reserved; a datagram is well-formed, in size, numbered upwards; to an address that has not proven itself go
 * no more bytes than came from it, and HELLOs at the pace of proto/README.md C.1.5 and C.2.2. At a start: what was
 * committed is there, whatever its clock says. Every so often, and at the end, whole: index, store and fingerprint of a
 * node agree, nothing dead is held for long, nodes with one fingerprint hold one set, and no part of a core's memory is
 * beyond its bound (memory.h). Each second, and whenever one is judged: whether readers are right about who is gone
 * (jury.h). */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "tools/sim/node.h"

struct sim_check {
    struct sim_map set_of; /* a fingerprint → the set that was seen under it */
    uint64_t *sets;        /* another sum over the same set */
    size_t set_count, set_capacity;
    uint32_t next;    /* the node whose turn it is */
    uint64_t next_at; /* the step after which it is */
    uint64_t whole;   /* whole checks made */
    double amplified; /* the most bytes sent for each received, to an address that had proven nothing */
};

void sim_check_init(struct sim_check *c);
void sim_check_fini(struct sim_check *c);

void sim_check_save(struct sim_node *n, const struct nr_record *rec, struct nr_now now);
void sim_check_drop(struct sim_node *n, const struct nr_record *rec, struct nr_now now);
/* A VERDICT signed here was saved. */
void sim_check_verdict(struct sim_node *n, struct nr_bytes node_id);
/* `msg` is what is about to be signed as a record. */
void sim_check_sign(struct sim_node *n, struct nr_bytes msg);
void sim_check_received(struct sim_node *n, const struct nr_addr *from, size_t size);
void sim_check_sent(struct sim_node *n, const struct nr_datagram *d);
void sim_check_booted(struct sim_node *n);
/* Whole: the node whose turn it is; one; all. Return how many records were looked at. */
size_t sim_check_turn(struct sim_world *w);
size_t sim_check_node(struct sim_node *n);
void sim_check_all(struct sim_world *w);

#endif
