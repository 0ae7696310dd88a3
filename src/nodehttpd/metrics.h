/* What the facade counts about itself. */
#ifndef NODEHTTPD_METRICS_H
#define NODEHTTPD_METRICS_H

#include <stddef.h>
#include <stdint.h>

#define METRICS_ROUTES_MAX   32
#define METRICS_STATUSES_MAX 24 /* different ones that were answered */
#define METRICS_BUCKETS      11

struct route;

struct metrics {
    int statuses[METRICS_STATUSES_MAX];
    size_t status_count;
    uint64_t requests[METRICS_ROUTES_MAX + 1][METRICS_STATUSES_MAX]; /* the last row: no route */
    uint64_t took[METRICS_BUCKETS + 1];                              /* the last: longer than all bounds */
    uint64_t took_us;
};

/* Upper bounds of the buckets of `took`, in microseconds. */
extern const int64_t metrics_bounds_us[METRICS_BUCKETS];

void metrics_count(struct metrics *m, const struct route *route, int status, int64_t took_us);

#endif
