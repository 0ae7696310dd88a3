#include "nodehttpd/metrics.h"

#include "nodehttpd/router.h"

const int64_t metrics_bounds_us[METRICS_BUCKETS] = { 100,   250,    500,    1000,    2500,    5000,
                                                     25000, 100000, 500000, 2500000, 10000000 };

static size_t status_index(struct metrics *m, int status)
{
    for (size_t i = 0; i < m->status_count; i++)
        if (m->statuses[i] == status) return i;
    if (m->status_count == METRICS_STATUSES_MAX) return METRICS_STATUSES_MAX - 1;
    m->statuses[m->status_count] = status;
    return m->status_count++;
}

void metrics_count(struct metrics *m, const struct route *route, int status, int64_t took_us)
{
    size_t row = route ? (size_t)(route - routes) : METRICS_ROUTES_MAX, bucket = 0;
    m->requests[row][status_index(m, status)]++;
    while (bucket < METRICS_BUCKETS && took_us > metrics_bounds_us[bucket]) bucket++;
    m->took[bucket]++;
    m->took_us += took_us > 0 ? (uint64_t)took_us : 0;
}
