#include "nodehttpd/query.h"
#include "nodehttpd/since.h"
#include "nr_test.h"

static struct query q;

static int parse(const char *text)
{
    return query_parse(&q, nr_bytes_str(text));
}

/* Pairs keep their order, '+' and %XX are decoded, a key without '=' has an empty value, empty pairs are overlooked. */
static void test_pairs(void **state)
{
    (void)state;
    assert_int_equal(parse("a=1&&b+c=%C3%a4%26&d&e=x=y"), 0);
    assert_int_equal(q.count, 4);
    test_text_equal(q.pairs[0].key, "a");
    test_text_equal(q.pairs[0].value, "1");
    test_text_equal(q.pairs[1].key, "b c");
    test_text_equal(q.pairs[1].value, "\xc3\xa4&");
    test_text_equal(q.pairs[2].key, "d");
    assert_int_equal(q.pairs[2].value.len, 0);
    test_text_equal(q.pairs[3].value, "x=y");
    assert_int_equal(parse(""), 0);
    assert_int_equal(q.count, 0);
}

/* What is not percent-encoded UTF-8 without control characters is refused. */
static void test_malformed(void **state)
{
    static const char *const bad[] = { "a=%", "a=%4", "a=%zz", "a=%f", "%=a", "a=%ff", "a=%00", "a=%0a", "a=%C3" };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) assert_int_equal(parse(bad[i]), NR_E_INVALID);
}

/* More pairs than there is room for are refused, not cut. */
static void test_many(void **state)
{
    char text[2 * QUERY_PAIRS_MAX + 3] = "";
    (void)state;
    for (int i = 0; i < QUERY_PAIRS_MAX; i++) strcat(text, "a&");
    assert_int_equal(parse(text), 0);
    strcat(text, "a");
    assert_int_equal(parse(text), NR_E_TOO_LARGE);
}

/* In a path '+' is a plus. */
static void test_path(void **state)
{
    uint8_t room[16];
    struct nr_bytes text;
    (void)state;
    assert_int_equal(percent_decode(nr_bytes_str("a+b%2Bc"), false, room, &text), 0);
    test_text_equal(text, "a+b+c");
}

/* A parameter that may stand once is a fault when it stands twice; an empty one is absent. */
static void test_once(void **state)
{
    struct faults f;
    struct nr_bytes v;
    (void)state;
    faults_init(&f);
    assert_int_equal(parse("role=a&role=&x=1&x=1"), 0);
    assert_true(query_text(&q, "role", &f, &v));
    test_text_equal(v, "a");
    assert_false(query_text(&q, "none", &f, &v));
    assert_int_equal(f.count, 0);
    assert_false(query_text(&q, "x", &f, &v));
    assert_int_equal(f.count, 1);
    faults_fini(&f);
}

static size_t number_faults(const char *text, uint64_t *n)
{
    struct faults f;
    faults_init(&f);
    assert_int_equal(parse(text), 0);
    query_number(&q, "limit", 1, 1000, &f, n);
    size_t count = f.count;
    faults_fini(&f);
    return count;
}

/* A number is whole and within its bounds, or a fault that leaves the default alone. */
static void test_numbers(void **state)
{
    static const char *const bad[] = {
        "limit=0",        "limit=1001", "limit=-1", "limit=1.5", "limit=+1", "limit=0x", "limit=18446744073709551617",
        "limit=1&limit=1"
    };
    uint64_t n = 7;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(number_faults(bad[i], &n), 1);
        assert_int_equal(n, 7);
    }
    assert_int_equal(number_faults("", &n), 0);
    assert_int_equal(n, 7);
    assert_int_equal(number_faults("limit=1000", &n), 0);
    assert_int_equal(n, 1000);
}

/* A time is RFC 3339 with any offset, or whole seconds. */
static void test_since(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-11-23T14:30:00.123Z", 1795444200123 },
        { "2026-11-23T15:30:00.1239+01:00", 1795444200123 },
        { "2026-11-23 13:30:00.5 01:00", 1795437000500 },
        { "2026-11-23t09:00:00-05:30", 1795444200000 },
        { "2024-02-29T00:00:00Z", 1709164800000 },
        { "1795444200", 1795444200000 },
    };
    static const char *const bad[] = { "",
                                       "x",
                                       "2026-11-23",
                                       "2026-11-23T14:30:00",
                                       "2026-13-01T00:00:00Z",
                                       "2026-11-23T24:00:00Z",
                                       "2026-11-23T14:30:00Zx",
                                       "-5",
                                       "1e9",
                                       "2026-11-23T14:30:00+25:00",
                                       "99999999999999999999" };
    int64_t ms;
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(since_parse(nr_bytes_str(good[i].text), &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < COUNT(bad); i++) assert_false(since_parse(nr_bytes_str(bad[i]), &ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs), cmocka_unit_test(test_malformed), cmocka_unit_test(test_many),
        cmocka_unit_test(test_path),  cmocka_unit_test(test_once),      cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
