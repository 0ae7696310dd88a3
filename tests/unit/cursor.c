#include "base/cursor.h"

#include "nr_test.h"

static const uint8_t fifteen[15] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* Integers are big-endian and follow one another. */
static void reads_integers(void **state)
{
    struct nr_reader r;
    (void)state;
    nr_reader_init(&r, nr_bytes(fifteen, 15));
    assert_int_equal(nr_read_u8(&r), 1);
    assert_int_equal(nr_read_u16(&r), 0x0203);
    assert_int_equal(nr_read_u32(&r), 0x04050607);
    assert_int_equal(nr_reader_left(&r), 8);
    assert_true(nr_read_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_int_equal(nr_reader_end(&r), 0);
}

/* A step beyond the end fails, gives zero, and every step after it fails with the first error. */
static void a_failed_reader_stays_failed(void **state)
{
    struct nr_reader r;
    uint8_t copy[4] = { 9, 9, 9, 9 };
    (void)state;
    nr_reader_init(&r, nr_bytes(fifteen, 3));
    assert_int_equal(nr_read_u32(&r), 0);
    assert_int_equal(r.err, NR_E_TRUNCATED);
    assert_int_equal(nr_read_u8(&r), 0);
    assert_int_equal(nr_reader_left(&r), 0);
    assert_null(nr_read_bytes(&r, 0).data);
    nr_read_copy(&r, copy, 4);
    assert_memory_equal(copy, "\0\0\0\0", 4);
    nr_reader_fail(&r, NR_E_INVALID);
    assert_int_equal(nr_reader_end(&r), NR_E_TRUNCATED);
}

/* A length near the end of the address space is no overflow. */
static void a_huge_length_is_refused(void **state)
{
    struct nr_reader r;
    (void)state;
    nr_reader_init(&r, nr_bytes(fifteen, 15));
    assert_null(nr_read_bytes(&r, SIZE_MAX).data);
    assert_int_equal(r.err, NR_E_TRUNCATED);
}

/* Bytes left over are an error. */
static void leftovers_are_refused(void **state)
{
    struct nr_reader r;
    (void)state;
    nr_reader_init(&r, nr_bytes(fifteen, 3));
    (void)nr_read_u16(&r);
    assert_int_equal(nr_reader_end(&r), NR_E_INVALID);
}

/* No bytes at all may come without a pointer. */
static void empty_input_needs_no_pointer(void **state)
{
    struct nr_reader r;
    (void)state;
    nr_reader_init(&r, nr_bytes(NULL, 0));
    assert_int_equal(nr_read_bytes(&r, 0).len, 0);
    nr_read_copy(&r, NULL, 0);
    assert_int_equal(nr_reader_end(&r), 0);
}

/* What is written is what is read. */
static void writes_integers(void **state)
{
    uint8_t out[15];
    struct nr_writer w;
    (void)state;
    nr_writer_init(&w, out, sizeof out);
    nr_write_u8(&w, 1);
    nr_write_u16(&w, 0x0203);
    nr_write_u32(&w, 0x04050607);
    nr_write_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    assert_int_equal(w.err, 0);
    assert_int_equal(nr_writer_left(&w), 0);
    test_bytes_equal(nr_writer_bytes(&w), nr_bytes(fifteen, 15));
}

/* What does not fit is not written at all, fails the writer for good, and leaves what stood before. */
static void a_full_writer_stays_failed(void **state)
{
    uint8_t out[5] = { 0 };
    struct nr_writer w;
    (void)state;
    nr_writer_init(&w, out, 4);
    nr_write_u16(&w, 0x0102);
    nr_write_u32(&w, 0xffffffff);
    assert_int_equal(w.err, NR_E_TOO_LARGE);
    nr_write_u8(&w, 0xff);
    nr_write_zero(&w, 1);
    nr_write_bytes(&w, nr_bytes(fifteen, 1));
    assert_int_equal(nr_writer_left(&w), 0);
    test_bytes_equal(nr_writer_bytes(&w), nr_bytes("\x01\x02", 2));
    assert_memory_equal(out + 2, "\0\0\0", 3);
}

/* Bytes and zeros fill the writer to its last byte and not beyond. */
static void fills_to_the_last_byte(void **state)
{
    uint8_t out[5] = { 7, 7, 7, 7, 7 };
    struct nr_writer w;
    (void)state;
    nr_writer_init(&w, out, 4);
    nr_write_bytes(&w, nr_bytes(NULL, 0));
    nr_write_bytes(&w, nr_bytes(fifteen, 2));
    nr_write_zero(&w, 2);
    assert_int_equal(w.err, 0);
    assert_memory_equal(out, "\x01\x02\x00\x00\x07", 5);
}

static void reader_without_memory(void)
{
    struct nr_reader r;
    nr_reader_init(&r, nr_bytes(NULL, 1));
}

/* Bytes without memory are a bug of ours. */
static void bytes_without_memory_abort(void **state)
{
    (void)state;
    assert_true(test_aborts(reader_without_memory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_integers),
        cmocka_unit_test(a_failed_reader_stays_failed),
        cmocka_unit_test(a_huge_length_is_refused),
        cmocka_unit_test(leftovers_are_refused),
        cmocka_unit_test(empty_input_needs_no_pointer),
        cmocka_unit_test(writes_integers),
        cmocka_unit_test(a_full_writer_stays_failed),
        cmocka_unit_test(fills_to_the_last_byte),
        cmocka_unit_test(bytes_without_memory_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
