#include "tools/sim/queue.h"

#include "base/rng.h"
#include "tests/unit/nr_test.h"

/* The written tie-break: time, then kind, then node, then the order of adding. */
static void order_is_as_written(void **state)
{
    struct sim_queue q;
    struct sim_event e;
    static const uint32_t want[] = { 5, 3, 2, 0, 4, 1, 6 };
    (void)state;
    sim_queue_init(&q);
    sim_queue_add(&q, 10, SIM_EV_DELIVER, 2, 0);
    sim_queue_add(&q, 10, SIM_EV_EXPIRE, 1, 1);
    sim_queue_add(&q, 10, SIM_EV_DELIVER, 1, 2);
    sim_queue_add(&q, 10, SIM_EV_COMMIT, 9, 3);
    sim_queue_add(&q, 10, SIM_EV_DELIVER, 2, 4);
    sim_queue_add(&q, 9, SIM_EV_EXPIRE, 9, 5);
    sim_queue_add(&q, 11, SIM_EV_COMMIT, 0, 6);
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_int_equal(sim_queue_first(&q)->ref, want[i]);
        assert_true(sim_queue_take(&q, &e));
        assert_int_equal(e.ref, want[i]);
    }
    assert_false(sim_queue_take(&q, &e));
    assert_null(sim_queue_first(&q));
    sim_queue_fini(&q);
}

/* However they were added, and while more are added, events come out in the order of their times. */
static void never_goes_back(void **state)
{
    struct sim_queue q;
    struct sim_event e;
    struct nr_rng rng;
    int64_t last = 0;
    size_t taken = 0;
    (void)state;
    nr_rng_init(&rng, 1);
    sim_queue_init(&q);
    for (int i = 0; i < 1000; i++) sim_queue_add(&q, nr_rng_below(&rng, 1000), SIM_EV_DELIVER, 0, 0);
    while (sim_queue_take(&q, &e)) {
        assert_true(e.at_us >= last);
        last = e.at_us;
        if (taken++ % 4 == 0) sim_queue_add(&q, last + nr_rng_below(&rng, 50), SIM_EV_EXPIRE, 0, 0);
    }
    assert_true(taken > 1300);
    sim_queue_fini(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(order_is_as_written), cmocka_unit_test(never_goes_back) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
