#include "base/json.h"

#include <float.h>
#include <locale.h>
#include <math.h>

#include "fail_alloc.h"
#include "nr_test.h"

static struct nr_buf buf;
static struct nr_json j;

static int setup(void **state)
{
    (void)state;
    nr_buf_init(&buf, 0);
    nr_json_init(&j, &buf);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    nr_buf_fini(&buf);
    return 0;
}

static void wrote(const char *want)
{
    assert_int_equal(buf.err, 0);
    test_text_equal(nr_buf_bytes(&buf), want);
}

/* Commas stand between members and elements, at every depth, and nowhere else. */
static void places_commas(void **state)
{
    (void)state;
    nr_json_object(&j);
    nr_json_kuint(&j, "a", UINT64_MAX);
    nr_json_key(&j, "b");
    nr_json_array(&j);
    nr_json_object(&j);
    nr_json_object_end(&j);
    nr_json_array(&j);
    nr_json_array_end(&j);
    nr_json_int(&j, INT64_MIN);
    nr_json_null(&j);
    nr_json_array_end(&j);
    nr_json_kbool(&j, "c", false);
    nr_json_kcstr(&j, "d", NULL);
    nr_json_kstr(&j, "e", nr_bytes_str("x"));
    nr_json_ktime(&j, "f", 1795444200123);
    nr_json_key_bytes(&j, nr_bytes_str("g"));
    nr_json_bool(&j, true);
    nr_json_object_end(&j);
    wrote("{\"a\":18446744073709551615,\"b\":[{},[],-9223372036854775808,null],\"c\":false,\"d\":null,\"e\":\"x\","
          "\"f\":\"2026-11-23T14:30:00.123Z\",\"g\":true}");
}

/* A fragment is placed with its comma; an empty one leaves no trace. */
static void places_fragments(void **state)
{
    (void)state;
    nr_json_object(&j);
    nr_json_raw(&j, nr_bytes_str(""));
    nr_json_raw(&j, nr_bytes_str("\"a\":1,\"b\":2"));
    nr_json_kuint(&j, "c", 3);
    nr_json_raw(&j, nr_bytes_str(""));
    nr_json_raw(&j, nr_bytes_str("\"d\":4"));
    nr_json_object_end(&j);
    wrote("{\"a\":1,\"b\":2,\"c\":3,\"d\":4}");
}

/* Members at the top level, without brackets, make a fragment. */
static void makes_fragments(void **state)
{
    (void)state;
    nr_json_kuint(&j, "a", 1);
    nr_json_kuint(&j, "b", 2);
    wrote("\"a\":1,\"b\":2");
}

/* Quotes, backslashes and control characters are escaped, in keys as in values. */
static void escapes(void **state)
{
    (void)state;
    nr_json_object(&j);
    nr_json_kstr(&j, "\"\n", nr_bytes("a\0\x1f\x7f\\/\t\r\xc3\xa9", 10));
    nr_json_object_end(&j);
    wrote("{\"\\\"\\n\":\"a\\u0000\\u001f\\u007f\\\\/\\t\\r\xc3\xa9\"}");
}

/* Bytes that are no UTF-8 become U+FFFD each, and what stands around them stays. */
static void replaces_bad_utf8(void **state)
{
    (void)state;
    nr_json_str(&j, nr_bytes_str("a\xff\xc3(\xed\xa0\x80z\xf0\x9f\x8c"));
    wrote("\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void double_as(double v, const char *want)
{
    nr_buf_reset(&buf);
    nr_json_init(&j, &buf);
    nr_json_double(&j, v);
    wrote(want);
}

/* 15 digits, or as many more as read back the same; what JSON cannot say is null. */
static void writes_doubles(void **state)
{
    (void)state;
    double_as(0.1, "0.1");
    double_as(0.1 + 0.2, "0.30000000000000004");
    double_as(1.0 / 3, "0.3333333333333333");
    double_as(50, "50");
    double_as(-0.0, "-0");
    double_as(1e22, "1e+22");
    double_as(DBL_MAX, "1.7976931348623157e+308");
    double_as(5e-324, "4.94065645841247e-324");
    double_as(INFINITY, "null");
    double_as(-INFINITY, "null");
    double_as(NAN, "null");
}

/* A locale with a decimal comma changes nothing (skipped where none is installed). */
static void doubles_know_no_locale(void **state)
{
    (void)state;
    bool found = setlocale(LC_NUMERIC, "de_DE.UTF-8") || setlocale(LC_NUMERIC, "fr_FR.UTF-8");
    if (!found) skip();
    double_as(0.5, "0.5");
    setlocale(LC_NUMERIC, "C");
}

/* 63 levels are taken. */
static void nests_deep(void **state)
{
    (void)state;
    for (int i = 0; i < 63; i++) nr_json_array(&j);
    nr_json_uint(&j, 1);
    nr_json_uint(&j, 2);
    for (int i = 0; i < 63; i++) nr_json_array_end(&j);
    assert_int_equal(buf.len, 2 * 63 + 3);
    assert_memory_equal(buf.data + 63, "1,2", 3);
}

static void nest_too_deep(void)
{
    setup(NULL);
    for (int i = 0; i < 64; i++) nr_json_array(&j);
}

static void end_too_often(void)
{
    setup(NULL);
    nr_json_object_end(&j);
}

static void key_without_value(void)
{
    setup(NULL);
    nr_json_object(&j);
    nr_json_key(&j, "a");
    nr_json_object_end(&j);
}

/* Brackets that do not balance are bugs of ours. */
static void bad_nesting_aborts(void **state)
{
    (void)state;
    assert_true(test_aborts(nest_too_deep));
    assert_true(test_aborts(end_too_often));
    assert_true(test_aborts(key_without_value));
}

/* Whichever allocation fails, the buffer says so and nothing else happens. */
static void survives_failed_allocation(void **state)
{
    char big[500];
    (void)state;
    memset(big, 'x', sizeof big);
    bool hit = true;
    for (long n = 1; hit; n++) {
        nr_buf_fini(&buf);
        setup(NULL);
        fail_alloc_at(n);
        nr_json_array(&j);
        for (int i = 0; i < 5; i++) nr_json_str(&j, nr_bytes(big, sizeof big));
        nr_json_array_end(&j);
        hit = fail_alloc_hit();
        fail_alloc_at(0);
        assert_int_equal(buf.err, hit ? NR_E_NOMEM : 0);
        assert_true(n < 100);
    }
    assert_int_equal(buf.len, 2 + 5 * 502 + 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(places_commas),          TEST(places_fragments),
        TEST(makes_fragments),        TEST(escapes),
        TEST(replaces_bad_utf8),      TEST(writes_doubles),
        TEST(doubles_know_no_locale), TEST(nests_deep),
        TEST(bad_nesting_aborts),     TEST(survives_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
