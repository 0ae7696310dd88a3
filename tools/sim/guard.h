/* What is remembered of one node so that its every step can be judged (check.h). */
#ifndef SIM_GUARD_H
#define SIM_GUARD_H

#include "base/addr.h"
#include "tools/sim/map.h"

/* A cold record of its own that a node saved: what is committed may never be lost. */
struct sim_claim {
    uint64_t key_hash;
    uint64_t committed; /* stamp; 0: nothing yet */
    int64_t committed_ends_ms;
    uint64_t pending;
    int64_t pending_ends_ms;
};

/* Another address, as this life of the node has dealt with it. */
struct sim_contact {
    bool validated;
    int64_t hello_us;             /* when the last HELLO went there; -1: never */
    uint64_t bytes_in, bytes_out; /* while not validated; what went out as HELLO alone is not counted */
};

struct sim_guard {
    int64_t booted_us;
    uint64_t incarnation, number;
    uint64_t signed_stamp; /* the newest that it has signed, over all its lives */
    bool went_back;        /* it has signed an older one since, and has not said that its clock was taken back */
    bool fell_back;        /* its clock was taken back: its next start may be below this one */
    uint64_t reserved;     /* durable */
    uint64_t hellos;
    size_t most[3];            /* records of each plane that lived at once, in this life */
    struct sim_map contact_of; /* by address */
    struct sim_contact *contacts;
    size_t contact_count, contact_capacity;
    struct sim_map claim_of; /* by key hash */
    struct sim_claim *claims;
    size_t claim_count, claim_capacity;
};

void sim_guard_init(struct sim_guard *g);
void sim_guard_fini(struct sim_guard *g);
/* A new life: no address is validated, no HELLO was sent. */
void sim_guard_boot(struct sim_guard *g, int64_t now_us);
/* Nothing was ever promised: the disk was exchanged for another. */
void sim_guard_forget(struct sim_guard *g);
void sim_guard_claim(struct sim_guard *g, uint64_t key_hash, uint64_t stamp, int64_t ends_ms);
void sim_guard_committed(struct sim_guard *g);
void sim_guard_crashed(struct sim_guard *g); /* what was pending is gone */
/* The stamp of what it last committed under this key; 0: nothing. */
uint64_t sim_guard_kept(const struct sim_guard *g, uint64_t key_hash);
/* IPv4 only, as all simulated addresses are. Valid until the next call. */
struct sim_contact *sim_guard_contact(struct sim_guard *g, const struct nr_addr *a);

#endif
