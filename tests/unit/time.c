#include "base/time.h"

#include <stdio.h>
#include <time.h>

#include "nr_test.h"

static void formats_as(int64_t ms, const char *want)
{
    char text[NR_TIME_TEXT];
    nr_time_format(ms, text);
    assert_string_equal(text, want);
}

/* RFC 3339 in UTC with milliseconds, before 1970 too. */
static void formats_moments(void **state)
{
    (void)state;
    formats_as(0, "1970-01-01T00:00:00.000Z");
    formats_as(-1, "1969-12-31T23:59:59.999Z");
    formats_as(1795444200123, "2026-11-23T14:30:00.123Z");
    formats_as(951782400000, "2000-02-29T00:00:00.000Z");
    formats_as(4107542400000, "2100-03-01T00:00:00.000Z");
    formats_as(-62167219200000, "0000-01-01T00:00:00.000Z");
    formats_as(253402300799999, "9999-12-31T23:59:59.999Z");
}

/* A year that has no four digits is written as the nearest that has. */
static void clamps_what_has_no_form(void **state)
{
    (void)state;
    formats_as(253402300800000, "9999-12-31T23:59:59.999Z");
    formats_as(INT64_MAX, "9999-12-31T23:59:59.999Z");
    formats_as(-62167219200001, "0000-01-01T00:00:00.000Z");
    formats_as(INT64_MIN, "0000-01-01T00:00:00.000Z");
}

/* It agrees with the C library, a step of a day and some over all the years. */
static void agrees_with_gmtime(void **state)
{
    (void)state;
    for (int64_t s = -62167219200; s < 253402300800; s += 86400 * 97 + 4321) {
        char want[64], day[32];
        struct tm tm;
        time_t t = s;
        assert_non_null(gmtime_r(&t, &tm));
        assert_true(strftime(day, sizeof day, "-%m-%dT%H:%M:%S", &tm) > 0);
        snprintf(want, sizeof want, "%04d%s.042Z", tm.tm_year + 1900, day);
        formats_as(s * 1000 + 42, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_moments),
        cmocka_unit_test(clamps_what_has_no_form),
        cmocka_unit_test(agrees_with_gmtime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
