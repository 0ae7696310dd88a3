#include "io/http_parse.h"
#include <stdio.h>

#include "nr_test.h"

#define FRONT "GET / HTTP/1.1\r\nHost: h\r\n"

static uint8_t bytes[NR_HTTP_REQUEST_MAX + 1];
static struct nr_http_request req;

/* Feeds `len` bytes, `step` more at each call. */
static enum nr_http_result feed(const char *text, size_t len, size_t step, struct nr_http_parser *p)
{
    enum nr_http_result r = NR_HTTP_MORE;
    *p = (struct nr_http_parser){ 0 };
    memcpy(bytes, text, len);
    for (size_t n = step < len ? step : len; r == NR_HTTP_MORE; n = n + step < len ? n + step : len) {
        r = nr_http_parse(p, bytes, n, &req);
        if (n == len) break;
    }
    return r;
}

static enum nr_http_result parse(const char *text, struct nr_http_parser *p)
{
    return feed(text, strlen(text), strlen(text), p);
}

static void refused(const char *text, int status)
{
    struct nr_http_parser p;
    for (size_t step = 1; step < 2000; step += 999) {
        assert_int_equal(feed(text, strlen(text), step, &p), NR_HTTP_REJECT);
        assert_int_equal(p.status, status);
        assert_non_null(p.detail);
    }
}

/* A request falls into method, path, query, fields without the white space around them, and body. */
static void test_parts(void **state)
{
    struct nr_http_parser p;
    (void)state;
    assert_int_equal(
        parse("POST /a/b?x=1&y HTTP/1.1\r\nHost: h\r\nX-Thing: \t a b \r\nContent-Length: 3\r\n\r\nabcGET", &p),
        NR_HTTP_DONE);
    test_text_equal(req.method, "POST");
    test_text_equal(req.path, "/a/b");
    test_text_equal(req.query, "x=1&y");
    test_text_equal(req.target, "/a/b?x=1&y");
    test_text_equal(req.body, "abc");
    test_text_equal(*nr_http_header(&req, "x-thing"), "a b");
    assert_null(nr_http_header(&req, "x-thin"));
    assert_true(req.keep_alive);
    assert_memory_equal(bytes + p.consumed, "GET", 3);
}

/* However the bytes are cut, the request is the same; before its last byte there is none. */
static void test_every_cut(void **state)
{
    static const char plain[] = "\r\nPUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    static const char chunked[] = "PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "2;ext=1\r\nhe\r\n03\r\nllo\r\n0\r\nTrailer: x\r\n\r\n";
    static const char *const texts[] = { plain, chunked };
    struct nr_http_parser p;
    (void)state;
    for (size_t t = 0; t < COUNT(texts); t++) {
        size_t len = strlen(texts[t]);
        for (size_t step = 1; step <= len; step++) {
            assert_int_equal(feed(texts[t], len, step, &p), NR_HTTP_DONE);
            test_text_equal(req.path, "/p");
            test_text_equal(req.body, "hello");
            assert_int_equal(p.consumed, len);
        }
        for (size_t cut = 0; cut < len; cut++) assert_int_equal(feed(texts[t], cut, 1, &p), NR_HTTP_MORE);
    }
}

/* HTTP/1.1 keeps the connection unless it says close; HTTP/1.0 closes it unless it says keep-alive. */
static void test_keep_alive(void **state)
{
    static const struct {
        const char *text;
        bool keep;
    } cases[] = {
        { FRONT "\r\n", true },
        { FRONT "Connection: close\r\n\r\n", false },
        { FRONT "Connection: x , CLOSE\r\n\r\n", false },
        { "GET / HTTP/1.0\r\n\r\n", false },
        { "GET / HTTP/1.0\nConnection: Keep-Alive\n\n", true },
    };
    struct nr_http_parser p;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(parse(cases[i].text, &p), NR_HTTP_DONE);
        assert_int_equal(req.keep_alive, cases[i].keep);
    }
}

/* The absolute form of a target loses scheme and authority. */
static void test_absolute_form(void **state)
{
    struct nr_http_parser p;
    (void)state;
    assert_int_equal(parse("GET http://h:1/a?b HTTP/1.1\r\nHost: h\r\n\r\n", &p), NR_HTTP_DONE);
    test_text_equal(req.path, "/a");
    test_text_equal(req.query, "b");
    assert_int_equal(parse("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", &p), NR_HTTP_DONE);
    test_text_equal(req.path, "/");
    assert_int_equal(parse("GET http://h?a=/b HTTP/1.1\r\nHost: h\r\n\r\n", &p), NR_HTTP_DONE);
    test_text_equal(req.path, "/");
    test_text_equal(req.query, "a=/b");
}

