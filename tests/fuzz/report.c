#include "probe/report.h"
#include "fuzz.h"
#include "proto/limits.h"
#include "proto/mp.h"

/* What is taken of a report may go into a record, and is the same when it is encoded and decoded once more. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[NR_REPORT_FRAME_MAX];
    struct nr_report r, back;
    struct nr_writer w;
    if (nr_report_decode(nr_bytes(data, size), &r) != 0) return 0;
    nr_assert(r.capabilities.len <= NR_CAPABILITIES_MAX && r.modules.len <= NR_MODULES_MAX);
    nr_assert(r.metrics.len <= NR_REPORT_METRICS_MAX && NR_REPORT_METRICS_MAX <= NR_METRICS_MAX);
    nr_writer_init(&w, room, sizeof room);
    nr_report_encode(&w, &r);
    nr_assert(!w.err && nr_mp_check(nr_writer_bytes(&w), NR_DEPTH_MAX, true) == 0);
    nr_assert(nr_report_decode(nr_writer_bytes(&w), &back) == 0);
    nr_assert(nr_bytes_eq(r.capabilities, back.capabilities) && nr_bytes_eq(r.modules, back.modules));
    nr_assert(nr_bytes_eq(r.metrics, back.metrics));
    return 0;
}
