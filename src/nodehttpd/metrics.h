/* What the facade counts about itself: requests by route and status, and how long each took. A route is a row of the
 * table, never a path: strangers choose paths. */
#ifndef NODEHTTPD_METRICS_H
#define NODEHTTPD_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"

#define METRICS_ROUTES_MAX   32
#define METRICS_STATUSES_MAX 24 /* different ones that were answered */

struct route;

struct metrics {
    int statuses[METRICS_STATUSES_MAX];
    size_t status_count;
    struct nr_histogram took_us[METRICS_ROUTES_MAX + 1][METRICS_STATUSES_MAX]; /* the last row: no route */
    uint64_t in_flight;                                                        /* begun and not answered yet */
};

extern const struct nr_histogram_bounds metrics_bounds_us;

void metrics_begin(struct metrics *m);
/* Ends what was begun. `route` NULL: there was none. */
void metrics_end(struct metrics *m, const struct route *route, int status, int64_t took_us);
/* How many requests a histogram of `took_us` stands for. */
uint64_t metrics_count(const struct nr_histogram *took_us);

#endif
