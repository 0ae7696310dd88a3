/* GET /nodes/{node_id}/records: one msgpack array, its elements the records' own bytes. */
#include <nr/registry.h>

#include "io/clock.h"
#include "nodehttpd/handlers.h"
#include "nodehttpd/problem.h"
#include "proto/record.h"

struct gathered {
    struct nr_buf *out;
    uint32_t count;
};

static int add_record(void *arg, const struct nr_signed_record *record)
{
    struct gathered *g = arg;
    struct nr_record r;
    /* A role can have the name of a node. */
    if (nr_record_decode(nr_bytes(record->data, record->len), &r) || r.kind == NR_KIND_PROFILE) return 0;
    nr_buf_add(g->out, record->data, record->len);
    g->count++;
    return 0;
}

/* Behind the room that was left for it; returns where the array begins. */
static size_t put_array_head(struct nr_buf *out, uint32_t count)
{
    if (count < 16) {
        out->data[4] = (uint8_t)(0x90 | count);
        return 4;
    }
    if (count < 65536) {
        out->data[2] = 0xdc;
        out->data[3] = (uint8_t)(count >> 8);
        out->data[4] = (uint8_t)count;
        return 2;
    }
    out->data[0] = 0xdd;
    for (int i = 0; i < 4; i++) out->data[1 + i] = (uint8_t)(count >> (24 - 8 * i));
    return 0;
}

static void answer(const struct exchange *x, struct nr_bytes node_id)
{
    struct gathered g = { .out = app_body(x->app) };
    nr_buf_add(g.out, "\0\0\0\0", 5);
    int err = nr_record_each(x->app->reads.snapshot, (const char *)node_id.data, node_id.len, add_record, &g);
    if (err && err != NR_ERR_NOT_FOUND) {
        problem_read(x, err);
    } else if (g.out->err) {
        problem(x, 500, NULL, "out of memory");
    } else if (g.count == 0) {
        no_such_node(x, node_id);
    } else {
        size_t at = put_array_head(g.out, g.count);
        respond(x, &(struct nr_http_reply){ .status = 200,
                                            .content_type = "application/msgpack",
                                            .body = nr_bytes(g.out->data + at, g.out->len - at) });
    }
}

void records_get(const struct exchange *x, const struct request *rq)
{
    if (!nr_node_id_valid(rq->param)) {
        no_such_node(x, rq->param);
        return;
    }
    int err = reads_begin(&x->app->reads, nr_clock_now());
    if (err) {
        problem_read(x, err);
        return;
    }
    answer(x, rq->param);
    reads_end(&x->app->reads);
}
