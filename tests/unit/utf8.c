#include "base/utf8.h"

#include "nr_test.h"

static bool valid(const char *s)
{
    return nr_utf8_valid(nr_bytes_str(s));
}

/* RFC 3629's own first and last of each length. */
static void takes_what_the_rfc_takes(void **state)
{
    static const char *const good[] = {
        "",
        "plain",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8dz",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) assert_true(valid(good[i]));
    assert_true(nr_utf8_valid(nr_bytes("\0", 1)));
    assert_true(nr_utf8_valid(nr_bytes(NULL, 0)));
}

/* Overlong forms, surrogates, what is above U+10FFFF, stray and missing continuations. */
static void refuses_the_rest(void **state)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xc2\xc2",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe1\x80",
        "\xe1\x80\x41",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf1\x80\x80",
        "\xf1\x80\x80\xc0",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "ok\xc3",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) assert_false(valid(bad[i]));
}

/* Every code point by itself: just the surrogates are refused, and the length is the RFC's. */
static void judges_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0x80; c <= 0x1fffff; c += c < 0x11000 ? 1 : 0x3f1) {
        uint8_t s[4];
        size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const uint8_t lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
        for (size_t i = n; i-- > 1;) s[i] = (uint8_t)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
        s[0] = (uint8_t)(lead[n] | c >> (6 * (n - 1)));
        bool good = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        assert_int_equal(nr_utf8_char(nr_bytes(s, n)), good ? n : 0);
        assert_int_equal(nr_utf8_char(nr_bytes(s, n - 1)), 0);
    }
}

/* Clean text has no control character of ASCII in it. */
static void clean_text_has_no_controls(void **state)
{
    (void)state;
    for (int c = 0; c < 0x80; c++) {
        uint8_t s[3] = { 'a', (uint8_t)c, 'b' };
        assert_int_equal(nr_utf8_clean(nr_bytes(s, 3)), c >= 0x20 && c != 0x7f);
        assert_true(nr_utf8_valid(nr_bytes(s, 3)));
    }
    assert_false(nr_utf8_clean(nr_bytes_str("\xff")));
    assert_true(nr_utf8_clean(nr_bytes_str("d\xc3\xa9j\xc3\xa0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_the_rfc_takes),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(judges_every_code_point),
        cmocka_unit_test(clean_text_has_no_controls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
