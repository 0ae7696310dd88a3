#include "proto/mp.h"

#include <float.h>
#include <math.h>

#include "nr_test.h"

static int check(const char *hex)
{
    static uint8_t bytes[1024];
    return nr_mp_check(test_unhex(hex, bytes, sizeof bytes), 4, false);
}

static struct nr_bytes written_uint(uint64_t v, uint8_t out[static 9])
{
    struct nr_writer w;
    nr_writer_init(&w, out, 9);
    nr_mp_write_uint(&w, v);
    assert_int_equal(w.err, 0);
    return nr_writer_bytes(&w);
}

/* A.2.1: on both sides of every width, an integer is written in its shortest form, and that is read. */
static void unsigned_integers_are_shortest(void **state)
{
    static const struct {
        uint64_t v;
        size_t len;
    } edges[] = {
        { 0, 1 },          { 127, 1 },        { 128, 2 },
        { 255, 2 },        { 256, 3 },        { 65535, 3 },
        { 65536, 5 },      { UINT32_MAX, 5 }, { UINT64_C(1) << 32, 9 },
        { UINT64_MAX, 9 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(edges); i++) {
        uint8_t out[9];
        struct nr_reader r;
        struct nr_bytes b = written_uint(edges[i].v, out);
        assert_int_equal(b.len, edges[i].len);
        nr_reader_init(&r, b);
        assert_true(nr_mp_read_uint(&r) == edges[i].v);
        assert_int_equal(nr_reader_end(&r), 0);
    }
}

/* The same for negative numbers; a non-negative one is written as unsigned. */
static void signed_integers_are_shortest(void **state)
{
    static const struct {
        int64_t v;
        size_t len;
    } edges[] = {
        { -1, 1 },        { -32, 1 },       { -33, 2 },
        { -128, 2 },      { -129, 3 },      { -32768, 3 },
        { -32769, 5 },    { INT32_MIN, 5 }, { INT64_C(-2147483649), 9 },
        { INT64_MIN, 9 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(edges); i++) {
        uint8_t out[9];
        struct nr_writer w;
        struct nr_reader r;
        nr_writer_init(&w, out, sizeof out);
        nr_mp_write_int(&w, edges[i].v);
        assert_int_equal(nr_writer_len(&w), edges[i].len);
        nr_reader_init(&r, nr_writer_bytes(&w));
        struct nr_mp_item item = nr_mp_next(&r);
        assert_int_equal(nr_reader_end(&r), 0);
        assert_int_equal(item.type, NR_MP_NEGINT);
        assert_true(item.negint == edges[i].v);
    }
    for (int64_t v = 0; v < INT64_MAX / 3; v = v * 3 + 1) {
        uint8_t a[9], b[9];
        struct nr_writer w;
        nr_writer_init(&w, b, sizeof b);
        nr_mp_write_int(&w, v);
        test_bytes_equal(nr_writer_bytes(&w), written_uint((uint64_t)v, a));
    }
}

/* A.2.1: every longer form of a number is refused. */
static void longer_integers_are_refused(void **state)
{
    static const char *const bad[] = {
        "cc00",
        "cc7f",
        "cd0000",
        "cd00ff",
        "ce00000000",
        "ce0000ffff",
        "cf0000000000000000",
        "cf00000000ffffffff",
        "d000",
        "d07f",
        "d0ff",
        "d0e0",
        "d10000",
        "d17fff",
        "d1ff80",
        "d1ffff",
        "d200000001",
        "d27fffffff",
        "d2ffff8000",
        "d3000000000000ffff",
        "d37fffffffffffffff",
        "d3ffffffff80000000",
        "d3ffffffffffffffff",
    };
    static const char *const good[] = {
        "cc80",       "cd0100",     "ce00010000",         "cf0000000100000000", "d0df", "d080", "d1ff7f", "d18000",
        "d2ffff7fff", "d280000000", "d3ffffffff7fffffff", "d38000000000000000", "e0",   "ff"
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) assert_int_equal(check(bad[i]), NR_E_NONCANONICAL);
    for (size_t i = 0; i < COUNT(good); i++) assert_int_equal(check(good[i]), 0);
}

/* One item of `len` bytes or elements by hand, under the given head. */
static int check_sized(const char *head, uint8_t filler, size_t count)
{
    static uint8_t bytes[70000 * 2];
    size_t n = test_unhex(head, bytes, 8).len;
    memset(bytes + n, filler, count);
    return nr_mp_check(nr_bytes(bytes, n + count), 4, false);
}

/* A.2.2: str, bin and arrays take their shortest header, on both sides of every width. */
static void headers_are_shortest(void **state)
{
    (void)state;
    assert_int_equal(check_sized("d91f", 'a', 31), NR_E_NONCANONICAL);
    assert_int_equal(check_sized("d920", 'a', 32), 0);
    assert_int_equal(check_sized("da00ff", 'a', 255), NR_E_NONCANONICAL);
    assert_int_equal(check_sized("da0100", 'a', 256), 0);
    assert_int_equal(check_sized("db0000ffff", 'a', 65535), NR_E_NONCANONICAL);
    assert_int_equal(check_sized("db00010000", 'a', 65536), 0);
    assert_int_equal(check_sized("c400", 0, 0), 0);
    assert_int_equal(check_sized("c500ff", 0, 255), NR_E_NONCANONICAL);
    assert_int_equal(check_sized("c50100", 0, 256), 0);
    assert_int_equal(check_sized("c60000ffff", 0, 65535), NR_E_NONCANONICAL);
    assert_int_equal(check_sized("c600010000", 0, 65536), 0);
    assert_int_equal(check_sized("dc000f", 0, 15), NR_E_NONCANONICAL);
    assert_int_equal(check_sized("dc0010", 0, 16), 0);
    assert_int_equal(check_sized("dd0000ffff", 0, 65535), NR_E_NONCANONICAL);
    assert_int_equal(check_sized("dd00010000", 0, 65536), 0);
    assert_int_equal(check("de0000"), NR_E_NONCANONICAL);
    assert_int_equal(check("de0001a0c0"), NR_E_NONCANONICAL);
    assert_int_equal(check("df0000000100c0"), NR_E_NONCANONICAL);
}

/* A.2.2 for maps: 15 pairs in the fix form, 16 in the next; and the writer does the same. */
static void map_headers_are_shortest(void **state)
{
    (void)state;
    for (uint32_t pairs = 14; pairs <= 17; pairs++) {
        uint8_t out[128], wide[128] = { 0xde, 0 };
        struct nr_writer w;
        nr_writer_init(&w, out, sizeof out);
        nr_mp_write_map(&w, pairs);
        assert_int_equal(nr_writer_len(&w), pairs < 16 ? 1 : 3);
        size_t head = nr_writer_len(&w);
        for (uint32_t i = 0; i < pairs; i++) {
            nr_mp_write_str(&w, nr_bytes(&"abcdefghijklmnopq"[i], 1));
            nr_mp_write_nil(&w);
        }
        assert_int_equal(nr_mp_check(nr_writer_bytes(&w), 1, true), 0);
        wide[2] = (uint8_t)pairs;
        memcpy(wide + 3, out + head, nr_writer_len(&w) - head);
        int rc = nr_mp_check(nr_bytes(wide, nr_writer_len(&w) - head + 3), 1, true);
        assert_int_equal(rc, pairs < 16 ? NR_E_NONCANONICAL : 0);
    }
}

/* What the writer makes of any length is canonical. */
static void written_lengths_are_canonical(void **state)
{
    static const size_t lens[] = { 0, 1, 31, 32, 255, 256, 65535, 65536 };
    static uint8_t in[65536], out[65536 + 9];
    (void)state;
    memset(in, 'x', sizeof in);
    for (size_t i = 0; i < COUNT(lens); i++) {
        struct nr_writer w;
        struct nr_reader r;
        nr_writer_init(&w, out, sizeof out);
        nr_mp_write_str(&w, nr_bytes(in, lens[i]));
        nr_reader_init(&r, nr_writer_bytes(&w));
        assert_int_equal(nr_mp_read_str(&r).len, lens[i]);
        assert_int_equal(nr_reader_end(&r), 0);
        nr_writer_init(&w, out, sizeof out);
        nr_mp_write_bin(&w, nr_bytes(in, lens[i]));
        nr_reader_init(&r, nr_writer_bytes(&w));
        assert_int_equal(nr_mp_read_bin(&r).len, lens[i]);
        assert_int_equal(nr_reader_end(&r), 0);
        nr_writer_init(&w, out, sizeof out);
        nr_mp_write_array(&w, (uint32_t)lens[i]);
        memset(out + nr_writer_len(&w), 0, lens[i]);
        assert_int_equal(nr_mp_check(nr_bytes(out, nr_writer_len(&w) + lens[i]), 1, false), 0);
    }
}

/* A.2.3: float 64 only, and finite. */
static void floats_are_64_and_finite(void **state)
{
    static const double good[] = { 0.0, -0.0, 1.5, DBL_MAX, 5e-324 };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        uint8_t out[9];
        struct nr_writer w;
        struct nr_reader r;
        nr_writer_init(&w, out, sizeof out);
        nr_mp_write_double(&w, good[i]);
        assert_int_equal(nr_writer_len(&w), 9);
        nr_reader_init(&r, nr_writer_bytes(&w));
        struct nr_mp_item item = nr_mp_next(&r);
        assert_int_equal(nr_reader_end(&r), 0);
        assert_int_equal(item.type, NR_MP_FLOAT);
        assert_memory_equal(&item.real, &good[i], 8);
    }
    assert_int_equal(check("ca3fc00000"), NR_E_NONCANONICAL);
    assert_int_equal(check("cb7ff0000000000000"), NR_E_NONCANONICAL);
    assert_int_equal(check("cbfff0000000000000"), NR_E_NONCANONICAL);
    assert_int_equal(check("cb7ff8000000000000"), NR_E_NONCANONICAL);
}

/* A.2.4: keys are str, ascending by bytes, a shorter one first; none twice. */
static void keys_ascend(void **state)
{
    (void)state;
    assert_int_equal(check("82a161c0a162c0"), 0);
    assert_int_equal(check("82a162c0a161c0"), NR_E_NONCANONICAL);
    assert_int_equal(check("82a161c0a161c0"), NR_E_NONCANONICAL);
    assert_int_equal(check("82a161c0a26162c0"), 0);
    assert_int_equal(check("82a26162c0a161c0"), NR_E_NONCANONICAL);
    assert_int_equal(check("82a162c0a26161c0"), NR_E_NONCANONICAL);
    assert_int_equal(check("82a0c0a161c0"), 0);
    assert_int_equal(check("82a17ac0a2c3a9c0"), 0);
    assert_int_equal(check("8101c0"), NR_E_NONCANONICAL);
    assert_int_equal(check("81c40161c0"), NR_E_NONCANONICAL);
    assert_int_equal(check("81a161"
                           "82a162c0a161c0"),
                     NR_E_NONCANONICAL);
    assert_int_equal(check("91"
                           "82a161c0a161c0"),
                     NR_E_NONCANONICAL);
}

/* A.2.5: text is UTF-8, keys too. */
static void text_is_utf8(void **state)
{
    (void)state;
    assert_int_equal(check("a2c3a9"), 0);
    assert_int_equal(check("a1ff"), NR_E_INVALID);
    assert_int_equal(check("a3eda080"), NR_E_INVALID);
    assert_int_equal(check("81a1ffc0"), NR_E_INVALID);
}

/* A.2.6: no extension types, no unused byte. */
static void extensions_are_refused(void **state)
{
    static const char *const bad[] = { "c1",
                                       "c70001",
                                       "c8000001",
                                       "c90000000001",
                                       "d40100",
                                       "d5010000",
                                       "d60100000000",
                                       "d7ff0000000000000000",
                                       "d8ff00000000000000000000000000000000" };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) assert_int_equal(check(bad[i]), NR_E_INVALID);
}

