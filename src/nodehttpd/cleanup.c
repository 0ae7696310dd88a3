/* What a script of the earlier registry calls to have silent nodes marked offline. Here silence turns a node's status
 * by itself, at the thresholds of the configuration; this call says it sooner, of sponsored nodes (those that speak for
 * themselves are judged by their own heartbeats). Nodes are listed from the store and given to noded batch by batch;
 * noded looks once more, so that a heartbeat in between counts. */
#include "io/clock.h"
#include "nodehttpd/ask.h"
#include "nodehttpd/handlers.h"
#include "proto/limits.h"
#include "proto/mp.h"

#define BATCH           256 /* as proto/CONTROL.md bounds it */
#define BATCH_BYTES     (5 + BATCH * (NR_SUBJECT_MAX + 2))
#define MINUTES_DEFAULT 5
#define MINUTES_MAX     60

struct cleanup {
    struct pending p;
    int64_t silent_since_ms, now_ms;
    uint64_t minutes, marked;
    size_t last_len; /* the last node of the batch before */
    char last[NR_SUBJECT_MAX];
};

static void answer(struct cleanup *c)
{
    struct nr_json j;
    nr_json_init(&j, app_body(c->p.x.app));
    nr_json_object(&j);
    nr_json_kbool(&j, "success", true);
    nr_json_kuint(&j, "nodes_marked_offline", c->marked);
    nr_json_kuint(&j, "timeout_minutes", c->minutes);
    nr_json_object_end(&j);
    respond_json(&c->p.x, 200, NULL);
}

static bool wanted(const struct cleanup *c, const struct nr_node *node)
{
    bool there = node->status == NR_NODE_ONLINE || node->status == NR_NODE_DEGRADED;
    return there && !node->self && node->last_heartbeat_ms <= c->silent_since_ms &&
           nr_bytes_cmp(nr_bytes(node->node_id.data, node->node_id.len), nr_bytes(c->last, c->last_len)) > 0;
}

/* The next batch, in the order of the ids. Returns how many, or an error. */
static int list(struct cleanup *c, struct nr_writer *ids)
{
    struct nr_node_cursor cursor;
    struct nr_node node;
    int count = 0;
    int err = nr_node_first(c->p.x.app->reads.snapshot, NULL, c->now_ms, &cursor, &node);
    for (; !err && count < BATCH; err = nr_node_next(&cursor, &node)) {
        if (!wanted(c, &node)) continue;
        nr_mp_write_str(ids, nr_bytes(node.node_id.data, node.node_id.len));
        c->last_len = node.node_id.len;
        memcpy(c->last, node.node_id.data, c->last_len);
        count++;
    }
    return err && err != NR_ERR_NOT_FOUND ? err : count;
}

static void go_on(struct cleanup *c);

static void batch_done(struct pending *p, int err, const struct nr_control_map *reply)
{
    struct cleanup *c = (struct cleanup *)p;
    uint64_t marked;
    if (!err && nr_control_get_uint(reply, "marked", &marked) != 1) {
        err = NR_E_IO;
        reply = NULL;
    }
    if (err) {
        problem_control(&p->x, err, reply);
        ask_free(p);
        return;
    }
    c->marked += marked;
    go_on(c);
}

static void send_batch(struct cleanup *c, int count, const struct nr_writer *ids)
{
    uint8_t room[BATCH_BYTES];
    struct nr_control_writer w;
    struct nr_writer array;
    nr_writer_init(&array, room, sizeof room);
    nr_mp_write_array(&array, (uint32_t)count);
    nr_write_bytes(&array, nr_writer_bytes(ids));
    ask_begin(&c->p, &w, "give_up");
    nr_control_item(&w, "nodes", nr_writer_bytes(&array));
    nr_control_uint(&w, "silent_since", (uint64_t)c->silent_since_ms);
    ask_send(&c->p, &w, batch_done);
}

static void go_on(struct cleanup *c)
{
    uint8_t room[BATCH_BYTES];
    struct nr_writer ids;
    struct reads *reads = &c->p.x.app->reads;
    nr_writer_init(&ids, room, sizeof room);
    int count = reads_begin(reads, nr_clock_now());
    if (count == 0) {
        count = list(c, &ids);
        reads_end(reads);
    }
    if (count > 0) {
        send_batch(c, count, &ids);
        return;
    }
    if (count < 0)
        problem_read(&c->p.x, count);
    else
        answer(c);
    ask_free(&c->p);
}

void cleanup_post(const struct exchange *x, const struct request *rq)
{
    uint64_t minutes = MINUTES_DEFAULT;
    struct faults f;
    if (!app_query(x, rq)) return;
    faults_init(&f);
    query_number(&x->app->query, "timeout_minutes", 1, MINUTES_MAX, &f, &minutes);
    if (f.count) {
        problem_faults(x, &f);
        return;
    }
    faults_fini(&f);
    struct cleanup *c = ask_new(x, sizeof *c);
    if (!c) return;
    c->now_ms = nr_clock_now().wall_ms;
    c->minutes = minutes;
    c->silent_since_ms = c->now_ms - (int64_t)minutes * 60000;
    go_on(c);
}
