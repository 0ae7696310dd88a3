/* Between the core and the world: datagrams are opened and handed in, and what comes out of the core after each input
 * is sealed and sent, kept for readers, or said in the log. */
#ifndef NODED_RELAY_H
#define NODED_RELAY_H

#include "base/token_bucket.h"
#include "core/core.h"
#include "crypto/seal.h"
#include "io/udp.h"
#include "noded/commit.h"
#include "store/store.h"

struct relay;

struct relay_options {
    struct nr_loop *loop;
    struct nr_core *core;
    struct nr_store *store;
    struct commit *commit;
    const struct nr_keyring *ring;
    bool mend_views; /* the store was not closed cleanly: relay_mend_views has work at once */
    /* Before the core's deadline is handled, and for each of its events; on_event must not call into the core. */
    void (*before_expire)(void *arg, struct nr_now now);
    void (*on_event)(void *arg, const struct nr_event *e);
    void *arg;
};

/* All borrowed for its life. The socket set is its own: bind addresses to it with relay_udp before the core is started.
 */
struct relay *relay_new(const struct relay_options *options);
void relay_free(struct relay *r); /* takes NULL */
struct nr_udp *relay_udp(struct relay *r);

/* After each call into the core that may have made something: drains it, sends, sets the timer. */
void relay_drain(struct relay *r, struct nr_now now);
/* The first part of that: what has happened is noted for readers; what there is to send waits for relay_drain. */
void relay_take_events(struct relay *r, struct nr_now now);
/* The addresses that the core should know for its own: those bound, those of the machine, the one that others see. */
void relay_own_addresses(struct relay *r);
/* Some views for readers could not be written (a full disk): makes them all anew, when there is need and room. Call it
 * now and then. */
void relay_mend_views(struct relay *r, struct nr_now now);

#define RELAY_COUNTERS(X)                                                                                              \
    X(datagrams_not_opened, "datagrams that no cluster key opens")                                                     \
    X(views_failed, "times that what readers see could not be written")                                                \
    X(events_unlogged, "events left out of the log: too many")

struct relay_stats {
#define X(name, help) uint64_t name;
    RELAY_COUNTERS(X)
#undef X
};
const struct relay_stats *relay_stats(const struct relay *r);

#endif
