#include "nodehttpd/metrics.h"

#include "base/assert.h"
#include "nodehttpd/router.h"

/* Reads from the map, lists, writes that wait for a disk, and the bounds on waiting. */
const struct nr_histogram_bounds metrics_bounds_us = {
    12, { 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 500000, 2500000, 10000000 }
};

static size_t status_index(struct metrics *m, int status)
{
    for (size_t i = 0; i < m->status_count; i++)
        if (m->statuses[i] == status) return i;
    if (m->status_count == METRICS_STATUSES_MAX) return METRICS_STATUSES_MAX - 1;
    m->statuses[m->status_count] = status;
    return m->status_count++;
}

void metrics_begin(struct metrics *m)
{
    m->in_flight++;
}

void metrics_end(struct metrics *m, const struct route *route, int status, int64_t took_us)
{
    size_t row = route ? (size_t)(route - routes) : METRICS_ROUTES_MAX;
    nr_assert(m->in_flight > 0);
    m->in_flight--;
    nr_histogram_add(&m->took_us[row][status_index(m, status)], &metrics_bounds_us, took_us);
}

uint64_t metrics_count(const struct nr_histogram *took_us)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= metrics_bounds_us.count; i++) count += took_us->counts[i];
    return count;
}