/* A.2.6: containers nest as deep as is allowed and not one deeper, arrays and maps alike, empty ones too. */
static void depth_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(check("91919190"), 0);
    assert_int_equal(check("9191919190"), NR_E_TOO_LARGE);
    assert_int_equal(check("919181a16180"), 0);
    assert_int_equal(check("919181a161"
                           "9180"),
                     NR_E_TOO_LARGE);
    assert_int_equal(nr_mp_check(nr_bytes("\x90", 1), 0, false), NR_E_TOO_LARGE);
    assert_int_equal(nr_mp_check(nr_bytes("\xc0", 1), 0, false), 0);
}

/* A.2.7: nothing follows. */
static void nothing_follows(void **state)
{
    (void)state;
    assert_int_equal(check("c0c0"), NR_E_INVALID);
    assert_int_equal(check("9000"), NR_E_INVALID);
    assert_int_equal(check(""), NR_E_TRUNCATED);
}

/* Input cut at any byte is refused; counts and lengths that it cannot hold are not believed. */
static void cut_input_is_refused(void **state)
{
    uint8_t bytes[128];
    struct nr_bytes good =
        test_unhex("84a161cf0000000100000000a16292cb3ff0000000000000c403010203a163d3ffffffff7fffffffa16481a178c3",
                   bytes, sizeof bytes);
    (void)state;
    assert_int_equal(nr_mp_check(good, 4, false), 0);
    for (size_t n = 0; n < good.len; n++) assert_true(nr_mp_check(nr_bytes(good.data, n), 4, false) < 0);
    assert_int_equal(check("dd00ffffff"), NR_E_NONCANONICAL);
    assert_int_equal(check("df7fffffff"), NR_E_NONCANONICAL);
    assert_int_equal(check("dfffffffff"), NR_E_NONCANONICAL);
    assert_int_equal(check("dbffffffff61"), NR_E_TRUNCATED);
    assert_int_equal(check("c6ffffffff61"), NR_E_TRUNCATED);
    assert_int_equal(check("92c0"), NR_E_NONCANONICAL);
    assert_int_equal(check("81a0"), NR_E_NONCANONICAL);
}

