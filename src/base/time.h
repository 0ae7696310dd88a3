/* Points in time. `now` travels by value; only src/io/clock.c reads a clock. */
#ifndef NR_BASE_TIME_H
#define NR_BASE_TIME_H

#include <stdint.h>

/* One moment on two clocks: the monotonic one for timers, the wall clock for stamps and leases. */
struct nr_now {
    int64_t mono_us;
    int64_t wall_ms; /* since 1970-01-01 UTC */
};

#define NR_NEVER_US INT64_MAX

#define NR_TIME_TEXT 25 /* "2026-11-23T14:30:00.123Z" and NUL */

/* Writes wall_ms as RFC 3339 UTC with milliseconds. A year outside 0–9999 is written as the nearest end. */
void nr_time_format(int64_t wall_ms, char out[static NR_TIME_TEXT]);

#endif
