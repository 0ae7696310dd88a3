#include "message_fixture.h"
#include "nr_test.h"
#include "proto/message.h"

static const struct nr_range all = { 0 };

static int split_rc(struct nr_bytes body)
{
    struct nr_split m;
    return nr_split_decode(body, &m);
}

static int list_rc(struct nr_bytes body)
{
    struct nr_list m;
    return nr_list_decode(body, &m);
}

/* SPLIT of every width, there and back, in one length. */
static void split_round_trips(void **state)
{
    uint32_t prints[256];
    (void)state;
    for (uint32_t i = 0; i < 256; i++) prints[i] = i * 0x01010101;
    for (uint8_t bits = 1; bits <= 8; bits++) {
        struct nr_split out;
        struct nr_range range = { .bits = 12, .prefix = UINT64_C(0xabc) << 52 };
        nr_split_encode(message_begin(), range, 0xdeadbeef, bits, prints);
        struct nr_bytes body = message_body(NR_MSG_SPLIT);
        assert_int_equal(nr_split_decode(body, &out), 0);
        assert_true(out.range.bits == 12 && out.range.prefix == range.prefix);
        assert_true(out.salt == 0xdeadbeef && out.child_bits == bits);
        for (size_t i = 0; i < (size_t)1 << bits; i++) assert_true(nr_split_print(&out, i) == prints[i]);
        message_has_one_length(body, split_rc);
    }
}

static int split_of(uint8_t bits, uint64_t prefix, uint8_t child_bits)
{
    struct nr_writer *w = message_begin();
    nr_write_u8(w, bits);
    nr_write_u64(w, prefix);
    nr_write_u32(w, 0);
    nr_write_u8(w, child_bits);
    if (child_bits <= 8) nr_write_zero(w, (size_t)4 << child_bits);
    assert_int_equal(w->err, 0);
    return split_rc(nr_writer_bytes(w));
}

/* Prefixes have 0 to 64 bits and zeros behind them; children end at 64 bits. */
static void split_has_limits(void **state)
{
    (void)state;
    assert_int_equal(split_of(0, 0, 1), 0);
    assert_int_equal(split_of(0, 0, 8), 0);
    assert_int_equal(split_of(0, 0, 0), NR_E_INVALID);
    assert_int_equal(split_of(0, 0, 9), NR_E_INVALID);
    assert_int_equal(split_of(0, 0, 255), NR_E_INVALID);
    assert_int_equal(split_of(0, 1, 1), NR_E_INVALID);
    assert_int_equal(split_of(0, UINT64_C(1) << 63, 1), NR_E_INVALID);
    assert_int_equal(split_of(1, UINT64_C(1) << 63, 1), 0);
    assert_int_equal(split_of(1, UINT64_C(1) << 62, 1), NR_E_INVALID);
    assert_int_equal(split_of(63, ~UINT64_C(1), 1), 0);
    assert_int_equal(split_of(63, ~UINT64_C(0), 1), NR_E_INVALID);
    assert_int_equal(split_of(63, 0, 2), NR_E_INVALID);
    assert_int_equal(split_of(64, 0, 1), NR_E_INVALID);
    assert_int_equal(split_of(65, 0, 1), NR_E_INVALID);
    assert_int_equal(split_of(255, 0, 8), NR_E_INVALID);
    assert_int_equal(split_of(56, 0, 8), 0);
    assert_int_equal(split_of(57, 0, 8), NR_E_INVALID);
}

/* LIST of every count, there and back. */
static void list_round_trips(void **state)
{
    struct nr_list_element in[NR_LIST_MAX];
    (void)state;
    for (size_t i = 0; i < NR_LIST_MAX; i++) in[i] = (struct nr_list_element){ 10 * i, 20 * i + 1, ~i };
    for (size_t count = 0; count <= NR_LIST_MAX; count++) {
        struct nr_list out;
        nr_list_encode(message_begin(), all, in, count);
        assert_int_equal(nr_list_decode(message_body(NR_MSG_LIST), &out), 0);
        assert_int_equal(out.count, count);
        for (size_t i = 0; i < count; i++) {
            struct nr_list_element e = nr_list_at(&out, i);
            assert_memory_equal(&e, &in[i], sizeof e);
        }
    }
}

