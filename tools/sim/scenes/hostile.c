/* An insider: it has the cluster key and a proven path to every node, and sends what no peer would. Nobody may crash,
 * take a forgery, lose a record, or hold more than the insider's budget of its records. */
#include <stdio.h>

#include "tools/sim/play.h"
#include "tools/sim/scenario.h"
#include "tools/sim/scenes/capture.h"

#define GARBAGE     4000
#define FLOOD       4000
#define FLOOD_TAKEN 3000 /* C.6: a signer's and a path's budget; far fewer than all over all paths */

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

static void push_record(struct sim_world *w, struct sim_ghost *g, uint8_t kind, uint32_t number, int64_t ahead_ms,
                        uint32_t lease_s, bool forged)
{
    static const uint8_t empty_map = 0x80;
    uint8_t raw[NR_RECORD_MAX];
    char subject[32];
    struct nr_writer rw;
    struct nr_addr to = any_addr(w);
    snprintf(subject, sizeof subject, "flood-%u", (unsigned)number);
    struct nr_record_draft draft = {
        .kind = kind,
        .signer = g->key.pub,
        .subject = nr_bytes_str(subject),
        .stamp = nr_stamp_make(w->wall_base_ms + w->now_us / 1000 + ahead_ms, (uint16_t)number),
        .lease_s = lease_s,
        .body = nr_bytes(&empty_map, 1),
    };
    nr_writer_init(&rw, raw, sizeof raw);
    sim_ghost_record(g, &rw, &draft, forged);
    sim_ghost_push(g, &to, nr_writer_bytes(&rw));
}

static void send_records(struct sim_world *w, struct sim_ghost *g)
{
    for (uint32_t i = 0; i < 200 && !w->failed; i++) {
        push_record(w, g, NR_KIND_NODE, i, 0, 600, false);     /* no hostname: malformed */
        push_record(w, g, NR_KIND_HEARTBEAT, i, 0, 600, true); /* forged */
        push_record(w, g, 50, i, 0, 600, true);                /* forged, of a kind nobody knows */
        push_record(w, g, 50, i, 120000, 600, false);          /* ahead */
        push_record(w, g, 50, i, -3600000, 60, false);         /* dead */
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

static void flood(struct sim_world *w, struct sim_ghost *g)
{
    size_t before = w->failed ? 0 : nr_core_record_count(w->nodes[0].core, NR_PLANE_COLD);
    int64_t start_us = w->now_us;
    for (uint32_t i = 0; i < FLOOD && !w->failed; i++) {
        push_record(w, g, 50, 1000 + i, 0, 86400, false);
        if (i % 10 == 0) sim_world_run(w, 1000);
    }
    size_t taken = w->failed ? 0 : nr_core_record_count(w->nodes[0].core, NR_PLANE_COLD) - before;
    sim_expect(w, taken <= FLOOD_TAKEN, "%zu records of a flood of %d were taken in %lld ms", taken, FLOOD,
               (long long)((w->now_us - start_us) / 1000));
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
    flood(w, g);
    for (size_t i = 0; i < w->node_count; i++)
        sim_expect(w, sim_sees_status(&w->nodes[0], w->nodes[i].name) == NR_STATUS_ONLINE, "%s is not online",
                   w->nodes[i].name);
    sim_play_finish(w, 60 * SIM_SECOND);
    sim_capture_free(&c);
}
