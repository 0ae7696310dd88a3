/* An insider sends records that say another version than this protocol has, each truly signed: as a node of their own,
 * in the name of one that is there, whole and in pieces, to all. They are refused where they come in, so that nobody
 * keeps one or passes it on, and who joins meanwhile joins as ever. */
#include <stdio.h>

#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define JOINERS 3
#define ROUNDS  40

static const uint8_t versions[] = { 0, 2, 0x7f, 0xff };

/* The draft's record under another version, in that one's shortest form (A.2.1); the signature covers it. */
static struct nr_bytes encode(const struct sim_ghost *g, uint8_t version, const struct nr_record_draft *draft,
                              uint8_t raw[static NR_RECORD_MAX])
{
    uint8_t plain[NR_RECORD_MAX];
    uint8_t sig[NR_SIG_SIZE];
    struct nr_writer from;
    struct nr_writer to;
    nr_writer_init(&from, plain, sizeof plain);
    nr_record_encode_unsigned(&from, draft);
    struct nr_bytes b = nr_writer_bytes(&from);
    nr_writer_init(&to, raw, NR_RECORD_MAX);
    nr_write_u8(&to, b.data[0]);
    if (version > 0x7f) nr_write_u8(&to, 0xcc);
    nr_write_u8(&to, version);
    nr_write_bytes(&to, nr_bytes(b.data + 2, b.len - 2));
    nr_sign(&g->key, NR_RECORD_DOMAIN, nr_writer_bytes(&to), sig);
    nr_record_encode_signature(&to, sig);
    return nr_writer_bytes(&to);
}

static void send_piece(struct sim_ghost *g, const struct nr_addr *to, struct nr_bytes raw)
{
    uint8_t out[NR_MESSAGES_MAX];
    struct nr_writer mw;
    struct nr_piece p = { .id = nr_record_id(raw), .total = (uint16_t)raw.len, .index = 0, .bytes = raw };
    nr_writer_init(&mw, out, sizeof out);
    nr_ids_encode(&mw, NR_MSG_ANNOUNCE, &p.id, 1);
    nr_piece_encode(&mw, &p);
    sim_ghost_send(g, NULL, to, nr_writer_bytes(&mw));
}

static void send_one(struct sim_world *w, struct sim_ghost *g, uint32_t number, const char *subject)
{
    uint8_t body[512];
    uint8_t raw[NR_RECORD_MAX];
    struct nr_writer bw;
    struct nr_addr to = sim_net_addr(&w->net, number % (uint32_t)(w->node_count - JOINERS));
    struct nr_node_body node = { .self = true, .hostname = nr_bytes_str("foreign"), .role = nr_bytes_str("foreign") };
    nr_writer_init(&bw, body, sizeof body);
    nr_node_body_encode(&bw, &node);
    struct nr_record_draft draft = {
        .kind = NR_KIND_NODE,
        .signer = g->key.pub,
        .subject = nr_bytes_str(subject),
        .stamp = nr_stamp_make(w->wall_base_ms + w->now_us / 1000, (uint16_t)number),
        .lease_s = 3600,
        .body = nr_writer_bytes(&bw),
    };
    struct nr_bytes record = encode(g, versions[number % sizeof versions], &draft, raw);
    sim_ghost_push(g, &to, record);
    send_piece(g, &to, record);
}

static void nobody_keeps(struct sim_world *w, const struct sim_ghost *g)
{
    struct nr_record rec;
    for (size_t i = 0; i < w->node_count && !w->failed; i++) {
        struct sim_node *n = &w->nodes[i];
        if (n->state != SIM_UP) continue;
        bool held = sim_holds(n, NR_KIND_NODE, g->key.pub, "foreign", &rec) ||
                    sim_holds(n, NR_KIND_NODE, g->key.pub, w->nodes[1].name, &rec);
        size_t cold = nr_core_record_count(n->core, NR_PLANE_COLD);
        sim_expect(w, !held && cold <= w->node_count, "%s keeps a record of another version", n->name);
    }
}

static uint64_t count_malformed(const struct sim_world *w, size_t from, size_t to)
{
    uint64_t sum = 0;
    for (size_t i = from; i < to; i++) sum += nr_core_stats(w->nodes[i].core)->records_malformed;
    return sum;
}

void sim_scene_foreign(struct sim_world *w)
{
    struct sim_ghost *g = sim_ghost_add(w);
    size_t old = w->node_count - JOINERS;
    sim_play_boot(w, 0, old, SIM_SECOND);
    sim_play_agree(w, 10 * SIM_SECOND);
    for (size_t i = 0; i < old; i++) {
        struct nr_addr to = sim_net_addr(&w->net, (uint32_t)i);
        sim_ghost_hello(g, NULL, &to);
    }
    sim_world_run(w, SIM_SECOND);
    sim_expect(w, g->paths >= old, "the insider has no path to each node");
    for (uint32_t i = 0; i < ROUNDS * 10 && !w->failed; i++) {
        send_one(w, g, i, i % 3 ? "foreign" : w->nodes[1].name);
        sim_world_run(w, 20000);
        if (i % 100 == 50 && i / 100 < JOINERS) sim_node_boot(&w->nodes[old + i / 100]);
    }
    sim_world_run(w, SIM_SECOND);
    sim_play_agree(w, SIM_SECOND);
    sim_expect(w, w->failed || sim_play_count_up(w) == w->node_count, "not all have joined");
    nobody_keeps(w, g);
    sim_expect(w, w->failed || count_malformed(w, 0, old) >= (uint64_t)ROUNDS * 10,
               "%llu records were refused: not all came in", (unsigned long long)count_malformed(w, 0, old));
    sim_expect(w, w->failed || count_malformed(w, old, w->node_count) == 0,
               "a record of another version was passed on");
    sim_play_finish(w, 10 * SIM_SECOND);
}
