/* The peers of noded, from its answer to `peers` (proto/CONTROL.md). */
#ifndef NR_NODECTL_PEERS_H
#define NR_NODECTL_PEERS_H

#include "proto/control.h"

/* A clock further off than this spoils what people read from times; at 60 s records are refused. */
#define CTL_OFFSET_WARN_MS 2000
#define CTL_OFFSET_BAD_MS  30000

struct ctl_peer {
    const uint8_t *key; /* 32 bytes, borrowed from the reply */
    struct nr_bytes address;
    bool chosen, in_sync;
    uint64_t incarnation, bytes_in, bytes_out;
    int64_t heard_ms_ago, since_ms_ago;
    int64_t rtt_us; /* -1: not measured */
    int64_t clock_offset_ms;
};
/* Calls `each` until it returns nonzero, which is returned. NR_E_INVALID: not such an answer. */
int ctl_peers_each(const struct nr_control_map *reply, int (*each)(void *arg, const struct ctl_peer *p),
                   void *arg) NR_MUST_CHECK;

#endif