/* What is to become JSON has no bin in it, wherever. */
static void json_has_no_bin(void **state)
{
    uint8_t bytes[16];
    struct nr_bytes nested = test_unhex("81a16191c40100", bytes, sizeof bytes);
    (void)state;
    assert_int_equal(nr_mp_check(nested, 4, false), 0);
    assert_int_equal(nr_mp_check(nested, 4, true), NR_E_INVALID);
}

/* A typed read of another type fails, gives nothing, and stays failed. */
static void typed_reads_are_strict(void **state)
{
    static const char *const items[] = { "c0",   "c2",     "01",   "ff",      "cb3ff0000000000000",
                                         "a161", "c40161", "9101", "81a16101" };
    (void)state;
    for (size_t i = 0; i < COUNT(items); i++) {
        uint8_t bytes[16];
        struct nr_bytes in = test_unhex(items[i], bytes, sizeof bytes);
        struct nr_reader r[6];
        for (size_t k = 0; k < COUNT(r); k++) nr_reader_init(&r[k], in);
        assert_int_equal(nr_mp_read_uint(&r[0]), i == 2);
        assert_false(nr_mp_read_bool(&r[1]));
        assert_int_equal(nr_mp_read_str(&r[2]).len, i == 5);
        assert_int_equal(nr_mp_read_bin(&r[3]).len, i == 6);
        assert_int_equal(nr_mp_read_array(&r[4]), i == 7);
        assert_int_equal(nr_mp_read_map(&r[5]), i == 8);
        static const size_t right[] = { 2, 1, 5, 6, 7, 8 };
        for (size_t k = 0; k < COUNT(r); k++) assert_int_equal(r[k].err, right[k] == i ? 0 : NR_E_INVALID);
    }
}

