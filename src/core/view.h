/* What a reader sees of a subject, computed over all signers (proto/README.md A.7), and a node's status at a moment
 * (contract: declared state, silence, thresholds). Pure functions, shared by the core, the store's view tables and
 * the library. */
#ifndef NR_CORE_VIEW_H
#define NR_CORE_VIEW_H

#include "proto/body.h"

/* Feed all records of one (kind, subject) in any order; the winner is the same for every order. Records are borrowed.
 */
struct nr_winner {
    bool any;
    bool self;
    bool deleted;
    uint64_t id;
    struct nr_record rec;
};
void nr_winner_init(struct nr_winner *w);
/* Ignores records that are dead at wall_ms. `id` is the record's id. */
void nr_winner_feed(struct nr_winner *w, const struct nr_record *rec, uint64_t id, int64_t wall_ms);

/* Of a known interval longer than this a node misses two more heartbeats than those that make it degraded (five, unless
 * configured otherwise) before silence alone makes it offline, where that is longer than offline_after_ms. */
#define NR_INTERVAL_LONG_MS    60000
#define NR_OFFLINE_MISSED_MORE 2

struct nr_thresholds {
    int64_t degraded_after_ms; /* without a heartbeat, where the interval is not known: 90 s */
    int64_t missed_heartbeats; /* of the known interval: 3 */
    int64_t offline_after_ms;  /* 300 s */
    int64_t forget_after_ms;   /* 72 h */
};
#define NR_THRESHOLDS_DEFAULT                                                                                          \
    ((struct nr_thresholds){ .degraded_after_ms = 90000,                                                               \
                             .missed_heartbeats = 3,                                                                   \
                             .offline_after_ms = 300000,                                                               \
                             .forget_after_ms = 259200000 })

enum nr_status {
    NR_STATUS_ONLINE,
    NR_STATUS_DEGRADED,
    NR_STATUS_OFFLINE,
    NR_STATUS_MAINTENANCE,
    NR_STATUS_DRAINING,
    NR_STATUS_LEFT,
    NR_STATUS_FORGOTTEN
};
#define NR_STATUS_COUNT 7
const char *nr_status_name(enum nr_status s);
bool nr_status_parse(struct nr_bytes word, enum nr_status *out); /* the six that a reader sees */

/* What status depends on. */
struct nr_liveness {
    int64_t last_heartbeat_ms; /* the newest of heartbeat stamps and NODE updated_at; 0: never */
    uint32_t interval_ms;      /* 0: not known */
    enum nr_state declared;
    int64_t gone_until_ms; /* a quorum of observers says so until then (proto/README.md A.9); 0: none does */
};
/* The status at wall_ms; *turns_at_ms, when not NULL, is the first later moment at which it changes by the clock alone:
 * by silence, or because the observers' word ends (INT64_MAX: never). A heartbeat from the future counts as now. */
enum nr_status nr_status_at(const struct nr_liveness *l, const struct nr_thresholds *t, int64_t wall_ms,
                            int64_t *turns_at_ms);

#endif
