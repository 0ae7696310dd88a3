/* An insider: it has the cluster key and a proven path to every node, and sends what no peer would. Nobody may crash,
 * take a forgery, lose a record, or hold more than the insider's budget of its records. */
#include <stdio.h>

#include "tools/sim/play.h"
#include "tools/sim/scenario.h"
#include "tools/sim/scenes/capture.h"

#define GARBAGE      4000
#define FLOOD        14000
#define SIGNER_BURST 10000 /* what one signer may say at once, and in a second, of a node's patience (C.6) */
#define SIGNER_RATE  1000
#define SERVE_BURST  131072 /* bytes that a path is served at once, and in a second (C.5.6) */
#define SERVE_RATE   2000000

static void meet_all(struct sim_world *w, struct sim_ghost *g)
{
    for (size_t i = 0; i < w->node_count; i++) {
        struct nr_addr to = sim_net_addr(&w->net, (uint32_t)i);
        sim_ghost_hello(g, NULL, &to);
    }
    sim_world_run(w, SIM_SECOND);
    sim_expect(w, g->paths >= w->node_count, "the insider has no path to each node");
}

static struct nr_addr any_addr(struct sim_world *w)
{
    return sim_net_addr(&w->net, nr_rng_below(&w->rng, (uint32_t)w->node_count));
}

static void random_fill(struct sim_world *w, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)nr_rng_u32(&w->rng);
}

/* A head that fits, and a random body of any known or unknown type. */
static void send_garbage(struct sim_world *w, struct sim_ghost *g)
{
    uint8_t body[NR_MESSAGES_MAX];
    uint8_t out[NR_MESSAGES_MAX];
    struct nr_writer mw;
    struct nr_addr to = any_addr(w);
    size_t len = nr_rng_below(&w->rng, 200);
    random_fill(w, body, sizeof body);
    nr_writer_init(&mw, out, sizeof out);
    nr_message_head(&mw, (uint8_t)nr_rng_below(&w->rng, NR_MSG_TYPES + 3), len);
    nr_write_bytes(&mw, nr_bytes(body, len));
    sim_ghost_send(g, NULL, &to, nr_writer_bytes(&mw));
}

/* A captured datagram's messages with one byte changed, or cut short, under the insider's own header. */
static void send_mutant(struct sim_world *w, struct sim_ghost *g, const struct sim_capture *c)
{
    uint8_t out[NR_MESSAGES_MAX];
    const struct sim_captured *p = &c->list[nr_rng_below(&w->rng, (uint32_t)c->count)];
    struct nr_addr to = any_addr(w);
    size_t len = p->len - NR_HEADER_SIZE;
    memcpy(out, p->plain + NR_HEADER_SIZE, len);
    if (len > 0) out[nr_rng_below(&w->rng, (uint32_t)len)] ^= (uint8_t)(1 + nr_rng_below(&w->rng, 255));
    if (nr_rng_below(&w->rng, 4) == 0) len = nr_rng_below(&w->rng, (uint32_t)len + 1);
    sim_ghost_send(g, NULL, &to, nr_bytes(out, len));
}

static uint8_t *make_record(struct sim_world *w, const struct sim_ghost *g, const struct nr_record_draft *wanted,
                            bool forged, struct nr_writer *rw, uint8_t raw[static NR_RECORD_MAX])
{
    static const uint8_t empty_map = 0x80;
    struct nr_record_draft draft = *wanted;
    draft.signer = g->key.pub;
    if (!draft.body.len) draft.body = nr_bytes(&empty_map, 1);
    if (!draft.lease_s) draft.lease_s = 600;
    if (!draft.stamp) draft.stamp = nr_stamp_make(w->wall_base_ms + w->now_us / 1000, 0);
    nr_writer_init(rw, raw, NR_RECORD_MAX);
    sim_ghost_record(g, rw, &draft, forged);
    return raw;
}

static void push_record(struct sim_world *w, struct sim_ghost *g, const struct nr_addr *to, uint8_t kind,
                        uint32_t number, int64_t ahead_ms, uint32_t lease_s, bool forged)
{
    uint8_t raw[NR_RECORD_MAX];
    char subject[32];
    struct nr_writer rw;
    snprintf(subject, sizeof subject, "flood-%u", (unsigned)number);
    struct nr_record_draft draft = {
        .kind = kind,
        .subject = nr_bytes_str(subject),
        .stamp = nr_stamp_make(w->wall_base_ms + w->now_us / 1000 + ahead_ms, (uint16_t)number),
        .lease_s = lease_s,
    };
    make_record(w, g, &draft, forged, &rw, raw);
    sim_ghost_push(g, to, nr_writer_bytes(&rw));
}

