/* What the core asks of this process (struct nr_core_host), answered by the store and the node's key. */
#ifndef NODED_HOST_H
#define NODED_HOST_H

#include "core/core.h"
#include "crypto/crypto.h"
#include "store/store.h"

struct host {
    struct nr_store *store;       /* borrowed */
    const struct nr_keypair *key; /* borrowed */
    uint8_t cookie_secret[16];
    uint64_t newest_own; /* the highest stamp that this key was seen to have used */
    bool starting;       /* what is reserved is not committed yet: the start does it, before anything is sent */
};

void host_init(struct host *h, struct nr_store *store, const struct nr_keypair *key);
void host_fini(struct host *h); /* wipes */
/* The callbacks, with `h` as their context. */
struct nr_core_host host_callbacks(struct host *h);

/* What was reserved for stamps on disk; 0: nothing yet. */
int host_stamp_floor(struct host *h, uint64_t *floor) NR_MUST_CHECK;
/* Hands the stored records and the known addresses to a core that is not started yet, and says what that leaves aside
 * (nr_core_restore); what observers said of nodes is taken back, for the core judges anew. Does not commit: the
 * start does. */
int host_restore(struct host *h, struct nr_core *core, struct nr_now now) NR_MUST_CHECK;
/* At a clean end: gives back the stamps that were reserved and not used. Commits. */
int host_release_stamps(struct host *h, uint64_t incarnation) NR_MUST_CHECK;

#endif
