#include "base/histogram.h"

#include "nr_test.h"

static const struct nr_histogram_bounds bounds = { 3, { 10, 20, 30 } };

/* A value on a bound belongs below it, and one above all bounds to the last bucket. */
static void bounds_are_inclusive(void **state)
{
    struct nr_histogram h = { 0 };
    (void)state;
    const int64_t values[] = { 0, 10, 11, 20, 30, 31, 1000 };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) nr_histogram_add(&h, &bounds, values[i]);
    assert_int_equal(h.counts[0], 2);
    assert_int_equal(h.counts[1], 2);
    assert_int_equal(h.counts[2], 1);
    assert_int_equal(h.counts[3], 2);
    assert_int_equal(h.sum, 1102);
}

/* A clock that went back makes no huge value of a negative one. */
static void below_zero_is_zero(void **state)
{
    struct nr_histogram h = { 0 };
    (void)state;
    nr_histogram_add(&h, &bounds, -5);
    assert_int_equal(h.counts[0], 1);
    assert_int_equal(h.sum, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_are_inclusive),
        cmocka_unit_test(below_zero_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
