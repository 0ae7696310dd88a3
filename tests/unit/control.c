#include "proto/control.h"

#include <stdio.h>

#include "fail_alloc.h"
#include "nr_test.h"
#include "proto/limits.h"
#include "proto/mp.h"

static struct nr_buf out;

static void write_all(struct nr_control_writer *w)
{
    nr_control_begin(w, &out);
    nr_control_cstr(w, "op", "register");
    nr_control_uint(w, "id", 7);
    nr_control_cstr(w, "absent", NULL);
    nr_control_bin(w, "key", nr_bytes("\0\1", 2));
    nr_control_int(w, "rtt_us", -1);
    nr_control_bool(w, "ok", true);
    nr_control_item(w, "metadata", nr_bytes("\x81\xa1k\x05", 4));
    nr_control_item(w, "nothing", nr_bytes("\xc0", 1));
    nr_control_str(w, "a", nr_bytes_str(""));
}

static struct nr_control_map parsed(void)
{
    struct nr_control_map m;
    long len = nr_control_frame(nr_buf_bytes(&out), NR_CONTROL_REQUEST_MAX);
    assert_int_equal(len, out.len);
    assert_int_equal(nr_control_parse(nr_bytes(out.data + 4, out.len - 4), &m), 0);
    return m;
}

/* Members given in any order make a canonical map, and are found again by their types. */
static void round_trips(void **state)
{
    struct nr_control_writer w;
    struct nr_bytes b;
    uint64_t u;
    int64_t i;
    bool v;
    struct nr_control_map inner;
    (void)state;
    nr_buf_reset(&out);
    write_all(&w);
    assert_int_equal(nr_control_end(&w), 0);
    struct nr_control_map m = parsed();
    assert_int_equal(nr_control_get_str(&m, "op", &b), 1);
    test_text_equal(b, "register");
    assert_int_equal(nr_control_get_str(&m, "a", &b), 1);
    assert_int_equal(b.len, 0);
    assert_int_equal(nr_control_get_uint(&m, "id", &u), 1);
    assert_true(u == 7);
    assert_int_equal(nr_control_get_int(&m, "rtt_us", &i), 1);
    assert_true(i == -1);
    assert_int_equal(nr_control_get_int(&m, "id", &i), 1);
    assert_true(i == 7);
    assert_int_equal(nr_control_get_bin(&m, "key", &b), 1);
    assert_int_equal(b.len, 2);
    assert_int_equal(nr_control_get_bool(&m, "ok", &v), 1);
    assert_true(v);
    assert_int_equal(nr_control_get_map(&m, "metadata", &inner), 1);
    assert_int_equal(nr_control_get_uint(&inner, "k", &u), 1);
    assert_true(u == 5);
    assert_true(nr_control_get(&m, "metadata", &b));
    assert_int_equal(b.len, 4);
}

/* What is absent or nil is 0, another type is refused, and the value is empty either way. */
static void absent_and_wrong_are_told_apart(void **state)
{
    struct nr_control_writer w;
    struct nr_bytes b = nr_bytes("x", 1);
    uint64_t u = 1;
    int64_t i = 1;
    bool v = true;
    struct nr_control_map inner;
    (void)state;
    nr_buf_reset(&out);
    write_all(&w);
    assert_int_equal(nr_control_end(&w), 0);
    struct nr_control_map m = parsed();
    static const char *const absent[] = { "absent", "nothing", "", "zzz", "o", "opp" };
    for (size_t k = 0; k < COUNT(absent); k++) {
        assert_false(nr_control_get(&m, absent[k], &b));
        assert_int_equal(nr_control_get_str(&m, absent[k], &b), 0);
        assert_int_equal(nr_control_get_uint(&m, absent[k], &u), 0);
        assert_int_equal(nr_control_get_map(&m, absent[k], &inner), 0);
    }
    assert_true(b.len == 0 && u == 0 && inner.map.len == 0);
    assert_int_equal(nr_control_get_str(&m, "id", &b), NR_E_INVALID);
    assert_int_equal(nr_control_get_str(&m, "key", &b), NR_E_INVALID);
    assert_int_equal(nr_control_get_bin(&m, "op", &b), NR_E_INVALID);
    assert_int_equal(nr_control_get_uint(&m, "rtt_us", &u), NR_E_INVALID);
    assert_int_equal(nr_control_get_int(&m, "ok", &i), NR_E_INVALID);
    assert_int_equal(nr_control_get_bool(&m, "id", &v), NR_E_INVALID);
    assert_int_equal(nr_control_get_map(&m, "op", &inner), NR_E_INVALID);
    inner = (struct nr_control_map){ 0 };
    assert_false(nr_control_get(&inner, "op", &b));
}

/* A number that int64 does not hold is no int. */
static void large_numbers_are_no_int(void **state)
{
    struct nr_control_writer w;
    int64_t i;
    (void)state;
    nr_buf_reset(&out);
    nr_control_begin(&w, &out);
    nr_control_uint(&w, "a", (uint64_t)INT64_MAX);
    nr_control_uint(&w, "b", (uint64_t)INT64_MAX + 1);
    assert_int_equal(nr_control_end(&w), 0);
    struct nr_control_map m = parsed();
    assert_int_equal(nr_control_get_int(&m, "a", &i), 1);
    assert_int_equal(nr_control_get_int(&m, "b", &i), NR_E_INVALID);
}

