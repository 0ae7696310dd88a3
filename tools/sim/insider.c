#include "tools/sim/insider.h"

#include <stdlib.h>

#include "tools/sim/say.h"
#include "tools/sim/world.h"

#define HEARD_MAX      2048
#define ROUNDS         8
#define OLD_EACH_ROUND 6
#define PLAYED_AGAIN   64
#define LEASE_S        600
#define KIND_UNKNOWN   50
#define AHEAD_MS       (2 * NR_STAMP_AHEAD_MS)

static uint32_t below(struct sim_insider *x, uint32_t n)
{
    return nr_rng_below(&x->rng, n);
}

/* What is kept when there is no more room is by chance: something of every time. */
static void listen(void *arg, uint32_t from, const struct nr_addr *to, struct nr_bytes plain)
{
    struct sim_insider *x = arg;
    if (from >= x->world->node_count) return;
    uint64_t at = x->passed++ < HEARD_MAX ? x->heard.count : nr_rng_u64(&x->rng) % x->passed;
    if (at < HEARD_MAX) sim_capture_keep(&x->heard, (size_t)at, from, to, plain);
}

void sim_insider_init(struct sim_insider *x, struct sim_world *w)
{
    *x = (struct sim_insider){ .world = w, .heard = { .world = w } };
    nr_rng_init(&x->rng, sim_mix(w->config.seed ^ sim_mix(w->node_count)));
    x->ghosts = sim_alloc(w->node_count * sizeof(struct sim_ghost *));
    x->rounds = sim_alloc(w->node_count);
    w->net.tap = listen;
    w->net.tap_arg = x;
}

void sim_insider_fini(struct sim_insider *x)
{
    if (!x->world) return;
    x->world->net.tap = NULL;
    sim_capture_free(&x->heard);
    free(x->ghosts);
    free(x->rounds);
}

/* Records */

static void push(struct sim_insider *x, struct sim_ghost *g, const struct nr_addr *to, const struct nr_record *like,
                 const uint8_t *signer, int64_t ahead_ms, uint32_t lease_s)
{
    uint8_t raw[NR_RECORD_MAX];
    struct nr_writer w;
    struct nr_record_draft draft = {
        .kind = like->kind,
        .signer = signer,
        .subject = like->subject,
        .stamp = nr_stamp_make(x->world->wall_base_ms + x->world->now_us / 1000 + ahead_ms, (uint16_t)below(x, 65536)),
        .lease_s = lease_s,
        .body = like->body,
    };
    nr_writer_init(&w, raw, sizeof raw);
    sim_ghost_record(g, &w, &draft, false);
    if (nr_writer_len(&w) <= NR_PUSH_RECORD_MAX) sim_ghost_push(g, to, nr_writer_bytes(&w));
}

static void push_changed(struct sim_insider *x, struct sim_ghost *g, const struct nr_addr *to, struct nr_bytes record)
{
    uint8_t raw[NR_RECORD_MAX];
    if (record.len > NR_PUSH_RECORD_MAX) return;
    memcpy(raw, record.data, record.len);
    raw[below(x, (uint32_t)record.len)] ^= (uint8_t)(1 + below(x, 255));
    sim_ghost_push(g, to, nr_bytes(raw, record.len));
}

/* In the name of one that is known there, newer than what it said; and what it said, changed. */
static void forge_others(struct sim_insider *x, struct sim_ghost *g, struct sim_node *at, const struct nr_addr *to)
{
    const struct sim_node *other = &x->world->nodes[below(x, (uint32_t)x->world->node_count)];
    static const uint8_t kinds[] = { NR_KIND_NODE, NR_KIND_HEARTBEAT };
    for (size_t i = 0; i < sizeof kinds; i++) {
        struct nr_record rec;
        if (!sim_holds(at, kinds[i], other->key.pub, other->name, &rec)) continue;
        push(x, g, to, &rec, other->key.pub, 0, LEASE_S);
        push_changed(x, g, to, rec.raw);
    }
}

