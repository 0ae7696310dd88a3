/* Discovery: the list by more filters, online nodes unless another status is asked for, with the query beside it. */
#include "io/clock.h"
#include "nodehttpd/fields.h"
#include "nodehttpd/handlers.h"
#include "nodehttpd/node_json.h"
#include "nodehttpd/node_query.h"
#include "nodehttpd/problem.h"

static void build(const struct exchange *x, const struct node_query *q, int64_t now_ms)
{
    struct nr_buf *body = app_body(x->app);
    struct nr_json j;
    uint64_t total = 0;
    nr_buf_add_str(body, "{\"nodes\":[");
    int err = node_json_list(body, x->app->reads.snapshot, &q->filter, now_ms, q->view, q->offset, q->limit, &total);
    if (err) {
        problem_read(x, err);
        return;
    }
    nr_buf_add_str(body, "],\"query\":");
    nr_json_init(&j, body);
    node_query_json(q, &j);
    nr_buf_printf(body, ",\"total\":%llu}", (unsigned long long)total);
    respond_json(x, 200, NULL);
}

/* Answers the query, or its faults. */
static void discover(const struct exchange *x, struct node_query *q, struct faults *f)
{
    struct nr_now now = nr_clock_now();
    if (f->count) {
        problem_faults(x, f);
        return;
    }
    faults_fini(f);
    if (!q->filter.by_status) {
        q->filter.by_status = true;
        q->filter.status = NR_NODE_ONLINE;
    }
    int err = reads_begin(&x->app->reads, now);
    if (err) {
        problem_read(x, err);
        return;
    }
    build(x, q, now.wall_ms);
    reads_end(&x->app->reads);
}

void discover_get(const struct exchange *x, const struct request *rq)
{
    struct node_query q;
    struct faults f;
    if (!app_query(x, rq)) return;
    faults_init(&f);
    node_query_init(&q, app_view(x->app, &f));
    node_query_paging(&q, &x->app->query, &f);
    node_query_discover(&q, &x->app->query, &f);
    discover(x, &q, &f);
}

void discover_post(const struct exchange *x, const struct request *rq)
{
    struct node_query q;
    struct faults f;
    json_t *body = NULL;
    if (!app_query(x, rq)) return;
    /* All of it is optional, the body too. */
    if (rq->http->body.len > 0 && !(body = app_object(x, rq))) return;
    faults_init(&f);
    node_query_init(&q, app_view(x->app, &f));
    if (body) node_query_body(&q, body, &f);
    json_decref(body);
    discover(x, &q, &f);
}
