/* What noded says of itself: its answers to `info` and, summed up, `peers` (proto/CONTROL.md). */
#ifndef NR_NODECTL_INFO_H
#define NR_NODECTL_INFO_H

#include "tools/nodectl/ctl.h"

#define CTL_BINDS_MAX 8

struct ctl_info {
    struct nr_buf raw; /* a copy of the answer: what the texts below borrow from */
    struct nr_bytes node_id, node_key, version, state, role, health, state_dir, socket, config;
    struct nr_bytes bind[CTL_BINDS_MAX], advertise[CTL_BINDS_MAX];
    size_t bind_count, advertise_count;
    uint64_t started_at_ms, uptime_ms, incarnation, fingerprint, peers, records_cold, records_hot, records_aside,
        clock_behind_ms, heartbeat_interval_ms;
    bool founder;
};

/* A libnr error, without words. */
int ctl_info_ask(struct ctl *ctl, struct ctl_info *info) NR_MUST_CHECK;
void ctl_info_fini(struct ctl_info *info); /* takes a zeroed one too */

struct ctl_peer_sum {
    uint64_t total, in_sync, chosen;
    int64_t worst_offset_ms; /* the clock offset furthest from 0 */
};
int ctl_peer_sum_ask(struct ctl *ctl, struct ctl_peer_sum *sum) NR_MUST_CHECK;

/* Addresses, a comma and a blank between two. */
void ctl_add_list(struct nr_buf *out, const struct nr_bytes *items, size_t count);

#endif