/* The walk steps over one item, gives its bytes, and leaves the next. */
static void skips_one_item(void **state)
{
    uint8_t bytes[16];
    struct nr_reader r;
    (void)state;
    nr_reader_init(&r, test_unhex("82a161920102a162c007", bytes, sizeof bytes));
    test_bytes_equal(nr_mp_skip(&r, 2, true), nr_bytes(bytes, 9));
    assert_int_equal(nr_mp_read_uint(&r), 7);
    assert_int_equal(nr_reader_end(&r), 0);
}

/* A writer that is full stays within its memory and says so. */
static void writers_are_bounded(void **state)
{
    uint8_t out[8] = { 0 };
    (void)state;
    for (size_t size = 0; size < 9; size++) {
        struct nr_writer w;
        nr_writer_init(&w, out, size < 8 ? size : 8);
        nr_mp_write_double(&w, 1.0);
        assert_int_equal(w.err, NR_E_TOO_LARGE);
        nr_mp_write_bool(&w, true);
        nr_mp_write_bool(&w, false);
        assert_true(nr_writer_len(&w) <= 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_integers_are_shortest),
        cmocka_unit_test(signed_integers_are_shortest),
        cmocka_unit_test(longer_integers_are_refused),
        cmocka_unit_test(headers_are_shortest),
        cmocka_unit_test(map_headers_are_shortest),
        cmocka_unit_test(written_lengths_are_canonical),
        cmocka_unit_test(floats_are_64_and_finite),
        cmocka_unit_test(keys_ascend),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(extensions_are_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(nothing_follows),
        cmocka_unit_test(cut_input_is_refused),
        cmocka_unit_test(json_has_no_bin),
        cmocka_unit_test(typed_reads_are_strict),
        cmocka_unit_test(skips_one_item),
        cmocka_unit_test(writers_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