/* Truly signed, by a key of its own: dead, and ahead of its time. */
static void say_out_of_time(struct sim_insider *x, struct sim_ghost *g, const struct nr_addr *to)
{
    static const uint8_t empty_map = 0x80;
    const struct nr_record like = { .kind = KIND_UNKNOWN,
                                    .subject = nr_bytes_str("out-of-time"),
                                    .body = nr_bytes(&empty_map, 1) };
    push(x, g, to, &like, g->key.pub, -3600000, 60);
    push(x, g, to, &like, g->key.pub, AHEAD_MS, LEASE_S);
}

static void push_old(struct sim_ghost *g, const struct nr_addr *to, const struct sim_captured *c)
{
    struct nr_reader r;
    struct nr_header h;
    struct nr_message m;
    struct nr_push old;
    nr_reader_init(&r, nr_bytes(c->plain, c->len));
    nr_header_decode(&r, &h);
    while (nr_message_next(&r, &m))
        if (m.type == NR_MSG_PUSH && nr_push_decode(m.body, &old) == 0) sim_ghost_push(g, to, old.record);
}

static void send_garbage(struct sim_insider *x, struct sim_ghost *g, const struct nr_addr *to)
{
    uint8_t out[256];
    struct nr_writer w;
    size_t len = below(x, 200);
    nr_writer_init(&w, out, sizeof out);
    /* No BYE: it would end the path. */
    nr_message_head(&w, (uint8_t)(NR_MSG_BYE + 1 + below(x, NR_MSG_TYPES)), len);
    for (size_t i = 0; i < len; i++) nr_write_u8(&w, (uint8_t)nr_rng_u32(&x->rng));
    sim_ghost_send(g, NULL, to, nr_writer_bytes(&w));
}

/* The node lets hear from it: it has a path. */
static void answer(struct sim_ghost *g, const struct nr_addr *from, const struct nr_message *m)
{
    struct sim_insider *x = g->arg;
    struct sim_world *w = x->world;
    uint32_t i = 0;
    while (i < w->node_count && x->ghosts[i] != g) i++;
    if (m->type == NR_MSG_HELLO || i == w->node_count || !x->rounds[i]) return;
    x->rounds[i]--;
    forge_others(x, g, &w->nodes[i], from);
    say_out_of_time(x, g, from);
    for (int k = 0; k < OLD_EACH_ROUND; k++) push_old(g, from, &x->heard.list[below(x, (uint32_t)x->heard.count)]);
    send_garbage(x, g, from);
}

static struct sim_ghost *ghost_at(struct sim_insider *x, const struct sim_node *at)
{
    struct sim_world *w = x->world;
    struct sim_ghost **g = &x->ghosts[at->index];
    if (!*g) *g = sim_ghost_add(w);
    (*g)->arg = x;
    (*g)->hear = answer;
    sim_net_group(&w->net, (*g)->endpoint, w->net.endpoints[at->index].group);
    return *g;
}

void sim_insider_forge(struct sim_insider *x, const struct sim_node *at)
{
    struct nr_addr to = sim_net_addr(&x->world->net, at->index);
    x->rounds[at->index] = ROUNDS;
    sim_ghost_hello(ghost_at(x, at), NULL, &to);
}

void sim_insider_replay(struct sim_insider *x, const struct sim_node *at)
{
    struct sim_ghost *g = ghost_at(x, at);
    struct sim_net *net = &x->world->net;
    struct nr_addr own = sim_net_addr(net, g->endpoint);
    struct nr_addr to = sim_net_addr(net, at->index);
    for (int i = 0; i < PLAYED_AGAIN && x->heard.count > 0; i++) {
        const struct sim_captured *c = &x->heard.list[below(x, (uint32_t)x->heard.count)];
        const struct nr_addr *as = below(x, 4) ? &c->from : &own;
        sim_net_send(net, x->world->now_us, g->endpoint, as, &to, nr_bytes(c->plain, c->len));
    }
}
