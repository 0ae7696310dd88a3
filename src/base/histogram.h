/* Counts of values by size, as metrics show them. The bounds stand apart, once for all histograms of a kind. */
#ifndef NR_BASE_HISTOGRAM_H
#define NR_BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define NR_HISTOGRAM_BOUNDS_MAX 15

struct nr_histogram_bounds {
    size_t count;
    int64_t upper[NR_HISTOGRAM_BOUNDS_MAX]; /* ascending; each belongs to its bucket */
};

/* Zeroed at first. */
struct nr_histogram {
    uint64_t counts[NR_HISTOGRAM_BOUNDS_MAX + 1]; /* by bucket; that behind the last bound takes what is above it */
    uint64_t sum;
};

/* A value below 0 counts as 0. */
void nr_histogram_add(struct nr_histogram *h, const struct nr_histogram_bounds *bounds, int64_t value);

#endif
