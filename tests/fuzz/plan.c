#include "probe/plan.h"
#include "fuzz.h"

/* A plan that is taken holds to its bounds, and is the same when it is encoded and decoded once more. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct nr_plan p, back;
    static uint8_t first[NR_PLAN_FRAME_MAX], second[NR_PLAN_FRAME_MAX];
    struct nr_writer a, b;
    const char *why;
    if (nr_plan_decode(nr_bytes(data, size), &p) != 0) return 0;
    for (size_t i = 0; i < p.check_count; i++) {
        nr_assert(nr_check_valid(&p.checks[i], &why) == 0);
        (void)nr_check_target_port(&p.checks[i]);
    }
    nr_writer_init(&a, first, sizeof first);
    nr_plan_encode(&a, &p);
    nr_assert(!a.err && nr_plan_decode(nr_writer_bytes(&a), &back) == 0);
    nr_writer_init(&b, second, sizeof second);
    nr_plan_encode(&b, &back);
    nr_assert(nr_bytes_eq(nr_writer_bytes(&a), nr_writer_bytes(&b)));
    return 0;
}
