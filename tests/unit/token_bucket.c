#include "base/token_bucket.h"

#include "nr_test.h"

/* It starts full and gives no more than its burst at once. */
static void starts_full(void **state)
{
    struct nr_token_bucket b;
    (void)state;
    nr_token_bucket_init(&b, 10, 3, 1000);
    for (int i = 0; i < 3; i++) assert_true(nr_token_bucket_take(&b, 1, 1000));
    assert_false(nr_token_bucket_take(&b, 1, 1000));
}

/* It fills at its rate, up to its burst. */
static void fills_at_its_rate(void **state)
{
    struct nr_token_bucket b;
    (void)state;
    nr_token_bucket_init(&b, 10, 3, 0);
    assert_true(nr_token_bucket_take(&b, 3, 0));
    assert_false(nr_token_bucket_take(&b, 1, 99000));
    assert_true(nr_token_bucket_take(&b, 1, 100000));
    assert_true(nr_token_bucket_take(&b, 3, 3600 * INT64_C(1000000)));
    assert_false(nr_token_bucket_take(&b, 1, 3600 * INT64_C(1000000)));
}

/* What is refused, or only asked about, takes nothing. */
static void a_refusal_takes_nothing(void **state)
{
    struct nr_token_bucket b;
    (void)state;
    nr_token_bucket_init(&b, 0, 5, 0);
    assert_false(nr_token_bucket_take(&b, 6, 0));
    assert_false(nr_token_bucket_has(&b, 6, 0));
    assert_true(nr_token_bucket_has(&b, 5, 0));
    assert_true(nr_token_bucket_take(&b, 5, 0));
    assert_false(nr_token_bucket_has(&b, 1, 0));
}

/* A clock that goes back adds nothing and takes nothing, and nothing is added twice when it comes forward again. */
static void a_clock_that_goes_back_adds_nothing(void **state)
{
    struct nr_token_bucket b;
    (void)state;
    nr_token_bucket_init(&b, 1, 2, 10000000);
    assert_true(nr_token_bucket_take(&b, 2, 10000000));
    assert_false(nr_token_bucket_take(&b, 1, 0));
    assert_false(nr_token_bucket_take(&b, 1, 10000000));
    assert_true(nr_token_bucket_take(&b, 1, 11000000));
    assert_false(nr_token_bucket_take(&b, 1, 11000000));
    nr_token_bucket_init(&b, 1, 2, 10000000);
    assert_true(nr_token_bucket_take(&b, 2, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_full),
        cmocka_unit_test(fills_at_its_rate),
        cmocka_unit_test(a_refusal_takes_nothing),
        cmocka_unit_test(a_clock_that_goes_back_adds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