static void send_records(struct sim_world *w, struct sim_ghost *g)
{
    for (uint32_t i = 0; i < 200 && !w->failed; i++) {
        struct nr_addr to = any_addr(w);
        push_record(w, g, &to, NR_KIND_NODE, i, 0, 600, false);     /* no hostname: malformed */
        push_record(w, g, &to, NR_KIND_HEARTBEAT, i, 0, 600, true); /* forged */
        push_record(w, g, &to, 50, i, 0, 600, true);                /* forged, of a kind nobody knows */
        push_record(w, g, &to, 50, i, 120000, 600, false);          /* ahead */
        push_record(w, g, &to, 50, i, -3600000, 60, false);         /* dead */
        sim_world_run(w, 5000);
    }
}

/* Every WANT asks for much, every PIECE begins a record that never ends, every SPLIT claims that all differs. */
static void send_costly(struct sim_world *w, struct sim_ghost *g)
{
    uint8_t out[NR_MESSAGES_MAX];
    uint64_t ids[NR_IDS_MAX];
    uint32_t prints[64];
    uint8_t piece[NR_PIECE_SIZE] = { 0 };
    struct nr_addr to = any_addr(w);
    struct nr_writer mw;
    for (size_t i = 0; i < NR_IDS_MAX; i++) ids[i] = nr_rng_u64(&w->rng);
    for (size_t i = 0; i < 64; i++) prints[i] = nr_rng_u32(&w->rng);
    struct nr_piece p = { .id = ids[0], .total = NR_RECORD_MAX, .index = 1, .bytes = nr_bytes(piece, sizeof piece) };
    nr_writer_init(&mw, out, sizeof out);
    switch (nr_rng_below(&w->rng, 5)) {
    case 0: nr_ids_encode(&mw, NR_MSG_ANNOUNCE, ids, NR_IDS_MAX); break;
    case 1: nr_ids_encode(&mw, NR_MSG_WANT, ids, NR_IDS_MAX); break;
    case 2: nr_piece_encode(&mw, &p); break;
    case 3: nr_split_encode(&mw, (struct nr_range){ 0 }, (uint32_t)ids[1], 6, prints); break;
    default: nr_walk_encode(&mw, 0); break;
    }
    sim_ghost_send(g, NULL, &to, nr_writer_bytes(&mw));
}

/* Two records under one stamp, to one node in this order and to another in that: both keep the pair as evidence, and
 * take the one with the higher id. */
static void cheat_stamps(struct sim_world *w, struct sim_ghost *g)
{
    static const uint8_t other_map[] = { 0x81, 0xa1, 'x', 0x01 };
    uint8_t raw[2][NR_RECORD_MAX];
    struct nr_writer rw[2];
    struct nr_record_draft draft = { .kind = 50, .subject = nr_bytes_str("two-faced") };
    make_record(w, g, &draft, false, &rw[0], raw[0]);
    draft.body = nr_bytes(other_map, sizeof other_map);
    make_record(w, g, &draft, false, &rw[1], raw[1]);
    size_t high = nr_record_id(nr_writer_bytes(&rw[1])) > nr_record_id(nr_writer_bytes(&rw[0]));
    for (size_t node = 0; node < 2; node++) {
        struct nr_addr to = sim_net_addr(&w->net, (uint32_t)node);
        sim_ghost_push(g, &to, nr_writer_bytes(&rw[node]));
    }
    sim_world_run(w, 22000);
    for (size_t node = 0; node < 2; node++) {
        struct nr_addr to = sim_net_addr(&w->net, (uint32_t)node);
        sim_ghost_push(g, &to, nr_writer_bytes(&rw[1 - node]));
    }
    sim_world_run(w, 2 * SIM_SECOND);
    for (size_t i = 0; i < w->node_count && !w->failed; i++) {
        struct nr_record held;
        bool has = sim_holds(&w->nodes[i], 50, g->key.pub, "two-faced", &held);
        sim_expect(w, has && nr_bytes_eq(held.raw, nr_writer_bytes(&rw[high])), "%s holds the wrong one of two",
                   w->nodes[i].name);
        if (i < 2)
            sim_expect(w, nr_store_evidence_count(w->nodes[i].store) > 0, "%s has no evidence", w->nodes[i].name);
    }
}