/* A frame is there when all its bytes are; lengths of nothing and beyond the limit are refused at once. */
static void frames_have_lengths(void **state)
{
    (void)state;
    assert_int_equal(nr_control_frame(nr_bytes("\0\0\0\2\x80\x80", 6), 10), 6);
    for (size_t n = 0; n < 6; n++) assert_int_equal(nr_control_frame(nr_bytes("\0\0\0\2\x80\x80", n), 10), 0);
    assert_int_equal(nr_control_frame(nr_bytes("\0\0\0\2\x80\x80xyz", 9), 10), 6);
    assert_int_equal(nr_control_frame(nr_bytes("\0\0\0\0", 4), 10), NR_E_INVALID);
    assert_int_equal(nr_control_frame(nr_bytes("\0\0\0\x0a", 4), 10), 0);
    assert_int_equal(nr_control_frame(nr_bytes("\0\0\0\x0b", 4), 10), NR_E_TOO_LARGE);
    assert_int_equal(nr_control_frame(nr_bytes("\xff\xff\xff\xff", 4), NR_CONTROL_REPLY_MAX), NR_E_TOO_LARGE);
}

/* Only a canonical map is a frame's body; cut anywhere it is none. */
static void bodies_are_checked(void **state)
{
    struct nr_control_writer w;
    struct nr_control_map m;
    (void)state;
    assert_true(nr_control_parse(nr_bytes("\x90", 1), &m) == NR_E_INVALID);
    assert_true(nr_control_parse(nr_bytes("\x82\xa1"
                                          "b\xc0\xa1"
                                          "a\xc0",
                                          7),
                                 &m) == NR_E_NONCANONICAL);
    assert_true(nr_control_parse(nr_bytes("\x80\xc0", 2), &m) == NR_E_INVALID);
    nr_buf_reset(&out);
    write_all(&w);
    assert_int_equal(nr_control_end(&w), 0);
    for (size_t n = 4; n < out.len; n++) assert_true(nr_control_parse(nr_bytes(out.data + 4, n - 4), &m) < 0);
    assert_null(m.map.data);
}

/* Frames follow each other in one buffer, and 48 members fit. */
static void frames_are_appended(void **state)
{
    char keys[NR_CONTROL_MEMBERS_MAX][24];
    struct nr_control_writer w;
    struct nr_control_map m;
    (void)state;
    nr_buf_reset(&out);
    write_all(&w);
    assert_int_equal(nr_control_end(&w), 0);
    size_t first = out.len;
    nr_control_begin(&w, &out);
    for (size_t i = COUNT(keys); i-- > 0;) {
        snprintf(keys[i], sizeof keys[i], "k%zu", i);
        nr_control_uint(&w, keys[i], i);
    }
    assert_int_equal(nr_control_end(&w), 0);
    assert_int_equal(nr_control_frame(nr_buf_bytes(&out), 1000), first);
    assert_int_equal(nr_control_parse(nr_bytes(out.data + first + 4, out.len - first - 4), &m), 0);
    for (size_t i = 0; i < COUNT(keys); i++) {
        uint64_t v;
        assert_int_equal(nr_control_get_uint(&m, keys[i], &v), 1);
        assert_true(v == i);
    }
}

/* More than a reply may hold is refused, and nothing is appended. */
static void replies_are_bounded(void **state)
{
    static uint8_t big[NR_CONTROL_REPLY_MAX];
    struct nr_control_writer w;
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        nr_buf_reset(&out);
        nr_control_begin(&w, &out);
        nr_control_bin(&w, "a", nr_bytes(big, NR_CONTROL_REPLY_MAX - 8 + over));
        assert_int_equal(nr_control_end(&w), over ? NR_E_TOO_LARGE : 0);
        assert_int_equal(out.len, over ? 0 : NR_CONTROL_REPLY_MAX + 4);
    }
    nr_buf_reset(&out);
    nr_control_begin(&w, &out);
    nr_control_bin(&w, "a", nr_bytes(big, sizeof big));
    assert_int_equal(nr_control_end(&w), NR_E_TOO_LARGE);
    assert_int_equal(out.len, 0);
}

/* Whichever allocation fails, end says so, and what stood in the buffer stands. */
static void survives_failed_allocation(void **state)
{
    struct nr_control_writer w;
    bool hit = true;
    (void)state;
    for (long n = 1; hit; n++) {
        nr_buf_fini(&out);
        nr_buf_init(&out, 0);
        nr_buf_add_str(&out, "kept");
        fail_alloc_at(n);
        write_all(&w);
        int rc = nr_control_end(&w);
        hit = fail_alloc_hit();
        fail_alloc_at(0);
        assert_int_equal(rc, hit ? NR_E_NOMEM : 0);
        assert_memory_equal(out.data, "kept", 4);
        if (hit) assert_int_equal(out.len, 4);
        assert_true(n < 50);
    }
}

static void key_given_twice(void)
{
    struct nr_control_writer w;
    nr_control_begin(&w, &out);
    nr_control_uint(&w, "a", 1);
    nr_control_uint(&w, "a", 2);
    (void)!nr_control_end(&w);
}

static void too_many_members(void)
{
    static const char keys[] = "0123456789012345678901234567890123456789012345678";
    struct nr_control_writer w;
    nr_control_begin(&w, &out);
    for (size_t i = 0; i < 49; i++) nr_control_uint(&w, keys + i, i);
}

/* A key given twice, or a 49th member, is a bug of ours. */
static void misuse_aborts(void **state)
{
    (void)state;
    assert_true(test_aborts(key_given_twice));
    assert_true(test_aborts(too_many_members));
}

static int fini(void **state)
{
    (void)state;
    nr_buf_fini(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(absent_and_wrong_are_told_apart),
        cmocka_unit_test(large_numbers_are_no_int),
        cmocka_unit_test(frames_have_lengths),
        cmocka_unit_test(bodies_are_checked),
        cmocka_unit_test(frames_are_appended),
        cmocka_unit_test(replies_are_bounded),
        cmocka_unit_test(survives_failed_allocation),
        cmocka_unit_test(misuse_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, fini);
}
