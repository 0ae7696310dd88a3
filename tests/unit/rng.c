#include "base/rng.h"

#include "nr_test.h"

/* The same seed gives the same numbers, another seed others. */
static void same_seed_same_numbers(void **state)
{
    struct nr_rng a, b, c;
    int same = 0;
    (void)state;
    nr_rng_init(&a, 42);
    nr_rng_init(&b, 42);
    nr_rng_init(&c, 43);
    for (int i = 0; i < 1000; i++) {
        uint64_t v = nr_rng_u64(&a);
        assert_true(v == nr_rng_u64(&b));
        same += v == nr_rng_u64(&c);
    }
    assert_int_equal(same, 0);
}

/* PCG's published numbers for seed 42 and stream 54: the generator is the one it says it is. */
static void is_pcg32(void **state)
{
    static const uint32_t want[] = { 0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e };
    struct nr_rng rng = { .inc = 54U << 1 | 1 };
    (void)state;
    (void)nr_rng_u32(&rng);
    rng.state += 42;
    (void)nr_rng_u32(&rng);
    for (size_t i = 0; i < COUNT(want); i++) assert_int_equal(nr_rng_u32(&rng), want[i]);
}

/* Numbers below a bound stay below it and are even: six standard deviations of a fair die's share. */
static void below_is_even(void **state)
{
    struct nr_rng rng;
    int seen[6] = { 0 };
    (void)state;
    nr_rng_init(&rng, 7);
    for (int i = 0; i < 60000; i++) seen[nr_rng_below(&rng, 6)]++;
    for (int i = 0; i < 6; i++) assert_in_range(seen[i], 10000 - 548, 10000 + 548);
    for (int i = 0; i < 100; i++) assert_int_equal(nr_rng_below(&rng, 1), 0);
    for (int i = 0; i < 1000; i++) assert_true(nr_rng_below(&rng, UINT32_MAX) < UINT32_MAX);
}

static void below_nothing(void)
{
    struct nr_rng rng;
    nr_rng_init(&rng, 1);
    (void)nr_rng_below(&rng, 0);
}

/* There is no number below 0: asking is a bug of ours. */
static void below_zero_aborts(void **state)
{
    (void)state;
    assert_true(test_aborts(below_nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_numbers),
        cmocka_unit_test(is_pcg32),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(below_zero_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
