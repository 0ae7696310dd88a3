/* What /metrics counts and how it is written. */
#include <stdio.h>

#include "nodehttpd/accept.h"
#include "nodehttpd/exposition.h"
#include "nodehttpd/metrics.h"
#include "nodehttpd/router.h"
#include "nr_test.h"

static struct nr_buf buf;

static int setup(void **state)
{
    (void)state;
    nr_buf_init(&buf, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    nr_buf_fini(&buf);
    return 0;
}

static void written(const char *want)
{
    nr_buf_add(&buf, "", 1);
    assert_int_equal(buf.err, 0);
    assert_string_equal((const char *)buf.data, want);
    nr_buf_reset(&buf);
}

/* A counter's family has its name without _total in OpenMetrics only; its samples are called the same in both. */
static void counters(void **state)
{
    struct exposition e = { .out = &buf, .form = EXPOSITION_TEXT };
    (void)state;
    expose_one(&e, "x_total", FAMILY_COUNTER, "help", 7);
    expose_end(&e);
    written("# HELP x_total help\n# TYPE x_total counter\nx_total 7\n");
    e.form = EXPOSITION_OPEN;
    expose_one(&e, "x_total", FAMILY_COUNTER, "help", 7);
    expose_end(&e);
    written("# HELP x help\n# TYPE x counter\nx_total 7\n# EOF\n");
}

/* Buckets are cumulated and bounds are written alike in both forms; what is there now is a gaugehistogram where there
 * are such. */
static void histograms(void **state)
{
    static const struct nr_histogram_bounds bounds = { 3, { 250, 1000000, 90000000 } };
    static const char buckets[] = "x_bucket{a=\"b\",le=\"0.00025\"} 1\nx_bucket{a=\"b\",le=\"1.0\"} 3\n"
                                  "x_bucket{a=\"b\",le=\"90.0\"} 3\nx_bucket{a=\"b\",le=\"+Inf\"} 4\n";
    struct exposition e = { .out = &buf, .form = EXPOSITION_TEXT };
    struct nr_histogram h = { 0 };
    char want[512];
    (void)state;
    const int64_t values[] = { 100, 500000, 1000000, 90000001 };
    for (size_t i = 0; i < COUNT(values); i++) nr_histogram_add(&h, &bounds, values[i]);
    expose_histogram(&e, "x", FAMILY_AGES, "a=\"b\"", &h, &bounds);
    snprintf(want, sizeof want, "%sx_sum{a=\"b\"} 91.500101\nx_count{a=\"b\"} 4\n", buckets);
    written(want);
    e.form = EXPOSITION_OPEN;
    expose_histogram(&e, "x", FAMILY_HISTOGRAM, "a=\"b\"", &h, &bounds);
    written(want);
    expose_histogram(&e, "x", FAMILY_AGES, "a=\"b\"", &h, &bounds);
    snprintf(want, sizeof want, "%sx_gsum{a=\"b\"} 91.500101\nx_gcount{a=\"b\"} 4\n", buckets);
    written(want);
    expose_family(&e, "x", FAMILY_AGES, "help");
    written("# HELP x help\n# TYPE x gaugehistogram\n");
}

/* No value of a label can end it or its line. */
static void labels(void **state)
{
    struct label_set set = { 0 };
    (void)state;
    label_add(&set, "role", nr_bytes_str("a\"} 1\nb\\"));
    label_add(&set, "status", nr_bytes_str("online"));
    assert_string_equal(set.text, "role=\"a\\\"} 1\\nb\\\\\",status=\"online\"");
    assert_int_equal(set.len, strlen(set.text));
}

/* The longest role fits although each of its bytes is escaped. */
static void longest_role(void **state)
{
    struct label_set set = { 0 };
    char role[NR_ROLE_MAX];
    (void)state;
    memset(role, '"', sizeof role);
    label_add(&set, "role", nr_bytes(role, sizeof role));
    label_add(&set, "status", nr_bytes_str("maintenance"));
    assert_int_equal(set.len, strlen("role=\"\",status=\"maintenance\"") + 2 * NR_ROLE_MAX);
}

static enum metrics_form form(const char *accept)
{
    static struct nr_http_request req;
    req.header_count = accept ? 2 : 1;
    req.headers[0] = (struct nr_http_header){ nr_bytes_str("Host"), nr_bytes_str("x") };
    if (accept) req.headers[1] = (struct nr_http_header){ nr_bytes_str("ACCEPT"), nr_bytes_str(accept) };
    return accept_form(&req);
}

/* Who names no text form gets JSON; else weights decide, and of equal ones OpenMetrics. */
static void accepts(void **state)
{
    (void)state;
    assert_int_equal(form(NULL), METRICS_JSON);
    assert_int_equal(form("*/*"), METRICS_JSON);
    assert_int_equal(form("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), METRICS_JSON);
    assert_int_equal(form("text/plain"), METRICS_TEXT);
    assert_int_equal(form("text/plain;version=0.0.4;q=0.5, */*;q=0.1"), METRICS_TEXT);
    assert_int_equal(
        form("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
             "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
        METRICS_OPEN);
    assert_int_equal(form("Application/OpenMetrics-Text; q=0.3 , text/plain ; Q=0.5"), METRICS_TEXT);
    assert_int_equal(form("application/openmetrics-text,text/plain"), METRICS_OPEN);
    assert_int_equal(form("application/openmetrics-text;q=0,text/plain;q=0.001"), METRICS_TEXT);
    assert_int_equal(form("text/plain;q=0"), METRICS_JSON);
    assert_int_equal(form("text/plain;q=0.000,application/json"), METRICS_JSON);
    assert_int_equal(form("text/plainer, text, ;;q=, ,=;q"), METRICS_JSON);
    assert_int_equal(form("text/plain;q=x"), METRICS_TEXT);
}

/* Requests are counted by row and status, with what they took; all unknown paths share a row. */
static void requests(void **state)
{
    static struct metrics m;
    (void)state;
    for (int i = 0; i < 4; i++) metrics_begin(&m);
    assert_int_equal(m.in_flight, 4);
    metrics_end(&m, &routes[1], 200, 300);
    metrics_end(&m, &routes[1], 503, 300);
    metrics_end(&m, NULL, 404, 20000000);
    assert_int_equal(m.in_flight, 1);
    assert_int_equal(m.status_count, 3);
    assert_int_equal(metrics_count(&m.took_us[1][0]), 1);
    assert_int_equal(m.took_us[1][1].counts[2], 1);
    assert_int_equal(m.took_us[METRICS_ROUTES_MAX][2].counts[metrics_bounds_us.count], 1);
    for (int status = 600; status < 700; status++) {
        metrics_begin(&m);
        metrics_end(&m, NULL, status, 0);
    }
    assert_int_equal(m.status_count, METRICS_STATUSES_MAX);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(counters), T(histograms), T(labels), T(longest_role), T(accepts), T(requests)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
