#include "nodehttpd/router.h"

#include <stdio.h>

#include "io/clock.h"
#include "nodehttpd/problem.h"

/* The segment at *at, which moves behind it and its slash. False: there is none. */
static bool next_segment(struct nr_bytes path, size_t *at, struct nr_bytes *out)
{
    if (*at > path.len) return false;
    const uint8_t *slash = *at < path.len ? memchr(path.data + *at, '/', path.len - *at) : NULL;
    size_t end = slash ? (size_t)(slash - path.data) : path.len;
    *out = nr_bytes(path.data + *at, end - *at);
    *at = end + 1;
    return true;
}

static bool path_matches(const char *pattern, struct nr_bytes path, struct nr_bytes *param)
{
    struct nr_bytes p = nr_bytes_str(pattern), want, have;
    size_t at_p = 1, at = 1;
    for (;;) {
        bool more = next_segment(p, &at_p, &want);
        if (next_segment(path, &at, &have) != more) return false;
        if (!more) return true;
        if (want.len > 0 && want.data[0] == '{') {
            if (have.len == 0) return false;
            *param = have;
        } else if (!nr_bytes_eq(want, have)) {
            return false;
        }
    }
}

static void add_allowed(struct match *m, const char *method)
{
    size_t n = strlen(m->allow);
    snprintf(m->allow + n, sizeof m->allow - n, "%s%s%s", n ? ", " : "", method, strcmp(method, "GET") ? "" : ", HEAD");
}

void router_match(struct nr_bytes method, struct nr_bytes path, uint8_t *room, struct match *out)
{
    struct nr_bytes raw = nr_bytes(NULL, 0);
    const char *found = NULL;
    *out = (struct match){ .status = 404 };
    if (nr_bytes_eq(method, nr_bytes_str("HEAD"))) method = nr_bytes_str("GET");
    for (size_t i = 0; i < route_count && out->status != 200; i++) {
        const struct route *r = &routes[i];
        if (found ? strcmp(found, r->path) != 0 : !path_matches(r->path, path, &raw)) continue;
        found = r->path;
        out->status = nr_bytes_eq(method, nr_bytes_str(r->method)) ? 200 : 405;
        out->route = out->status == 200 ? r : NULL;
        add_allowed(out, r->method);
    }
    if (out->status != 200 || raw.len == 0 || percent_decode(raw, false, room, &out->param) == 0) return;
    out->status = 400;
    out->param = nr_bytes(NULL, 0);
}

/* A page of another site that a browser on this machine shows can post here without being asked: its Origin tells. */
static bool is_foreign_page(const struct nr_http_request *req)
{
    const struct nr_bytes *origin = nr_http_header(req, "origin"), *host = nr_http_header(req, "host");
    if (!origin) return false;
    return !host || origin->len != host->len + 7 || memcmp(origin->data, "http://", 7) != 0 ||
           memcmp(origin->data + 7, host->data, host->len) != 0;
}

static bool may_write(const struct exchange *x, const struct nr_http_request *req)
{
    if (!nr_addr_is_loopback(&req->remote)) {
        problem(x, 403, NULL,
                "writes are taken from this machine only (loopback addresses), and this one came from elsewhere");
        return false;
    }
    if (is_foreign_page(req)) {
        problem(x, 403, NULL, "writes are not taken from web pages of another origin");
        return false;
    }
    return true;
}

void router_handle(void *arg, struct nr_http_call *call, const struct nr_http_request *req)
{
    struct exchange x = { .app = arg, .call = call, .started_us = nr_clock_now().mono_us };
    struct match m;
    uint8_t room[NR_HTTP_TARGET_MAX];
    char headers[96];
    metrics_begin(&x.app->metrics);
    router_match(req->method, req->path, room, &m);
    x.route = m.route;
    switch (m.status) {
    case 200: break;
    case 400: problem(&x, 400, NULL, "the path is not percent-encoded UTF-8 without control characters"); return;
    case 405:
        snprintf(headers, sizeof headers, "Allow: %s\r\n", m.allow);
        problem(&x, 405, headers, "this path takes %s", m.allow);
        return;
    default: problem(&x, 404, NULL, "there is nothing at this path; GET / lists what there is"); return;
    }
    if (m.route->is_write && !may_write(&x, req)) return;
    m.route->handle(&x, &(struct request){ .http = req, .param = m.param });
}

void router_refuse(void *arg, struct nr_http_call *call, int status, const char *detail)
{
    struct exchange x = { .app = arg, .call = call, .started_us = nr_clock_now().mono_us };
    metrics_begin(&x.app->metrics);
    problem(&x, status, NULL, "%s", detail);
}
