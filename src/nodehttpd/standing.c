/* GET /nodes/{node_id}/standing: why it has its status. noded is asked for what it alone knows; without it the store
 * answers. */
#include <string.h>

#include "io/clock.h"
#include "nodehttpd/ask.h"
#include "nodehttpd/handlers.h"
#include "nr/standing_parts.h"
#include "proto/limits.h"
#include "proto/record.h"

#define ANSWER_MS 1000

struct question {
    struct pending pending; /* first: what ask_new makes */
    uint8_t node_id[NR_SUBJECT_MAX];
    size_t len;
};

static void answer(const struct exchange *x, struct nr_bytes node_id, const struct nr_control_map *reply,
                   struct nr_now now)
{
    struct nr_node_standing s;
    struct nr_json j;
    nr_snapshot *snapshot = x->app->reads.snapshot;
    const char *id = (const char *)node_id.data;
    int err = reply ? nr_standing_read(snapshot, id, node_id.len, now.wall_ms, reply->map.data, reply->map.len, &s)
                    : NR_ERR_INVALID;
    if (err == NR_ERR_INVALID) err = nr_standing_read(snapshot, id, node_id.len, now.wall_ms, NULL, 0, &s);
    if (err == NR_ERR_NOT_FOUND) {
        no_such_node(x, node_id);
    } else if (err) {
        problem_read(x, err);
    } else {
        nr_json_init(&j, app_body(x->app));
        nr_standing_json(&j, &s);
        respond_json(x, 200, NULL);
    }
}

static void told(struct pending *p, int err, const struct nr_control_map *reply)
{
    const struct question *q = (const struct question *)(const void *)p;
    struct nr_now now = nr_clock_now();
    int bad = reads_begin(&p->x.app->reads, now);
    if (bad) {
        problem_read(&p->x, bad);
    } else {
        answer(&p->x, nr_bytes(q->node_id, q->len), err ? NULL : reply, now);
        reads_end(&p->x.app->reads);
    }
    ask_free(p);
}

void standing_get(const struct exchange *x, const struct request *rq)
{
    struct nr_control_writer w;
    if (!nr_node_id_valid(rq->param)) {
        no_such_node(x, rq->param);
        return;
    }
    struct question *q = ask_new(x, sizeof *q);
    if (!q) return;
    memcpy(q->node_id, rq->param.data, rq->param.len);
    q->len = rq->param.len;
    ask_begin(&q->pending, &w, "standing");
    nr_control_str(&w, "node_id", rq->param);
    ask_send_within(&q->pending, &w, told, ANSWER_MS);
}
