/* Heartbeats: taken for noded, and the history of a node's. */
#include "io/clock.h"
#include "nodehttpd/ask.h"
#include "nodehttpd/fields.h"
#include "nodehttpd/handlers.h"
#include "nodehttpd/since.h"
#include "proto/body.h"
#include "proto/json_mp.h"

#define HISTORY_LIMIT     100
#define HISTORY_LIMIT_MAX 1000

static void answer_taken(const struct exchange *x, struct nr_bytes node_id, int64_t at_ms)
{
    struct nr_json j;
    nr_json_init(&j, app_body(x->app));
    nr_json_object(&j);
    nr_json_kbool(&j, "success", true);
    nr_json_kstr(&j, "node_id", node_id);
    nr_json_ktime(&j, "timestamp", at_ms);
    nr_json_kcstr(&j, "message", "Heartbeat received");
    nr_json_object_end(&j);
    respond_json(x, 200, NULL);
}

static void taken(struct pending *p, int err, const struct nr_control_map *reply)
{
    struct nr_bytes node_id;
    uint64_t at_ms;
    if (err)
        problem_control(&p->x, err, reply);
    else if (nr_control_get_str(reply, "node_id", &node_id) != 1 ||
             nr_control_get_uint(reply, "timestamp", &at_ms) != 1)
        problem_control(&p->x, NR_E_IO, NULL);
    else
        answer_taken(&p->x, node_id, (int64_t)at_ms);
    ask_free(p);
}

struct beat {
    struct nr_bytes node_id, status, metrics;
    uint8_t room[NR_METRICS_MAX];
};

static void read_beat(const json_t *body, struct beat *out, struct faults *f)
{
    const json_t *metrics;
    enum nr_state state;
    out->node_id = out->status = out->metrics = nr_bytes(NULL, 0);
    if (!field_get(body, "node_id"))
        faults_add(f, "node_id", "is missing");
    else if (field_text(body, "node_id", 1, NR_SUBJECT_MAX, f, &out->node_id) && !nr_node_id_valid(out->node_id))
        faults_add(f, "node_id", "must have only letters, digits, '.', '_' and '-'");
    if (field_text(body, "status", 1, 64, f, &out->status) &&
        (!nr_state_parse(out->status, &state) || state == NR_STATE_OFFLINE))
        faults_add(f, "status", "must be online, degraded, maintenance, draining or left");
    if (field_object(body, "metrics", f, &metrics))
        field_encode(metrics, "metrics", out->room, sizeof out->room, f, &out->metrics);
}

static void send_beat(const struct exchange *x, const struct beat *b)
{
    struct nr_control_writer w;
    struct pending *p = ask_new(x, sizeof *p);
    if (!p) return;
    ask_begin(p, &w, "heartbeat");
    nr_control_str(&w, "node_id", b->node_id);
    if (b->status.len) nr_control_str(&w, "status", b->status);
    if (b->metrics.len) nr_control_item(&w, "metrics", b->metrics);
    ask_send(p, &w, taken);
}

void heartbeat_post(const struct exchange *x, const struct request *rq)
{
    struct beat b;
    struct faults f;
    json_t *body = app_object(x, rq);
    if (!body) return;
    faults_init(&f);
    read_beat(body, &b, &f);
    if (f.count) {
        problem_faults(x, &f);
    } else {
        send_beat(x, &b);
        faults_fini(&f);
    }
    json_decref(body);
}

static int add_heartbeat(void *arg, const struct nr_heartbeat *h)
{
    struct nr_json *j = arg;
    nr_json_object(j);
    nr_json_ktime(j, "timestamp", h->at_ms);
    nr_json_kcstr(j, "status", h->has_status ? nr_node_status_name(h->status) : NULL);
    nr_json_key(j, "interval_seconds");
    if (h->interval_ms)
        nr_json_double(j, h->interval_ms / 1000.0);
    else
        nr_json_null(j);
    nr_json_key(j, "metrics");
    if (h->metrics) {
        struct nr_reader r;
        nr_reader_init(&r, nr_bytes(h->metrics, h->metrics_len));
        nr_mp_to_json(&r, j);
    } else {
        nr_json_null(j);
    }
    nr_json_object_end(j);
    return 0;
}

static void answer_history(const struct exchange *x, struct nr_bytes node_id, int64_t since_ms, uint64_t limit,
                           int64_t now_ms)
{
    nr_snapshot *snapshot = x->app->reads.snapshot;
    const char *id = (const char *)node_id.data;
    struct nr_node node;
    struct nr_json j;
    int err = nr_node_id_valid(node_id) ? nr_node_get(snapshot, id, node_id.len, now_ms, &node) : NR_ERR_NOT_FOUND;
    if (err == NR_ERR_NOT_FOUND) {
        no_such_node(x, node_id);
        return;
    }
    nr_json_init(&j, app_body(x->app));
    nr_json_array(&j);
    if (!err) err = nr_heartbeat_each(snapshot, id, node_id.len, since_ms, limit, add_heartbeat, &j);
    nr_json_array_end(&j);
    if (err && err != NR_ERR_NOT_FOUND)
        problem_read(x, err);
    else
        respond_json(x, 200, NULL);
}

void heartbeats_get(const struct exchange *x, const struct request *rq)
{
    struct nr_now now = nr_clock_now();
    uint64_t limit = HISTORY_LIMIT;
    int64_t since_ms = 0;
    struct nr_bytes text;
    struct faults f;
    if (!app_query(x, rq)) return;
    faults_init(&f);
    query_number(&x->app->query, "limit", 1, HISTORY_LIMIT_MAX, &f, &limit);
    if (query_text(&x->app->query, "since", &f, &text) && !since_parse(text, &since_ms))
        faults_add(&f, "since", "must be a time like 2026-11-23T14:30:00.123Z, or seconds since 1970");
    if (f.count) {
        problem_faults(x, &f);
        return;
    }
    faults_fini(&f);
    int err = reads_begin(&x->app->reads, now);
    if (err) {
        problem_read(x, err);
        return;
    }
    answer_history(x, rq->param, since_ms, limit, now.wall_ms);
    reads_end(&x->app->reads);
}
