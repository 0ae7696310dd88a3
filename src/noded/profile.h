/* What a node takes over from the profile of its role, where its configuration says so (apply_profile).
 *
 * A profile is written by others: it must not make this node run commands or reach into its network. So only labels and
 * checks are taken, and of checks only those by HTTP and TCP to this machine itself: a loopback address, or
 * "localhost". All else is refused, and counted with the reason. */
#ifndef NODED_PROFILE_H
#define NODED_PROFILE_H

#include "probe/plan.h"
#include "proto/limits.h"
#include "store/store.h"

#define PROFILE_REFUSALS_MAX 8 /* told one by one */

struct profile_refusal {
    const char *what;     /* "labels", "checks" */
    struct nr_bytes name; /* of the check; or the label; empty: the whole */
    const char *why;
};

struct profile {
    struct nr_bytes labels[NR_LABELS_MAX]; /* none twice */
    size_t label_count;
    struct nr_check checks[NR_CHECKS_MAX];
    size_t check_count;
    struct profile_refusal refusals[PROFILE_REFUSALS_MAX];
    size_t refused; /* of all, told or not */
};

enum profile_part { PROFILE_LABELS = 1, PROFILE_CHECKS = 2 };

/* Reads `config`, a canonical map; the result borrows from it. `parts` is a set of bits: what is not among them is not
 * looked at. Whatever the map holds, what comes out is within bounds. */
void profile_parse(struct nr_bytes config, unsigned parts, struct profile *out);

/* The profile of a role as readers see it now: its config, copied into `buf`, and the id of its record. NR_E_NOT_FOUND
 * for a role without one, or what the store returns. */
int profile_find(struct nr_store *store, struct nr_bytes role, int64_t wall_ms, uint8_t buf[static NR_CONFIG_MAX],
                 struct nr_bytes *config, uint64_t *id) NR_MUST_CHECK;

#endif
