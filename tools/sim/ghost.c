#include "tools/sim/ghost.h"

#include <string.h>

#include "base/assert.h"
#include "tools/sim/world.h"

#define MAGIC_COOKIE UINT64_C(0x67686f7374) /* the ghost need not tell its addresses apart */

static int64_t wall_ms(const struct sim_ghost *g)
{
    return g->world->wall_base_ms + g->world->now_us / 1000;
}

struct sim_ghost *sim_ghost_add(struct sim_world *w)
{
    struct sim_ghost *g = sim_alloc(sizeof *g);
    uint8_t seed[32];
    for (size_t i = 0; i < sizeof seed; i++) seed[i] = (uint8_t)nr_rng_u32(&w->rng);
    nr_keypair_from_seed(&g->key, seed);
    g->world = w;
    g->endpoint = sim_net_add(&w->net);
    g->incarnation = nr_stamp_make(wall_ms(g), 1);
    w->ghosts = sim_grow(w->ghosts, w->ghost_count, &w->ghost_capacity, sizeof *w->ghosts);
    w->ghosts[w->ghost_count++] = g;
    return g;
}

void sim_ghost_send(struct sim_ghost *g, const struct nr_addr *as, const struct nr_addr *to, struct nr_bytes messages)
{
    uint8_t out[NR_PLAIN_MAX];
    struct nr_writer w;
    struct nr_header h = { .incarnation = g->incarnation, .number = ++g->number };
    if (g->world->failed) return;
    memcpy(h.sender, g->key.pub, sizeof h.sender);
    nr_writer_init(&w, out, sizeof out);
    nr_header_encode(&w, &h);
    nr_write_bytes(&w, messages);
    nr_assert(!w.err);
    g->bytes_out += nr_writer_len(&w) + NR_ENVELOPE_SIZE;
    sim_net_send(&g->world->net, g->world->now_us, g->endpoint, as, to, nr_writer_bytes(&w));
}

void sim_ghost_hello(struct sim_ghost *g, const struct nr_addr *as, const struct nr_addr *to)
{
    uint8_t out[NR_MESSAGES_MAX];
    struct nr_writer w;
    struct nr_hello m = { .cookie = MAGIC_COOKIE, .time_ms = wall_ms(g) };
    memcpy(m.key, g->key.pub, sizeof m.key);
    nr_writer_init(&w, out, sizeof out);
    nr_hello_encode(&w, &m);
    sim_ghost_send(g, as, to, nr_writer_bytes(&w));
}

static void prove(struct sim_ghost *g, const struct nr_addr *to, const uint8_t verifier[static NR_KEY_SIZE],
                  uint64_t echo, uint64_t cookie)
{
    uint8_t part[NR_PROOF_SIGNED];
    uint8_t out[NR_MESSAGES_MAX];
    struct nr_writer w;
    struct nr_proof m = { .echo = echo, .cookie = cookie, .time_ms = wall_ms(g), .observed = *to };
    memcpy(m.key, g->key.pub, sizeof m.key);
    nr_proof_signed_part(part, echo, g->key.pub, verifier);
    size_t domain = sizeof NR_PATH_DOMAIN;
    nr_sign(&g->key, NR_PATH_DOMAIN, nr_bytes(part + domain, sizeof part - domain), m.sig);
    nr_writer_init(&w, out, sizeof out);
    nr_proof_encode(&w, &m);
    sim_ghost_send(g, NULL, to, nr_writer_bytes(&w));
}

static void answer(struct sim_ghost *g, const struct nr_addr *from, const struct nr_message *m)
{
    struct nr_hello hello;
    struct nr_proof proof;
    if (m->type == NR_MSG_HELLO && nr_hello_decode(m->body, &hello) == 0)
        prove(g, from, hello.key, hello.cookie, MAGIC_COOKIE);
    if (m->type == NR_MSG_PROOF && nr_proof_decode(m->body, &proof) == 0 && proof.cookie != 0) {
        prove(g, from, proof.key, proof.cookie, 0);
        g->paths++;
    }
}

void sim_ghost_receive(struct sim_ghost *g, const struct sim_packet *p)
{
    struct nr_reader r;
    struct nr_header h;
    struct nr_message m;
    g->bytes_in += p->len + (uint64_t)NR_ENVELOPE_SIZE;
    if (g->mute) return;
    nr_reader_init(&r, nr_bytes(p->data, p->len));
    nr_header_decode(&r, &h);
    while (nr_message_next(&r, &m)) {
        answer(g, &p->from, &m);
        if (g->hear) g->hear(g, &p->from, &m);
    }
}

void sim_ghost_record(const struct sim_ghost *g, struct nr_writer *w, const struct nr_record_draft *draft, bool forged)
{
    uint8_t sig[NR_SIG_SIZE];
    nr_record_encode_unsigned(w, draft);
    nr_sign(&g->key, NR_RECORD_DOMAIN, nr_writer_bytes(w), sig);
    if (forged) sig[0] ^= 1;
    nr_record_encode_signature(w, sig);
    nr_assert(!w->err);
}

void sim_ghost_push(struct sim_ghost *g, const struct nr_addr *to, struct nr_bytes record)
{
    uint8_t out[NR_MESSAGES_MAX];
    struct nr_writer w;
    struct nr_push m = { .hops = 0, .record = record };
    nr_writer_init(&w, out, sizeof out);
    nr_push_encode(&w, &m);
    sim_ghost_send(g, NULL, to, nr_writer_bytes(&w));
}
