#include "base/histogram.h"

#include "base/assert.h"

void nr_histogram_add(struct nr_histogram *h, const struct nr_histogram_bounds *bounds, int64_t value)
{
    size_t bucket = 0;
    nr_assert(bounds->count <= NR_HISTOGRAM_BOUNDS_MAX);
    if (value < 0) value = 0;
    while (bucket < bounds->count && value > bounds->upper[bucket]) bucket++;
    h->counts[bucket]++;
    h->sum += (uint64_t)value;
}
