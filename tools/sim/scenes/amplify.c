/* A cheat sends from addresses that are not his, to have others flooded. What any node sends to any address that has
 * not proven itself is held against what came from there at each datagram (check.c); here is only the cheating. */
#include <stdio.h>

#include "tools/sim/play.h"
#include "tools/sim/scenario.h"
#include "tools/sim/scenes/capture.h"

#define FLOOD  4000
#define CHEATS 600

/* As many greetings as a datagram holds: each answer is as long as its greeting, but has a header and an envelope of
 * its own if it is sent alone. */
static void hello_many(struct sim_world *w, struct sim_ghost *g, const struct nr_addr *as, const struct nr_addr *to)
{
    uint8_t out[NR_MESSAGES_MAX];
    struct nr_writer mw;
    struct nr_hello m = { .cookie = 1 };
    nr_writer_init(&mw, out, sizeof out);
    while (nr_writer_left(&mw) >= NR_MESSAGE_HEAD + NR_HELLO_SIZE) {
        m.key[0] = (uint8_t)nr_rng_u32(&w->rng);
        nr_hello_encode(&mw, &m);
    }
    sim_ghost_send(g, as, to, nr_writer_bytes(&mw));
}

static void flood(struct sim_world *w, struct sim_ghost *g, const struct sim_capture *c)
{
    uint8_t junk[NR_MESSAGES_MAX];
    for (uint32_t i = 0; i < FLOOD && !w->failed; i++) {
        struct nr_addr victim = sim_net_spoofed(nr_rng_below(&w->rng, 40));
        struct nr_addr to = sim_net_addr(&w->net, nr_rng_below(&w->rng, (uint32_t)w->node_count));
        switch (i % 5) {
        case 0: sim_ghost_hello(g, &victim, &to); break;
        case 2: hello_many(w, g, &victim, &to); break;
        case 1:
            for (size_t k = 0; k < sizeof junk; k++) junk[k] = (uint8_t)nr_rng_u32(&w->rng);
            sim_ghost_send(g, &victim, &to, nr_bytes(junk, nr_rng_below(&w->rng, sizeof junk)));
            break;
        default: sim_capture_play(c, nr_rng_below(&w->rng, (uint32_t)c->count), g->endpoint, &victim); break;
        }
        sim_world_run(w, 1000);
    }
}

/* A record by a key that nobody has met, with addresses of others as its own. */
static void push_cheat(struct sim_world *w, struct sim_ghost *g, uint32_t number, const struct nr_addr *to)
{
    uint8_t body[2048];
    uint8_t raw[NR_RECORD_MAX];
    uint8_t seed[32] = { 1, (uint8_t)(number >> 8), (uint8_t)number };
    char name[32];
    struct nr_writer bw;
    struct nr_writer rw;
    struct sim_ghost stranger = *g;
    struct nr_node_body node = { .self = true, .hostname = nr_bytes_str("cheat"), .role = nr_bytes_str("cheat") };
    snprintf(name, sizeof name, "cheat-%u", (unsigned)number);
    nr_keypair_from_seed(&stranger.key, seed);
    for (uint32_t i = 0; i < NR_GOSSIP_MAX; i++) node.gossip[i] = sim_net_spoofed(100 + number * NR_GOSSIP_MAX + i);
    node.gossip_count = NR_GOSSIP_MAX;
    nr_writer_init(&bw, body, sizeof body);
    nr_node_body_encode(&bw, &node);
    struct nr_record_draft draft = {
        .kind = NR_KIND_NODE,
        .signer = stranger.key.pub,
        .subject = nr_bytes_str(name),
        .stamp = nr_stamp_make(w->wall_base_ms + w->now_us / 1000, 0),
        .lease_s = 600,
        .body = nr_writer_bytes(&bw),
    };
    nr_writer_init(&rw, raw, sizeof raw);
    sim_ghost_record(&stranger, &rw, &draft, false);
    sim_ghost_push(g, to, nr_writer_bytes(&rw));
}

/* An insider invents peers without end: their addresses are greeted, at the pace of C.1.5, and get nothing else. */
static void name_victims(struct sim_world *w, struct sim_ghost *g)
{
    struct nr_addr to = sim_net_addr(&w->net, 0);
    sim_ghost_hello(g, NULL, &to);
    sim_world_run(w, SIM_SECOND);
    for (uint32_t i = 0; i < CHEATS && !w->failed; i++) {
        push_cheat(w, g, i, &to);
        sim_world_run(w, 50000);
        if (i % 100 == 99) sim_ghost_hello(g, NULL, &to);
    }
    sim_world_run(w, 10 * SIM_SECOND);
    sim_expect(w, sim_sees_node(&w->nodes[1], "cheat-0"), "the insider's records were not taken");
}

void sim_scene_amplify(struct sim_world *w)
{
    struct sim_capture c;
    struct sim_ghost *g = sim_ghost_add(w);
    sim_capture_start(&c, w);
    sim_play_cluster(w);
    sim_world_run(w, 5 * SIM_SECOND);
    sim_capture_stop(&c);
    uint64_t astray = w->net.astray;
    flood(w, g, &c);
    sim_expect(w, w->net.astray > astray, "no HELLO was answered: the flood did not come in");
    name_victims(w, g);
    sim_play_finish(w, 10 * SIM_SECOND);
    sim_capture_free(&c);
}
