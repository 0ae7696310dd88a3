#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/nodectl/text.h"

static void expect_escaped(struct nr_bytes in, const char *out)
{
    struct nr_buf b;
    nr_buf_init(&b, 0);
    ctl_escape(&b, in);
    nr_buf_add(&b, "", 1);
    assert_int_equal(b.err, 0);
    assert_string_equal((const char *)b.data, out);
    nr_buf_fini(&b);
}

/* Nothing that a node calls itself can steer a terminal or turn text around. */
static void hostile_text_is_made_visible(void **state)
{
    (void)state;
    expect_escaped(nr_bytes_str("plain Ünï 名"), "plain Ünï 名");
    expect_escaped(nr_bytes_str("\033[2J\a\x7f\n"), "\\x1b[2J\\x07\\x7f\\x0a");
    expect_escaped(nr_bytes_str("\xc2\x9b"), "\\u{9b}");
    expect_escaped(nr_bytes_str("a\xe2\x80\xae"
                                "b"),
                   "a\\u{202e}b");
    expect_escaped(nr_bytes_str("\xe2\x80\x8b\xef\xbb\xbf"), "\\u{200b}\\u{feff}");
}

/* Each bad byte shows as itself, and what follows it is read anew. */
static void bad_utf8_is_shown_byte_by_byte(void **state)
{
    (void)state;
    expect_escaped(nr_bytes_str("\xff"
                                "a\xc3"),
                   "\\xffa\\xc3");
    expect_escaped(nr_bytes_str("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    expect_escaped(nr_bytes_str("\xc0\xaf\xf5"), "\\xc0\\xaf\\xf5");
    expect_escaped(nr_bytes("a\0b", 3), "a\\x00b");
}

/* A wide character takes two columns, a combining one none. */
static void width_counts_columns(void **state)
{
    (void)state;
    assert_int_equal(ctl_width(nr_bytes_str("")), 0);
    assert_int_equal(ctl_width(nr_bytes_str("abc")), 3);
    assert_int_equal(ctl_width(nr_bytes_str("Ünï")), 3);
    assert_int_equal(ctl_width(nr_bytes_str("名前")), 4);
    assert_int_equal(ctl_width(nr_bytes_str("e\xcc\x81")), 1);
    assert_int_equal(ctl_width(nr_bytes_str("\xf0\x9f\x98\x80")), 2);
}

static void expect_duration(int64_t ms, const char *text)
{
    char out[CTL_TEXT];
    ctl_duration_format(ms, out);
    assert_string_equal(out, text);
}

/* A duration is shown by its two largest units, cut and never rounded up. */
static void durations_are_short(void **state)
{
    (void)state;
    expect_duration(0, "0s");
    expect_duration(999, "999ms");
    expect_duration(1999, "1s");
    expect_duration(59999, "59s");
    expect_duration(185000, "3m05s");
    expect_duration(3599999, "59m59s");
    expect_duration(7620000, "2h07m");
    expect_duration(86400000, "1d00h");
    expect_duration(-1500, "-1s");
    expect_duration(INT64_MAX, "106751991167d07h");
    expect_duration(INT64_MIN, "-106751991167d07h");
}

static void expect_size(uint64_t bytes, const char *text)
{
    char out[CTL_TEXT];
    ctl_size_format(bytes, out);
    assert_string_equal(out, text);
}

/* A size never shows four digits before the point where a larger unit would do. */
static void sizes_take_the_unit_that_fits(void **state)
{
    (void)state;
    expect_size(0, "0 B");
    expect_size(1023, "1023 B");
    expect_size(1024, "1.0 KiB");
    expect_size(1048575, "1.0 MiB");
    expect_size(35651584, "34.0 MiB");
    expect_size(UINT64_MAX, "16.0 EiB");
}

/* Ages are told from now, in both directions; 0 is never. */
static void ages_are_told_from_now(void **state)
{
    (void)state;
    char out[CTL_TEXT];
    ctl_age_format(0, 1000, out);
    assert_string_equal(out, "never");
    ctl_age_format(100000, 112500, out);
    assert_string_equal(out, "12s ago");
    ctl_age_format(112400, 112500, out);
    assert_string_equal(out, "0s ago");
    ctl_age_format(297500, 112500, out);
    assert_string_equal(out, "in 3m05s");
}

/* A span is digits and at most one unit, up to 400 days. */
static void durations_parse_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = { { "0", 0 },        { "90", 90000 },   { "90s", 90000 },
                 { "15m", 900000 }, { "2h", 7200000 }, { "400d", 34560000000 } };
    static const char *const bad[] = {
        "", "s", "-1", "1w", "1.5h", "2h30m", " 1", "1 ", "401d", "99999999999", "0x10"
    };
    int64_t ms;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(ctl_duration_parse(good[i].text, &ms), 0);
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ctl_duration_parse(bad[i], &ms), NR_E_INVALID);
}

