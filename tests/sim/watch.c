#include "tools/sim/watch.h"

#include "tests/unit/nr_test.h"

/* The time to a share of the nodes is that of the arrival which completes the share, of the median and of the worst
 * record. */
static void times_shares(void **state)
{
    struct sim_watches w;
    (void)state;
    sim_watches_init(&w);
    assert_int_equal(sim_watch_time_us(&w, 10, 500, true), -1);
    for (uint64_t id = 1; id <= 3; id++) {
        sim_watch_add(&w, id, 1000);
        for (int64_t i = 1; i < 10; i++) sim_watch_seen(&w, id, 1000 + i * 100 * (int64_t)id);
    }
    sim_watch_seen(&w, 99, 5000); /* nobody watches it */
    assert_int_equal(sim_watch_reached(&w, 2), 10);
    assert_int_equal(sim_watch_reached(&w, 99), 0);
    assert_int_equal(sim_watch_time_us(&w, 10, 100, true), 0); /* its maker */
    assert_int_equal(sim_watch_time_us(&w, 10, 500, false), 800);
    assert_int_equal(sim_watch_time_us(&w, 10, 500, true), 1200);
    assert_int_equal(sim_watch_time_us(&w, 10, 999, true), 2700);
    assert_int_equal(sim_watch_time_us(&w, 11, 1000, true), -1);
    sim_watch_add(&w, 4, 6000); /* one that gets nowhere, and is said anew */
    assert_int_equal(sim_watch_time_us(&w, 10, 500, true), -1);
    sim_watch_end(&w, 4);
    assert_int_equal(sim_watch_time_us(&w, 10, 500, true), 1200);
    sim_watches_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(times_shares) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
