/* The nodes as metrics show them: how many of each role and status, and when each was last heard. Taken in one walk
 * over all nodes, and kept until the store has changed or some node's status has turned, so that many scrapes of a
 * quiet registry cost one walk.
 *
 * Anybody who may register can make up roles, and each would be a series that Prometheus keeps: the CENSUS_ROLES roles
 * with the most nodes are told apart (of equal ones those that sort first), the rest are together. A role that is
 * called "other" is always with the rest. */
#ifndef NODEHTTPD_CENSUS_H
#define NODEHTTPD_CENSUS_H

#include "base/err.h"
#include "base/histogram.h"
#include "nodehttpd/reads.h"
#include "proto/limits.h"

#define CENSUS_ROLES 20
#define CENSUS_OTHER "other"

struct census_role {
    char name[NR_ROLE_MAX];
    size_t len;
    uint64_t total;
    uint64_t by_status[NR_NODE_STATUS_COUNT];
};

/* Zeroed at first. */
struct census {
    bool made;
    uint64_t store; /* which one it is of */
    struct nr_generation generation;
    int64_t made_ms, turns_at_ms;
    struct census_role roles[CENSUS_ROLES]; /* the largest first */
    size_t role_count;
    struct census_role other;
    uint64_t different; /* roles there are */
    int64_t *heard_ms;  /* of each node that was heard ever and has not left */
    size_t heard_count;
};
void census_fini(struct census *c);

/* Brings it up to date; `r` is begun. 0, or an enum nr_error: then it is not `made`. */
int census_take(struct census *c, const struct reads *r, int64_t now_ms) NR_MUST_CHECK;
/* How long ago the nodes were heard, in microseconds. */
void census_ages(const struct census *c, int64_t now_ms, struct nr_histogram *out);
extern const struct nr_histogram_bounds census_age_bounds_us;

#endif
