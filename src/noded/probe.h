/* nodeprobe as noded's child: started when there is something to look at, told what, heard, started again when it ends,
 * and ended with noded. Nothing here waits for it but probe_free, for a second at most. */
#ifndef NODED_PROBE_H
#define NODED_PROBE_H

#include "io/loop.h"
#include "probe/plan.h"
#include "probe/report.h"

struct probe;

#define PROBE_SILENT_MS (4 * NR_REPORT_PAUSE_MS)

struct probe_options {
    struct nr_loop *loop; /* borrowed */
    int64_t silent_ms;    /* without a report, after which nodeprobe is killed: PROBE_SILENT_MS but in tests */
    /* What nodeprobe has found; borrowed for the call. */
    void (*report)(void *arg, const struct nr_report *r);
    /* It cannot be started, or has ended three times without a report: what it said of services holds no longer. */
    void (*lost)(void *arg);
    void *arg;
};

/* NULL: no memory. It does nothing before it is given a plan. */
struct probe *probe_new(const struct probe_options *options);
/* Ends nodeprobe and reaps it; what has not ended within a second is killed. Takes NULL. */
void probe_free(struct probe *p);

/* What nodeprobe is to look at from now on, copied. A plan of nothing ends it, any other starts it. Where it is missing
 * the log says so once; where it ends it is started again after 1 s, doubling up to 60 s until it has run for a minute,
 * and where it says nothing for silent_ms it is killed first. NR_E_NOMEM: the plan before stays. */
int probe_set_plan(struct probe *p, const struct nr_plan *plan) NR_MUST_CHECK;
/* It is to end, and not to be started again: probe_free will have less to wait for. Takes NULL. */
void probe_end(struct probe *p);

bool probe_running(const struct probe *p);

#define PROBE_COUNTERS(X)                                                                                              \
    X(probe_starts, "times that nodeprobe was started")                                                                \
    X(probe_ends, "times that nodeprobe ended without being asked to")                                                 \
    X(probe_reports, "reports of nodeprobe taken")                                                                     \
    X(probe_reports_refused, "reports of nodeprobe that were malformed")

struct probe_stats {
#define X(name, help) uint64_t name;
    PROBE_COUNTERS(X)
#undef X
};
const struct probe_stats *probe_stats(const struct probe *p);

#endif
