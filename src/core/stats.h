/* The core's counters: one list, which names them for logs, nodectl and metrics too. They only grow (`held` is what
 * there is now). */
#ifndef NR_CORE_STATS_H
#define NR_CORE_STATS_H

#include "base/histogram.h"
#include "proto/datagram.h"

#define NR_CORE_COUNTERS(X)                                                                                            \
    X(datagrams_in, "datagrams that opened")                                                                           \
    X(datagrams_out, "datagrams handed out to be sent")                                                                \
    X(datagrams_malformed, "datagrams whose header or a message was malformed")                                        \
    X(datagrams_replayed, "datagrams whose number was seen before or is too old")                                      \
    X(datagrams_no_path, "datagrams from an address that has not proven itself")                                       \
    X(datagrams_own, "datagrams that carry this peer's own key")                                                       \
    X(outbox_full, "messages not sent because the outbox was full")                                                    \
    X(hellos_limited, "HELLOs not answered: over the limit")                                                           \
    X(proofs_refused, "PROOFs whose cookie or signature did not hold")                                                 \
    X(paths_made, "paths proven")                                                                                      \
    X(paths_lost, "paths given up after silence or BYE")                                                               \
    X(records_accepted, "records taken")                                                                               \
    X(records_known, "records received that were held or seen already")                                                \
    X(records_stale, "records older than the one held")                                                                \
    X(records_malformed, "records that are not well-formed")                                                           \
    X(records_expired, "records whose lease had ended")                                                                \
    X(records_ahead, "records stamped too far ahead of the clock")                                                     \
    X(records_limited, "records over their signer's or path's budget")                                                 \
    X(records_denied, "records whose signer may not say that")                                                         \
    X(records_bad_signature, "records whose signature did not hold")                                                   \
    X(records_conflicting, "pairs of records under one stamp: evidence")                                               \
    X(records_not_stored, "records that the store did not take")                                                       \
    X(records_ended, "records dropped at the end of their lease")                                                      \
    X(signatures_checked, "signatures checked")                                                                        \
    X(registrations_self, "times that this node was registered by itself")                                             \
    X(registrations_sponsored, "registrations taken here for nodes that this one speaks for")                          \
    X(registrations_gossip, "NODE records of others taken as they spread, deletions left out")                         \
    X(registrations_repair, "NODE records of others taken in a repair, deletions left out")                            \
    X(heartbeats_self, "heartbeats made by this node for itself")                                                      \
    X(heartbeats_sponsored, "heartbeats taken here for nodes that this one speaks for")                                \
    X(heartbeats_gossip, "heartbeat records taken from others")                                                        \
    X(own_newer_met, "newer records of this peer's own met at others")                                                 \
    X(wants_unanswered, "wanted records that nobody sent in time")                                                     \
    X(pieces_dropped, "records in pieces given up or refused for memory")                                              \
    X(repairs, "repairs started")                                                                                      \
    X(repair_ranges_in, "descriptions of ranges received from a neighbour")                                            \
    X(repair_ranges_out, "descriptions of ranges sent to a neighbour")                                                 \
    X(repair_bytes, "bytes of the descriptions of ranges that were sent")                                              \
    X(repair_records_in, "records taken in a repair")                                                                  \
    X(repair_records_out, "records sent to a neighbour that lacked them")                                              \
    X(serve_limited, "answers left out: over a neighbour's byte budget")                                               \
    X(probes_in, "PROBEs received")                                                                                    \
    X(probes_out, "PROBEs sent")                                                                                       \
    X(doubts, "times that a silent node was asked for a sign")                                                         \
    X(doubts_ended, "doubts that a sign ended")                                                                        \
    X(verdicts_made, "verdicts made by this peer")                                                                     \
    X(verdicts_overruled, "verdicts of this peer's own that a newer word of the node overruled")                       \
    X(nodes_judged_gone, "times that a quorum of observers called a node gone")                                        \
    X(clock_resets, "times the hybrid clock was taken back from beyond the limit")                                     \
    X(clock_steps, "times the wall clock was set by more than 30 s")

/* Kinds of records as they are counted; the last stands for those of newer versions. */
enum nr_counted_kind {
    NR_COUNTED_NODE,
    NR_COUNTED_PROFILE,
    NR_COUNTED_CERT,
    NR_COUNTED_REVOKE,
    NR_COUNTED_HEARTBEAT,
    NR_COUNTED_VERDICT,
    NR_COUNTED_OTHER,
    NR_COUNTED_KINDS
};
enum nr_counted_kind nr_counted_kind(uint8_t kind);
const char *nr_counted_kind_name(enum nr_counted_kind kind);

/* Where a record that was taken came from. */
enum nr_counted_origin { NR_FROM_SELF, NR_FROM_GOSSIP, NR_FROM_REPAIR, NR_COUNTED_ORIGINS };
const char *nr_counted_origin_name(enum nr_counted_origin origin);

extern const struct nr_histogram_bounds nr_heartbeat_spread_bounds_us;

struct nr_core_stats {
#define X(name, help) uint64_t name;
    NR_CORE_COUNTERS(X)
#undef X
    uint64_t held[NR_COUNTED_KINDS];
    uint64_t accepted[NR_COUNTED_KINDS][NR_COUNTED_ORIGINS];
    /* From the stamp of a heartbeat that spread here to its arrival, by the clock of its maker and by ours. What is
     * caught up on after a time without neighbours is left out. */
    struct nr_histogram heartbeat_spread_us;
    uint64_t messages_in[NR_MSG_TYPES]; /* [0]: unknown types */
    uint64_t message_bytes_in[NR_MSG_TYPES];
    uint64_t messages_out[NR_MSG_TYPES];
    uint64_t message_bytes_out[NR_MSG_TYPES];
};

#endif
