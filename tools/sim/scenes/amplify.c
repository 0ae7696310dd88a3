/* A cheat sends from addresses that are not his, to have others flooded. What any node sends to any address that has
 * not proven itself is held against what came from there at each datagram (check.c); here is only the cheating. */
#include "tools/sim/play.h"
#include "tools/sim/scenario.h"
#include "tools/sim/scenes/capture.h"

#define FLOOD 3000

static void flood(struct sim_world *w, struct sim_ghost *g, const struct sim_capture *c)
{
    uint8_t junk[NR_MESSAGES_MAX];
    for (uint32_t i = 0; i < FLOOD && !w->failed; i++) {
        struct nr_addr victim = sim_net_spoofed(nr_rng_below(&w->rng, 40));
        struct nr_addr to = sim_net_addr(&w->net, nr_rng_below(&w->rng, (uint32_t)w->node_count));
        switch (i % 4) {
        case 0: sim_ghost_hello(g, &victim, &to); break;
        case 1:
            for (size_t k = 0; k < sizeof junk; k++) junk[k] = (uint8_t)nr_rng_u32(&w->rng);
            sim_ghost_send(g, &victim, &to, nr_bytes(junk, nr_rng_below(&w->rng, sizeof junk)));
            break;
        default: sim_capture_play(c, nr_rng_below(&w->rng, (uint32_t)c->count), g->endpoint, &victim); break;
        }
        sim_world_run(w, 1000);
    }
}

/* An insider names addresses of others as his own: they are greeted, at the pace of C.1.5, and get nothing else. */
static void name_victims(struct sim_world *w, struct sim_ghost *g)
{
    uint8_t body[2048];
    uint8_t raw[NR_RECORD_MAX];
    struct nr_writer bw;
    struct nr_writer rw;
    struct nr_node_body node = { .self = true, .hostname = nr_bytes_str("cheat"), .role = nr_bytes_str("cheat") };
    for (uint32_t i = 0; i < NR_GOSSIP_MAX; i++) node.gossip[i] = sim_net_spoofed(100 + i);
    node.gossip_count = NR_GOSSIP_MAX;
    nr_writer_init(&bw, body, sizeof body);
    nr_node_body_encode(&bw, &node);
    struct nr_record_draft draft = {
        .kind = NR_KIND_NODE,
        .signer = g->key.pub,
        .subject = nr_bytes_str("cheat"),
        .stamp = nr_stamp_make(w->wall_base_ms + w->now_us / 1000, 0),
        .lease_s = 600,
        .body = nr_writer_bytes(&bw),
    };
    nr_writer_init(&rw, raw, sizeof raw);
    sim_ghost_record(g, &rw, &draft, false);
    struct nr_addr to = sim_net_addr(&w->net, 0);
    sim_ghost_hello(g, NULL, &to);
    sim_world_run(w, SIM_SECOND);
    sim_ghost_push(g, &to, nr_writer_bytes(&rw));
    sim_world_run(w, 60 * SIM_SECOND);
    sim_expect(w, sim_sees_node(&w->nodes[1], "cheat"), "the insider's record was not taken");
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
