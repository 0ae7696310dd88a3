#include "tools/sim/map.h"

#include "tests/unit/nr_test.h"

/* Every key put is found with its last value, through all growing; no other is. */
static void finds_what_was_put(void **state)
{
    struct sim_map m;
    (void)state;
    sim_map_init(&m);
    assert_null(sim_map_get(&m, 0));
    for (uint64_t k = 0; k < 5000; k++) sim_map_put(&m, k * k, (uint32_t)k);
    for (uint64_t k = 0; k < 5000; k += 7) sim_map_put(&m, k * k, (uint32_t)k + 1);
    assert_int_equal(m.count, 5000);
    for (uint64_t k = 0; k < 5000; k++) {
        const uint32_t *v = sim_map_get(&m, k * k);
        assert_non_null(v);
        assert_int_equal(*v, k + (k % 7 == 0));
    }
    assert_null(sim_map_get(&m, 2));
    sim_map_clear(&m);
    assert_null(sim_map_get(&m, 0));
    assert_int_equal(m.count, 0);
    sim_map_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(finds_what_was_put) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
