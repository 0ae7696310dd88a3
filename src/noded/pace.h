/* How often a node says anew what it is. Each time is a signed record that every peer carries: a service that goes up
 * and down, or a profile that somebody keeps rewriting, must not flood the cluster with them. */
#ifndef NODED_PACE_H
#define NODED_PACE_H

#include "base/time.h"

#define PACE_MIN_US 5000000
#define PACE_MAX_US 60000000
#define PACE_FREE   2 /* at the start: the machine is known at once, its services a little later */

/* Zeroed: nothing was said yet. */
struct pace {
    unsigned said; /* counted up to PACE_FREE */
    int64_t said_us;
    int64_t pause_us;
};

/* When a change that is met now may be said: the first two at once, another when the pause since the last has passed.
 * The pause is 5 s, and doubles up to 60 s each time that the next comes before twice of it has passed; after such a
 * rest it is 5 s again. */
int64_t pace_due(const struct pace *p, struct nr_now now);
/* It was said. */
void pace_said(struct pace *p, struct nr_now now);

#endif