/* What two readers could understand differently, and what is no HTTP, is refused. */
static void test_malformed(void **state)
{
    static const char *const bad[] = {
        "GET /\r\n",
        "GET  / HTTP/1.1\r\n",
        "get / HTTP/1.1\r\n",
        " GET / HTTP/1.1\r\n",
        "GET x HTTP/1.1\r\n",
        "GET /\x7f HTTP/1.1\r\n",
        "GET /\xc3\xa4 HTTP/1.1\r\n",
        "GET / HTCPCP/1.0\r\n",
        "\x16\x03\x01\x02\n",
        "GET / HTTP/1.1\r\n\r\n",
        FRONT "Host: h\r\n\r\n",
        FRONT "no colon\r\n\r\n",
        FRONT "A : b\r\n\r\n",
        FRONT ": b\r\n\r\n",
        FRONT "A: b\r\n c\r\n\r\n",
        FRONT "A: b\x01\r\n\r\n",
        FRONT "Content-Length: \r\n\r\n",
        FRONT "Content-Length: -1\r\n\r\n",
        FRONT "Content-Length: 1, 1\r\n\r\n",
        FRONT "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        FRONT "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        FRONT "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        FRONT "Transfer-Encoding: chunked\r\n\r\nx\r\n",
        FRONT "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        FRONT "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) refused(bad[i], 400);
    refused("GET / HTTP/2.0\r\n", 505);
    refused(FRONT "Transfer-Encoding: gzip\r\n\r\n", 501);
    refused(FRONT "Expect: miracles\r\n\r\n", 417);
}

static char text[200000];

static size_t build(const char *front, char fill, size_t count, const char *back)
{
    size_t n = strlen(front), m = strlen(back);
    memcpy(text, front, n);
    memset(text + n, fill, count);
    memcpy(text + n + count, back, m + 1);
    return n + count + m;
}

static void expect_at_bound(const char *front, char fill, size_t count, const char *back, int status)
{
    struct nr_http_parser p;
    size_t len = build(front, fill, count, back);
    assert_int_equal(feed(text, len, len, &p), NR_HTTP_DONE);
    len = build(front, fill, count + 1, back);
    assert_int_equal(feed(text, len, len, &p), NR_HTTP_REJECT);
    assert_int_equal(p.status, status);
    assert_int_equal(feed(text, len, 1000, &p), NR_HTTP_REJECT);
    assert_int_equal(p.status, status);
}

/* The bounds of the contract are met exactly: at the bound taken, one byte beyond refused with its own status. */
static void test_bounds(void **state)
{
    struct nr_http_parser p;
    (void)state;
    expect_at_bound("GET /", 'a', NR_HTTP_TARGET_MAX - 1, " HTTP/1.1\r\nHost: h\r\n\r\n", 414);
    expect_at_bound("GET / HTTP/1.1\r\nHost: h\r\nA: ", 'a', NR_HTTP_HEAD_MAX - 16, "\r\n\r\n", 431);
    size_t len = build(FRONT "Content-Length: 65536\r\n\r\n", 'a', NR_HTTP_BODY_MAX, "");
    assert_int_equal(feed(text, len, 5000, &p), NR_HTTP_DONE);
    assert_int_equal(req.body.len, NR_HTTP_BODY_MAX);
    refused(FRONT "Content-Length: 65537\r\n\r\n", 413);
    refused(FRONT "Content-Length: 18446744073709551617\r\n\r\n", 413);
}

/* Without an end in sight a bound is held too. */
static void test_endless(void **state)
{
    struct nr_http_parser p;
    (void)state;
    size_t len = build("GET /", 'a', 10000, "");
    assert_int_equal(feed(text, len, 1000, &p), NR_HTTP_REJECT);
    assert_int_equal(p.status, 414);
    len = build(FRONT "A: ", 'a', 20000, "");
    assert_int_equal(feed(text, len, 1000, &p), NR_HTTP_REJECT);
    assert_int_equal(p.status, 431);
    len = build(FRONT "Transfer-Encoding: chunked\r\n\r\n1;", 'a', 2000, "");
    assert_int_equal(feed(text, len, 1000, &p), NR_HTTP_REJECT);
    assert_int_equal(p.status, 400);
}

/* More than 100 header fields are too many, however short. */
static void test_many_fields(void **state)
{
    struct nr_http_parser p;
    char *end = text + sprintf(text, "GET / HTTP/1.1\r\nHost: h\r\n");
    (void)state;
    for (int i = 0; i < NR_HTTP_HEADERS_MAX - 1; i++) end += sprintf(end, "A: b\r\n");
    strcpy(end, "\r\n");
    assert_int_equal(parse(text, &p), NR_HTTP_DONE);
    strcpy(end, "A: b\r\n\r\n");
    refused(text, 431);
}

/* Chunks count by what they carry: beyond 64 KiB refused, also when sent in one-byte chunks that take long on the wire.
 */
static void test_chunked_bounds(void **state)
{
    static const char front[] = FRONT "Transfer-Encoding: chunked\r\n\r\n";
    struct nr_http_parser p;
    (void)state;
    refused(FRONT "Transfer-Encoding: chunked\r\n\r\n10001\r\n", 413);
    refused(FRONT "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n", 413);
    char *end = text + sprintf(text, "%s", front);
    for (int i = 0; i < 25000; i++) end += sprintf(end, "1\r\nx\r\n");
    assert_int_equal(feed(text, (size_t)(end - text), 5000, &p), NR_HTTP_REJECT);
    assert_int_equal(p.status, 413);
}

/* That the client waits for 100 Continue is known once its header fields are there, before the body. */
static void test_expects_continue(void **state)
{
    struct nr_http_parser p;
    (void)state;
    assert_int_equal(parse(FRONT "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n", &p), NR_HTTP_MORE);
    assert_true(p.expects_continue);
    assert_int_equal(p.phase, NR_HTTP_IN_BODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),          cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_keep_alive),     cmocka_unit_test(test_absolute_form),
        cmocka_unit_test(test_malformed),      cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_endless),        cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_chunked_bounds), cmocka_unit_test(test_expects_continue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
