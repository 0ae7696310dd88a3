/* HTTP requests out of hostile bytes: what is parsed at once and what is parsed in steps must be the same, and every
 * part of a request must lie within the bytes that it was made from. Input: a byte for the step, then what a connection
 * carries. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct nr_bytes part, const uint8_t *data, size_t len)
{
    nr_assert(part.len == 0 || (part.data >= data && part.data + part.len <= data + len));
}

static void check_request(const struct nr_http_request *r, const uint8_t *data, size_t len)
{
    check_within(r->method, data, len);
    check_within(r->target, data, len);
    /* The path of an absolute form may be empty there: it is a '/' of the parser's own then. */
    if (r->path.len > 1) check_within(r->path, data, len);
    check_within(r->query, data, len);
    check_within(r->body, data, len);
    nr_assert(r->path.len > 0 && r->path.data[0] == '/');
    nr_assert(r->target.len <= NR_HTTP_TARGET_MAX && r->body.len <= NR_HTTP_BODY_MAX);
    nr_assert(r->header_count <= NR_HTTP_HEADERS_MAX);
    for (size_t i = 0; i < r->header_count; i++) {
        check_within(r->headers[i].name, data, len);
        check_within(r->headers[i].value, data, len);
    }
}

static enum nr_http_result in_steps(struct nr_http_parser *p, uint8_t *data, size_t len, size_t step,
                                    struct nr_http_request *req)
{
    for (size_t n = step < len ? step : len;; n = n + step < len ? n + step : len) {
        enum nr_http_result r = nr_http_parse(p, data, n, req);
        if (r != NR_HTTP_MORE || n == len) return r;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct nr_http_request at_once, stepped;
    if (size < 2) return 0;
    size_t step = (size_t)data[0] + 1, len = size - 1, at = 0;
    uint8_t *a = malloc(len), *b = malloc(len);
    nr_assert(a && b);
    memcpy(a, data + 1, len);
    memcpy(b, data + 1, len);
    for (;;) {
        struct nr_http_parser p = { 0 }, q = { 0 };
        enum nr_http_result r = nr_http_parse(&p, a + at, len - at, &at_once);
        nr_assert(in_steps(&q, b + at, len - at, step, &stepped) == r);
        if (r == NR_HTTP_REJECT) nr_assert(p.status >= 400 && p.detail && p.status == q.status);
        if (r != NR_HTTP_DONE) break;
        check_request(&at_once, a + at, len - at);
        check_request(&stepped, b + at, len - at);
        nr_assert(p.consumed > 0 && p.consumed <= len - at && p.consumed == q.consumed);
        nr_assert(nr_bytes_eq(at_once.body, stepped.body) && nr_bytes_eq(at_once.target, stepped.target));
        at += p.consumed;
        if (at == len) break;
    }
    free(a);
    free(b);
    return 0;
}