/* One signer's records, all to one node: it takes what it grants one signer, and no more. */
static void flood(struct sim_world *w, struct sim_ghost *g)
{
    const struct sim_node *n = &w->nodes[0];
    struct nr_addr to = sim_net_addr(&w->net, n->index);
    if (w->failed) return;
    size_t before = nr_core_record_count(n->core, NR_PLANE_COLD);
    int64_t start_us = w->now_us;
    for (uint32_t i = 0; i < FLOOD && !w->failed; i++) {
        push_record(w, g, &to, 50, 1000 + i, 0, 86400, false);
        if (i % 10 == 0) sim_world_run(w, 500);
    }
    sim_world_run(w, 200000);
    if (w->failed) return;
    size_t may = SIGNER_BURST + (size_t)((w->now_us - start_us) * SIGNER_RATE / SIM_SECOND) + 1;
    size_t taken = nr_core_record_count(n->core, NR_PLANE_COLD) - before;
    sim_expect(w, taken <= may, "%s took %zu records of one signer, where %zu were its budget", n->name, taken, may);
    sim_expect(w, taken > may / 2, "%s took %zu records: the flood did not come in", n->name, taken);
}

struct ids {
    uint64_t list[NR_IDS_MAX];
    size_t count;
};

static int collect_id(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    (void)key_hash;
    struct ids *ids = arg;
    ids->list[ids->count++] = nr_record_id(rec->raw);
    return ids->count == NR_IDS_MAX;
}

/* Asks one node for a great many records over and over: it gives no more than a path's budget. */
static void drain_bytes(struct sim_world *w, struct sim_ghost *g)
{
    uint8_t out[NR_MESSAGES_MAX];
    struct ids ids = { .count = 0 };
    struct nr_writer mw;
    struct nr_addr to = sim_net_addr(&w->net, 0);
    if (w->failed) return;
    (void)!nr_store_each(w->nodes[0].store, collect_id, &ids);
    nr_writer_init(&mw, out, sizeof out);
    nr_ids_encode(&mw, NR_MSG_WANT, ids.list, ids.count);
    uint64_t before = g->bytes_in;
    int64_t start_us = w->now_us;
    for (int i = 0; i < 400 && !w->failed; i++) {
        sim_ghost_send(g, NULL, &to, nr_writer_bytes(&mw));
        sim_world_run(w, 2000);
    }
    sim_world_run(w, 100000);
    uint64_t got = g->bytes_in - before;
    uint64_t may = SERVE_BURST + (uint64_t)(w->now_us - start_us) * SERVE_RATE / SIM_SECOND;
    sim_expect(w, got > SERVE_BURST, "the insider got %llu bytes: it was not served", (unsigned long long)got);
    sim_expect(w, got <= may + may / 4, "the insider got %llu bytes, where %llu were its budget",
               (unsigned long long)got, (unsigned long long)may);
}

static uint64_t sum_refused(struct sim_world *w)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < w->node_count && !w->failed; i++) {
        const struct nr_core_stats *s = nr_core_stats(w->nodes[i].core);
        sim_expect(w, s->records_malformed && s->records_bad_signature, "%s refused no garbage", w->nodes[i].name);
        sum += s->records_malformed + s->records_bad_signature + s->records_expired + s->records_ahead;
    }
    return sum;
}

void sim_scene_hostile(struct sim_world *w)
{
    struct sim_capture c;
    sim_capture_start(&c, w);
    sim_play_cluster(w);
    sim_world_run(w, 5 * SIM_SECOND);
    sim_capture_stop(&c);
    struct sim_ghost *g = sim_ghost_add(w);
    meet_all(w, g);
    for (uint32_t i = 0; i < GARBAGE && !w->failed; i++) {
        if (i % 3 == 0)
            send_garbage(w, g);
        else if (i % 3 == 1)
            send_mutant(w, g, &c);
        else
            send_costly(w, g);
        sim_world_run(w, 2000);
        if (i % 500 == 499) meet_all(w, g); /* some garbage was a BYE */
    }
    meet_all(w, g);
    send_records(w, g);
    sim_expect(w, sum_refused(w) > 0, "nothing was refused");
    meet_all(w, g);
    cheat_stamps(w, g);
    flood(w, g);
    meet_all(w, g);
    drain_bytes(w, g);
    for (size_t i = 0; i < w->node_count; i++)
        sim_expect(w, sim_sees_status(&w->nodes[0], w->nodes[i].name) == NR_STATUS_ONLINE, "%s is not online",
                   w->nodes[i].name);
    sim_play_finish(w, 60 * SIM_SECOND);
    sim_capture_free(&c);
}
