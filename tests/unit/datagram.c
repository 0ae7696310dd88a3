#include "proto/datagram.h"

#include "nr_test.h"

static const struct nr_header header = {
    .sender = { 1, 2, 3, 4, 5, 6, 7, 8 }, .incarnation = 9, .number = 10, .fingerprint = UINT64_MAX, .flags = 0x80
};

static void put(uint8_t out[static NR_HEADER_SIZE])
{
    struct nr_writer w;
    nr_writer_init(&w, out, NR_HEADER_SIZE);
    nr_header_encode(&w, &header);
    assert_int_equal(w.err, 0);
    assert_int_equal(nr_writer_left(&w), 0);
}

/* B.2: 33 bytes, there and back; flags that nobody knows are no error. */
static void header_round_trips(void **state)
{
    uint8_t bytes[NR_HEADER_SIZE];
    struct nr_reader r;
    struct nr_header h;
    (void)state;
    put(bytes);
    nr_reader_init(&r, nr_bytes(bytes, sizeof bytes));
    nr_header_decode(&r, &h);
    assert_int_equal(nr_reader_end(&r), 0);
    assert_memory_equal(h.sender, header.sender, 8);
    assert_true(h.incarnation == 9 && h.number == 10 && h.fingerprint == UINT64_MAX && h.flags == 0x80);
}

/* A header cut at any byte fails. */
static void a_short_header_fails(void **state)
{
    uint8_t bytes[NR_HEADER_SIZE];
    (void)state;
    put(bytes);
    for (size_t n = 0; n < sizeof bytes; n++) {
        struct nr_reader r;
        struct nr_header h;
        nr_reader_init(&r, nr_bytes(bytes, n));
        nr_header_decode(&r, &h);
        assert_int_equal(r.err, NR_E_TRUNCATED);
    }
}

/* There is no incarnation 0 and no number 0. */
static void zeros_are_refused(void **state)
{
    (void)state;
    for (size_t at = 8; at <= 16; at += 8) {
        uint8_t bytes[NR_HEADER_SIZE];
        struct nr_reader r;
        struct nr_header h;
        put(bytes);
        memset(bytes + at, 0, 8);
        nr_reader_init(&r, nr_bytes(bytes, sizeof bytes));
        nr_header_decode(&r, &h);
        assert_int_equal(r.err, NR_E_INVALID);
    }
}

/* Messages come one after another, also of a type that nobody knows, until the end. */
static void messages_follow_each_other(void **state)
{
    static const uint8_t bytes[] = { 5, 0, 0, 200, 0, 2, 0xaa, 0xbb, 3, 0, 1, 0xcc };
    struct nr_reader r;
    struct nr_message m;
    (void)state;
    nr_reader_init(&r, nr_bytes(bytes, sizeof bytes));
    assert_true(nr_message_next(&r, &m));
    assert_int_equal(m.type, NR_MSG_BYE);
    assert_int_equal(m.body.len, 0);
    assert_true(nr_message_next(&r, &m));
    assert_int_equal(m.type, 200);
    test_bytes_equal(m.body, nr_bytes("\xaa\xbb", 2));
    assert_true(nr_message_next(&r, &m));
    assert_false(nr_message_next(&r, &m));
    assert_int_equal(r.err, 0);
}

/* A length beyond the end ends the walk with an error; what stood before it has been given. */
static void a_length_beyond_the_end_is_malformed(void **state)
{
    static const uint8_t bytes[] = { 5, 0, 0, 3, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8 };
    (void)state;
    for (size_t n = 4; n <= sizeof bytes; n++) {
        struct nr_reader r;
        struct nr_message m;
        nr_reader_init(&r, nr_bytes(bytes, n));
        assert_true(nr_message_next(&r, &m));
        assert_false(nr_message_next(&r, &m));
        assert_int_equal(r.err, NR_E_TRUNCATED);
        assert_false(nr_message_next(&r, &m));
        assert_int_equal(m.body.len, 0);
    }
}

/* Every type has a name of its own. */
static void types_have_names(void **state)
{
    (void)state;
    for (uint8_t a = 1; a < NR_MSG_TYPES; a++)
        for (uint8_t b = 0; b < a; b++) assert_string_not_equal(nr_message_name(a), nr_message_name(b));
    assert_string_equal(nr_message_name(NR_MSG_WANT_PIECES), "want_pieces");
    assert_string_equal(nr_message_name(0), "unknown");
    assert_string_equal(nr_message_name(255), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_round_trips),
        cmocka_unit_test(a_short_header_fails),
        cmocka_unit_test(zeros_are_refused),
        cmocka_unit_test(messages_follow_each_other),
        cmocka_unit_test(a_length_beyond_the_end_is_malformed),
        cmocka_unit_test(types_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
