#include "base/buf.h"

#include "fail_alloc.h"
#include "nr_test.h"

/* It grows over many additions and keeps all of them in order. */
static void grows(void **state)
{
    struct nr_buf b;
    (void)state;
    nr_buf_init(&b, 0);
    for (int i = 0; i < 1000; i++) nr_buf_printf(&b, "%04d", i);
    nr_buf_add_str(&b, "");
    nr_buf_add(&b, NULL, 0);
    assert_int_equal(b.err, 0);
    assert_int_equal(b.len, 4000);
    assert_memory_equal(b.data + 3992, "09980999", 8);
    nr_buf_fini(&b);
}

/* Exactly `max` bytes fit; one more is refused, whole, and the error sticks until a reset. */
static void stops_at_its_limit(void **state)
{
    struct nr_buf b;
    (void)state;
    nr_buf_init(&b, 8);
    nr_buf_add(&b, "12345", 5);
    nr_buf_printf(&b, "%d", 678);
    assert_int_equal(b.err, 0);
    nr_buf_add(&b, "9", 1);
    assert_int_equal(b.err, NR_E_TOO_LARGE);
    nr_buf_add(&b, "", 0);
    assert_int_equal(b.len, 8);
    nr_buf_reset(&b);
    nr_buf_add(&b, "12345678", 8);
    assert_int_equal(b.err, 0);
    test_text_equal(nr_buf_bytes(&b), "12345678");
    nr_buf_fini(&b);
}

/* A length that no memory has is refused without an overflow. */
static void a_huge_length_is_refused(void **state)
{
    struct nr_buf b;
    (void)state;
    nr_buf_init(&b, 0);
    nr_buf_add(&b, "x", 1);
    assert_null(nr_buf_room(&b, SIZE_MAX));
    assert_int_equal(b.err, NR_E_TOO_LARGE);
    assert_int_equal(b.len, 1);
    nr_buf_fini(&b);
}

/* What was written into the room becomes content by the commit, in part if wanted. */
static void room_is_committed(void **state)
{
    struct nr_buf b;
    (void)state;
    nr_buf_init(&b, 0);
    nr_buf_add_str(&b, "ab");
    uint8_t *room = nr_buf_room(&b, 100);
    assert_non_null(room);
    memcpy(room, "cdef", 4);
    assert_int_equal(b.len, 2);
    nr_buf_commit(&b, 3);
    test_text_equal(nr_buf_bytes(&b), "abcde");
    nr_buf_fini(&b);
}

/* When memory is refused, what stood there stands, and the error sticks. */
static void survives_failed_allocation(void **state)
{
    struct nr_buf b;
    char big[200];
    (void)state;
    memset(big, 'x', sizeof big);
    nr_buf_init(&b, 0);
    nr_buf_add_str(&b, "kept");
    fail_alloc_at(1);
    nr_buf_add(&b, big, sizeof big);
    assert_true(fail_alloc_hit());
    assert_int_equal(b.err, NR_E_NOMEM);
    nr_buf_printf(&b, "%s", "lost");
    nr_buf_add_str(&b, "lost");
    test_text_equal(nr_buf_bytes(&b), "kept");
    nr_buf_fini(&b);
}

/* A zeroed buffer may be freed, and a freed one used again under the same limit. */
static void fini_takes_all(void **state)
{
    struct nr_buf b = { 0 };
    (void)state;
    nr_buf_fini(&b);
    nr_buf_init(&b, 3);
    nr_buf_add_str(&b, "abc");
    nr_buf_fini(&b);
    assert_null(b.data);
    nr_buf_add_str(&b, "abcd");
    assert_int_equal(b.err, NR_E_TOO_LARGE);
    nr_buf_fini(&b);
}

static void commit_too_much(void)
{
    struct nr_buf b;
    nr_buf_init(&b, 0);
    (void)nr_buf_room(&b, 1);
    nr_buf_commit(&b, 1000);
}

/* A commit of more than the room is a bug of ours. */
static void a_false_commit_aborts(void **state)
{
    (void)state;
    assert_true(test_aborts(commit_too_much));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows),
        cmocka_unit_test(stops_at_its_limit),
        cmocka_unit_test(a_huge_length_is_refused),
        cmocka_unit_test(room_is_committed),
        cmocka_unit_test(survives_failed_allocation),
        cmocka_unit_test(fini_takes_all),
        cmocka_unit_test(a_false_commit_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
