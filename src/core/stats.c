#include "core/stats.h"

#include "base/assert.h"
#include "proto/record.h"

/* From one neighbour on the same net to a cluster of ten thousand under loss (design §5: 2.4 s), and to clocks that
 * differ. */
const struct nr_histogram_bounds nr_heartbeat_spread_bounds_us = {
    12, { 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000 }
};

static const uint8_t kinds[NR_COUNTED_OTHER] = {
    [NR_COUNTED_NODE] = NR_KIND_NODE,           [NR_COUNTED_PROFILE] = NR_KIND_PROFILE,
    [NR_COUNTED_CERT] = NR_KIND_CERT,           [NR_COUNTED_REVOKE] = NR_KIND_REVOKE,
    [NR_COUNTED_HEARTBEAT] = NR_KIND_HEARTBEAT, [NR_COUNTED_VERDICT] = NR_KIND_VERDICT,
};

enum nr_counted_kind nr_counted_kind(uint8_t kind)
{
    for (int i = 0; i < NR_COUNTED_OTHER; i++)
        if (kinds[i] == kind) return (enum nr_counted_kind)i;
    return NR_COUNTED_OTHER;
}

const char *nr_counted_kind_name(enum nr_counted_kind kind)
{
    nr_assert(kind < NR_COUNTED_KINDS);
    return kind == NR_COUNTED_OTHER ? "other" : nr_kind_name(kinds[kind]);
}

const char *nr_counted_origin_name(enum nr_counted_origin origin)
{
    static const char *const names[NR_COUNTED_ORIGINS] = { "self", "gossip", "repair" };
    nr_assert(origin < NR_COUNTED_ORIGINS);
    return names[origin];
}