/* A moment is a span ago or a whole UTC time; nothing else. */
static void moments_parse_strictly(void **state)
{
    (void)state;
    int64_t at;
    static const char *const bad[] = {
        "yesterday",  "2026-11-23T14:30:00", "2026-11-23T14:30:00.1Z", "2026-11-23T14:30:00.123",
        "2026-13-01", "2026-11-23 ",         "2026-11-23T14:30:00Zx",  "1960-01-01"
    };
    assert_int_equal(ctl_when_parse("90s", 1000000, &at), 0);
    assert_int_equal(at, 910000);
    assert_int_equal(ctl_when_parse("2026-11-23T14:30:00.123Z", 0, &at), 0);
    assert_int_equal(at, 1795444200123);
    assert_int_equal(ctl_when_parse("2026-11-23T14:30:00Z", 0, &at), 0);
    assert_int_equal(at, 1795444200000);
    assert_int_equal(ctl_when_parse("2026-11-23", 0, &at), 0);
    assert_int_equal(at, 1795392000000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ctl_when_parse(bad[i], 0, &at), NR_E_INVALID);
}

/* A count is decimal digits within its bound, and cannot wrap round. */
static void counts_parse_strictly(void **state)
{
    (void)state;
    uint64_t v;
    assert_int_equal(ctl_count_parse("007", 10, &v), 0);
    assert_int_equal(v, 7);
    assert_int_equal(ctl_count_parse("11", 10, &v), NR_E_INVALID);
    assert_int_equal(ctl_count_parse("18446744073709551617", UINT64_MAX, &v), NR_E_INVALID);
    assert_int_equal(ctl_count_parse("-1", 10, &v), NR_E_INVALID);
    assert_int_equal(ctl_count_parse("", 10, &v), NR_E_INVALID);
}

static void expect_pretty(const char *json, const char *text)
{
    struct nr_buf b;
    nr_buf_init(&b, 0);
    ctl_json_pretty(&b, nr_bytes_str(json), 0);
    nr_buf_add(&b, "", 1);
    assert_string_equal((const char *)b.data, text);
    nr_buf_fini(&b);
}

/* Layout changes white space alone: what stands in strings, brackets and quotes included, stays. */
static void json_is_laid_out(void **state)
{
    (void)state;
    expect_pretty("{}", "{}");
    expect_pretty("{\"a\":[1,{\"b\":[]}],\"c\":\"x,{\\\"}\"}",
                  "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": \"x,{\\\"}\"\n}");
    expect_pretty("]}", "\n]\n}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_text_is_made_visible),  cmocka_unit_test(bad_utf8_is_shown_byte_by_byte),
        cmocka_unit_test(width_counts_columns),          cmocka_unit_test(durations_are_short),
        cmocka_unit_test(sizes_take_the_unit_that_fits), cmocka_unit_test(ages_are_told_from_now),
        cmocka_unit_test(durations_parse_strictly),      cmocka_unit_test(moments_parse_strictly),
        cmocka_unit_test(counts_parse_strictly),         cmocka_unit_test(json_is_laid_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