/* Elements are whole, and 47 at most. */
static void list_has_limits(void **state)
{
    static uint8_t body[9 + 24 * (NR_LIST_MAX + 1)];
    (void)state;
    for (size_t i = 0; i <= NR_LIST_MAX; i++) body[9 + 24 * i + 7] = (uint8_t)i;
    for (size_t n = 0; n <= sizeof body; n++) {
        bool good = n >= 9 && (n - 9) % 24 == 0 && n <= 9 + 24 * 47;
        assert_int_equal(message_try(nr_bytes(body, sizeof body), n, list_rc), good ? 0 : NR_E_INVALID);
    }
}

static int list_of(uint8_t bits, uint64_t prefix, uint64_t first, uint64_t second)
{
    struct nr_writer *w = message_begin();
    nr_write_u8(w, bits);
    nr_write_u64(w, prefix);
    nr_write_u64(w, first);
    nr_write_zero(w, 16);
    nr_write_u64(w, second);
    nr_write_zero(w, 16);
    return list_rc(nr_writer_bytes(w));
}

/* Key hashes ascend, and lie within the range. */
static void list_is_in_order(void **state)
{
    uint64_t top = UINT64_C(1) << 63;
    (void)state;
    assert_int_equal(list_of(0, 0, 1, 2), 0);
    assert_int_equal(list_of(0, 0, 0, UINT64_MAX), 0);
    assert_int_equal(list_of(0, 0, 2, 2), NR_E_INVALID);
    assert_int_equal(list_of(0, 0, 2, 1), NR_E_INVALID);
    assert_int_equal(list_of(1, top, top, top + 1), 0);
    assert_int_equal(list_of(1, top, top - 1, top), NR_E_INVALID);
    assert_int_equal(list_of(1, 0, 1, top), NR_E_INVALID);
    assert_int_equal(list_of(63, 6, 6, 7), 0);
    assert_int_equal(list_of(63, 6, 7, 8), NR_E_INVALID);
    assert_int_equal(list_of(64, 6, 6, 7), NR_E_INVALID);
    assert_int_equal(list_of(65, 6, 6, 7), NR_E_INVALID);
    assert_int_equal(list_of(1, 1, 1, 2), NR_E_INVALID);
}

/* A child's range is its parent's with its own number behind. */
static void children_are_ranges(void **state)
{
    (void)state;
    struct nr_range c = nr_range_child(all, 6, 63);
    assert_true(c.bits == 6 && c.prefix == UINT64_C(63) << 58);
    c = nr_range_child(c, 5, 1);
    assert_true(c.bits == 11 && c.prefix == (UINT64_C(63) << 58 | UINT64_C(1) << 53));
    c = nr_range_child((struct nr_range){ .bits = 63, .prefix = 2 }, 1, 1);
    assert_true(c.bits == 64 && c.prefix == 3);
    c = nr_range_child((struct nr_range){ .bits = 8, .prefix = UINT64_C(0xff) << 56 }, 8, 0);
    assert_true(c.bits == 16 && c.prefix == UINT64_C(0xff) << 56);
}

static void child_beyond_its_bits(void)
{
    (void)nr_range_child(all, 2, 4);
}

/* A child that its bits cannot number is a bug of ours. */
static void no_such_child_aborts(void **state)
{
    (void)state;
    assert_true(test_aborts(child_beyond_its_bits));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_round_trips),    cmocka_unit_test(split_has_limits),
        cmocka_unit_test(list_round_trips),     cmocka_unit_test(list_has_limits),
        cmocka_unit_test(list_is_in_order),     cmocka_unit_test(children_are_ranges),
        cmocka_unit_test(no_such_child_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
