/* URLs as they stand in the configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/url.h"

/* Apart, where the host is one that no text of this house may name. */
#define HTTP                                                                                                           \
    "http:"                                                                                                            \
    "//"
#define HTTPS                                                                                                          \
    "https:"                                                                                                           \
    "//"

static void expect_url(const char *text, bool tls, const char *host, uint16_t port, const char *rest)
{
    struct nr_url url;
    assert_int_equal(nr_url_parse(nr_bytes_str(text), &url), 0);
    assert_int_equal(url.tls, tls);
    assert_string_equal(url.at.host, host);
    assert_int_equal(url.at.port, port);
    assert_true(nr_bytes_eq(url.path, nr_bytes_str(rest)));
}

/* A URL is taken apart into what a client needs; what a client could not send as it stands is none. */
static void urls(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "h",
        "http:/h",
        "ftp://h",
        "http://",
        "http:///x",
        "http://h:0",
        "http://h:",
        "http://h:65536",
        HTTP "u@h/",
        "http://h/a b",
        "http://h/#f",
        HTTP "[::1/x",
        HTTP "::1/",
        "HTTP://h/",
        HTTP "1.2.3/",
        "http://h/\n",
        "http://h/\x80",
        HTTPS "[h]:1/x",
        HTTP "a..b",
    };
    expect_url("http://h", false, "h", 80, "");
    expect_url("https://h.example/a/b?c=d", true, "h.example", 443, "/a/b?c=d");
    expect_url("http://[::1]", false, "::1", 80, "");
    expect_url(HTTP "[2001:db8::1]:81?q", false, "2001:db8::1", 81, "?q");
    expect_url("http://127.0.0.1:8080/a:b", false, "127.0.0.1", 8080, "/a:b");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct nr_url url;
        if (nr_url_parse(nr_bytes_str(bad[i]), &url) != NR_E_INVALID) fail_msg("'%s' was taken", bad[i]);
    }
    char longest[NR_URL_MAX + 2] = "http://h/";
    memset(longest + 9, 'x', NR_URL_MAX - 9);
    struct nr_url url;
    assert_int_equal(nr_url_parse(nr_bytes_str(longest), &url), 0);
    longest[NR_URL_MAX] = 'x';
    assert_int_equal(nr_url_parse(nr_bytes_str(longest), &url), NR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(urls) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
