/* When the store commits. What must be durable before it is answered waits for a commit that runs once everything that
 * was ready in this turn of the loop has been handled, so that many registrations share one. What nobody waits for is
 * committed at once where the last commit is 50 ms past, else when nothing more has come for 10 ms, or 50 in a burst
 * that lasts, or 200 ms after the last: readers see it soon, and a flood, as when many join, costs 5 commits a second;
 * fewer where the disk is slow, so that a daemon waits for it an eighth of its time. Heartbeats after a second, with
 * whatever wakes the daemon then, or after a quarter more. A commit that failed is tried again each second, as long as
 * something is staged. */
#ifndef NODED_COMMIT_H
#define NODED_COMMIT_H

#include "base/buf.h"
#include "base/histogram.h"
#include "io/control_server.h"
#include "io/loop.h"
#include "store/store.h"
#include "store/tables.h"

#define COMMIT_WAITERS_MAX 4096

struct commit;

/* Whose answer waits. */
struct commit_waiter {
    struct nr_conn_id conn;
    uint64_t request;
    struct nr_buf reply; /* a frame: what is sent when the commit has succeeded */
};

/* `done` is called for each waiter, with what its commit returned; the reply's memory is freed behind it. */
struct commit *commit_new(struct nr_loop *loop, struct nr_store *store,
                          void (*done)(void *arg, const struct commit_waiter *waiter, int err), void *arg);
void commit_free(struct commit *c); /* takes NULL; commits nothing, answers nobody */

/* Takes waiter->reply. NR_E_BUSY (too many wait), NR_E_NOMEM: then it was not taken. */
int commit_wait(struct commit *c, const struct commit_waiter *waiter) NR_MUST_CHECK;
/* To be called after anything that may have written. */
void commit_note(struct commit *c);
/* What was written to the pulse half is worth more than a second's wait: it is committed within 100 ms. */
void commit_pulse_soon(struct commit *c);
/* Commits both halves now and answers who waits. The first error. */
int commit_now(struct commit *c);

/* By half of the store (enum nr_half); of commits that had something to do. */
struct commit_stats {
    struct nr_histogram took_us[NR_HALVES]; /* failed or not */
    uint64_t failed[NR_HALVES];
};
const struct commit_stats *commit_stats(const struct commit *c);
extern const struct nr_histogram_bounds commit_bounds_us;

#endif
