/* Nodes: the list, one, and its end. */
#include <stdio.h>

#include "io/clock.h"
#include "nodehttpd/ask.h"
#include "nodehttpd/handlers.h"
#include "nodehttpd/node_json.h"
#include "nodehttpd/node_query.h"
#include "proto/record.h"

static void build_list(const struct exchange *x, const struct request *rq, const struct node_query *q, int64_t now_ms)
{
    struct app *app = x->app;
    nr_snapshot *snapshot = app->reads.snapshot;
    struct nr_buf *body = app_body(app);
    struct nr_node_counts counts;
    uint64_t total = 0;
    char headers[CACHE_HEADERS];
    int err = nr_node_count(snapshot, now_ms, &counts);
    nr_buf_add_str(body, q->view == VIEW_FULL ? "{\"nodes\":[" : "[");
    if (!err) err = node_json_list(body, snapshot, &q->filter, now_ms, q->view, q->offset, q->limit, &total);
    nr_buf_add(body, "]", 1);
    if (q->view == VIEW_FULL) nr_buf_printf(body, ",\"total\":%llu}", (unsigned long long)total);
    if (err) {
        problem_read(x, err);
        return;
    }
    snprintf(headers, sizeof headers, "X-Total-Count: %llu\r\n", (unsigned long long)total);
    struct nr_http_blob *blob = body->err ? NULL : nr_http_blob_new(body);
    if (!blob) {
        respond_json(x, 200, headers);
        return;
    }
    cache_put(&app->cache, rq->http->target, nr_snapshot_generation(snapshot), now_ms, counts.turns_at_ms, headers,
              blob);
    respond(x, &(struct nr_http_reply){ .status = 200, .content_type = TYPE_JSON, .headers = headers, .blob = blob });
    nr_http_blob_unref(blob);
}

static void list(const struct exchange *x, const struct request *rq, int64_t now_ms)
{
    struct app *app = x->app;
    struct node_query q;
    struct faults f;
    const struct cache_entry *hit =
        cache_find(&app->cache, rq->http->target, nr_snapshot_generation(app->reads.snapshot), now_ms);
    if (hit) {
        respond(x, &(struct nr_http_reply){
                       .status = 200, .content_type = TYPE_JSON, .headers = hit->headers, .blob = hit->blob });
        return;
    }
    if (!app_query(x, rq)) return;
    faults_init(&f);
    node_query_init(&q, app->default_view);
    node_query_paging(&q, &app->query, &f);
    node_query_list(&q, &app->query, &f);
    q.view = app_view(app, &f);
    if (f.count) {
        problem_faults(x, &f);
        return;
    }
    build_list(x, rq, &q, now_ms);
    faults_fini(&f);
}

void nodes_list(const struct exchange *x, const struct request *rq)
{
    struct nr_now now = nr_clock_now();
    int err = reads_begin(&x->app->reads, now);
    if (err) {
        problem_read(x, err);
        return;
    }
    cache_of_store(&x->app->cache, x->app->reads.opened);
    list(x, rq, now.wall_ms);
    reads_end(&x->app->reads);
}

void no_such_node(const struct exchange *x, struct nr_bytes node_id)
{
    problem(x, 404, NULL, "there is no node %.*s", (int)(node_id.len < 255 ? node_id.len : 255),
            (const char *)node_id.data);
}

static void answer_node(const struct exchange *x, struct nr_bytes node_id, enum view view, int64_t now_ms)
{
    struct nr_node node;
    int err = nr_node_id_valid(node_id)
                  ? nr_node_get(x->app->reads.snapshot, (const char *)node_id.data, node_id.len, now_ms, &node)
                  : NR_ERR_NOT_FOUND;
    if (err == NR_ERR_NOT_FOUND) {
        no_such_node(x, node_id);
    } else if (err) {
        problem_read(x, err);
    } else {
        node_json(app_body(x->app), &node, view);
        respond_json(x, 200, NULL);
    }
}

void node_get(const struct exchange *x, const struct request *rq)
{
    struct nr_now now = nr_clock_now();
    enum view view = x->app->default_view;
    struct faults f;
    if (rq->http->query.len > 0) {
        if (!app_query(x, rq)) return;
        faults_init(&f);
        view = app_view(x->app, &f);
        if (f.count) {
            problem_faults(x, &f);
            return;
        }
    }
    int err = reads_begin(&x->app->reads, now);
    if (err) {
        problem_read(x, err);
        return;
    }
    answer_node(x, rq->param, view, now.wall_ms);
    reads_end(&x->app->reads);
}

static void deleted(struct pending *p, int err, const struct nr_control_map *reply)
{
    if (err)
        problem_control(&p->x, err, reply);
    else
        respond_empty(&p->x, 204);
    ask_free(p);
}

void node_delete(const struct exchange *x, const struct request *rq)
{
    struct nr_control_writer w;
    if (!nr_node_id_valid(rq->param)) {
        no_such_node(x, rq->param);
        return;
    }
    struct pending *p = ask_new(x, sizeof *p);
    if (!p) return;
    ask_begin(p, &w, "delete");
    nr_control_str(&w, "node_id", rq->param);
    ask_send(p, &w, deleted);
}
