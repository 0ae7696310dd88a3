#include "nodehttpd/app.h"

#include "io/clock.h"
#include "nodehttpd/fields.h"
#include "nodehttpd/problem.h"

void respond(const struct exchange *x, const struct nr_http_reply *reply)
{
    int64_t took_us = nr_clock_now().mono_us - x->started_us;
    metrics_end(&x->app->metrics, x->route, reply->status, took_us);
    nr_http_reply(x->call, reply);
}

void respond_json(const struct exchange *x, int status, const char *headers)
{
    struct nr_buf *body = &x->app->body;
    if (body->err) {
        problem(x, 500, NULL, "out of memory");
        return;
    }
    respond(x, &(struct nr_http_reply){
                   .status = status, .content_type = TYPE_JSON, .headers = headers, .body = nr_buf_bytes(body) });
}

void respond_empty(const struct exchange *x, int status)
{
    respond(x, &(struct nr_http_reply){ .status = status });
}

struct nr_buf *app_body(struct app *app)
{
    nr_buf_reset(&app->body);
    return &app->body;
}

bool app_query(const struct exchange *x, const struct request *rq)
{
    switch (query_parse(&x->app->query, rq->http->query)) {
    case 0: return true;
    case NR_E_TOO_LARGE: problem(x, 400, NULL, "the query has more than %d parameters", QUERY_PAIRS_MAX); return false;
    default: problem(x, 400, NULL, "the query is not percent-encoded UTF-8 without control characters"); return false;
    }
}

json_t *app_object(const struct exchange *x, const struct request *rq)
{
    char detail[320];
    int status;
    json_t *value = fields_parse(rq->http->body, detail, sizeof detail, &status);
    if (json_is_object(value)) return value;
    if (value)
        problem(x, 422, NULL, "the body must be a JSON object");
    else
        problem(x, status, NULL, "%s", detail);
    json_decref(value);
    return NULL;
}

enum view app_view(const struct app *app, struct faults *f)
{
    struct nr_bytes word;
    if (!query_text(&app->query, "view", f, &word)) return app->default_view;
    if (nr_bytes_eq(word, nr_bytes_str("full"))) return VIEW_FULL;
    if (!nr_bytes_eq(word, nr_bytes_str("flat"))) faults_add(f, "view", "must be flat or full");
    return VIEW_FLAT;
}
