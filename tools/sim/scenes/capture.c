#include "tools/sim/scenes/capture.h"

#include <stdlib.h>

void sim_capture_keep(struct sim_capture *c, size_t at, uint32_t from, const struct nr_addr *to, struct nr_bytes plain)
{
    if (at == c->count) {
        c->list = sim_grow(c->list, c->count, &c->capacity, sizeof *c->list);
        c->list[c->count++].plain = NULL;
    }
    struct sim_captured *p = &c->list[at];
    free(p->plain);
    *p = (struct sim_captured){ .from = sim_net_addr(&c->world->net, from), .to = *to, .len = plain.len };
    p->plain = sim_alloc(plain.len);
    memcpy(p->plain, plain.data, plain.len);
}

static void tap(void *arg, uint32_t from, const struct nr_addr *to, struct nr_bytes plain)
{
    struct sim_capture *c = arg;
    sim_capture_keep(c, c->count, from, to, plain);
}

void sim_capture_start(struct sim_capture *c, struct sim_world *w)
{
    *c = (struct sim_capture){ .world = w };
    w->net.tap = tap;
    w->net.tap_arg = c;
}

void sim_capture_stop(struct sim_capture *c)
{
    c->world->net.tap = NULL;
}

void sim_capture_free(struct sim_capture *c)
{
    for (size_t i = 0; i < c->count; i++) free(c->list[i].plain);
    free(c->list);
}

void sim_capture_play(const struct sim_capture *c, size_t i, uint32_t endpoint, const struct nr_addr *as)
{
    const struct sim_captured *p = &c->list[i];
    struct sim_world *w = c->world;
    sim_net_send(&w->net, w->now_us, endpoint, as ? as : &p->from, &p->to, nr_bytes(p->plain, p->len));
}

void sim_capture_push_all(const struct sim_capture *c, struct sim_ghost *g, const struct nr_addr *to)
{
    for (size_t i = 0; i < c->count; i++) {
        struct nr_reader r;
        struct nr_header h;
        struct nr_message m;
        struct nr_push push;
        nr_reader_init(&r, nr_bytes(c->list[i].plain, c->list[i].len));
        nr_header_decode(&r, &h);
        while (nr_message_next(&r, &m))
            if (m.type == NR_MSG_PUSH && nr_push_decode(m.body, &push) == 0) sim_ghost_push(g, to, push.record);
    }
}
