/* An insider mints keys without end, and each says of itself all that a peer may: that it is there, that it beats, that
 * others are gone. Admission by keys is not what bounds this (D); what must hold is that it costs memory in proportion
 * to what lives, that it is over when the leases end, and that the records of others stay and can be renewed. */
#include <stdio.h>
#include <stdlib.h>

#include "core/state.h"
#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define EACH_US     3000 /* so that neither a path's budget nor a signer's runs out (C.6) */
#define MINTED_S    15   /* 5,000 keys */
#define LEASE_S     300  /* longer than the minting of the small run */
#define MEMORY_EACH 256  /* bytes of index, of all that one key says */
#define STRANGERS   1000

struct minter {
    struct sim_world *world;
    struct sim_ghost *insider; /* who has the paths */
    struct sim_ghost alias;    /* signs with the key minted last */
    struct nr_addr to;
    char name[32];
};

static void mint(struct minter *m, uint32_t number)
{
    uint8_t seed[32] = { 0x6d, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };
    m->alias = *m->insider;
    nr_keypair_from_seed(&m->alias.key, seed);
    snprintf(m->name, sizeof m->name, "minted-%u", (unsigned)number);
}

static void push(struct minter *m, uint8_t kind, const char *subject, uint32_t lease_s, const struct nr_writer *body)
{
    uint8_t raw[NR_RECORD_MAX];
    struct nr_writer rw;
    struct nr_record_draft draft = {
        .kind = kind,
        .signer = m->alias.key.pub,
        .subject = nr_bytes_str(subject),
        .stamp = nr_stamp_make(m->world->wall_base_ms + m->world->now_us / 1000, 0),
        .lease_s = lease_s,
        .body = nr_writer_bytes(body),
    };
    nr_writer_init(&rw, raw, sizeof raw);
    sim_ghost_record(&m->alias, &rw, &draft, false);
    sim_ghost_push(m->insider, &m->to, nr_writer_bytes(&rw));
}

/* A peer, at an address where nobody is, and its heartbeat. */
static void claim_to_be(struct minter *m, uint32_t number)
{
    uint8_t buf[512];
    struct nr_writer w;
    struct nr_node_body node = {
        .self = true,
        .hostname = nr_bytes_str(m->name),
        .role = nr_bytes_str("minted"),
        .gossip = { sim_net_spoofed(number) },
        .gossip_count = 1,
    };
    struct nr_heartbeat_body beat = { .interval_ms = 10000 };
    nr_writer_init(&w, buf, sizeof buf);
    nr_node_body_encode(&w, &node);
    push(m, NR_KIND_NODE, m->name, LEASE_S, &w);
    nr_writer_init(&w, buf, sizeof buf);
    nr_heartbeat_body_encode(&w, &beat);
    push(m, NR_KIND_HEARTBEAT, m->name, LEASE_S, &w);
}

static void accuse(struct minter *m, const struct sim_node *victim)
{
    uint8_t buf[128];
    struct nr_writer w;
    struct nr_verdict_body body = { .key = victim->key.pub, .since_ms = m->world->wall_base_ms };
    nr_writer_init(&w, buf, sizeof buf);
    nr_verdict_body_encode(&w, &body);
    push(m, NR_KIND_VERDICT, victim->name, LEASE_S, &w);
}

static void meet(struct minter *m)
{
    sim_ghost_hello(m->insider, NULL, &m->to);
    sim_world_run(m->world, SIM_SECOND);
    sim_expect(m->world, m->insider->paths > 0, "the insider has no path");
}

static uint64_t sum_brief(struct sim_world *w)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < w->node_count; i++) sum += nr_core_record_count(w->nodes[i].core, NR_PLANE_BRIEF);
    return sum;
}

/* Keys of no node: what they say of others is refused, and nothing of it kept. */
static void accuse_as_stranger(struct minter *m, uint32_t from)
{
    struct sim_world *w = m->world;
    for (uint32_t i = 0; i < STRANGERS && !w->failed; i++) {
        mint(m, from + i);
        accuse(m, &w->nodes[i % w->node_count]);
        sim_world_run(w, EACH_US);
    }
    sim_world_run(w, SIM_SECOND);
    sim_expect(w, sum_brief(w) == 0, "%llu verdicts of strangers are held", (unsigned long long)sum_brief(w));
}

static void mint_peers(struct minter *m, uint32_t count)
{
    struct sim_world *w = m->world;
    for (uint32_t i = 0; i < count && !w->failed; i++) {
        mint(m, i);
        claim_to_be(m, i);
        if (i % 10 == 0) accuse(m, &w->nodes[nr_rng_below(&w->rng, (uint32_t)w->node_count)]);
        sim_world_run(w, EACH_US);
        if (i % 2000 == 1999) meet(m); /* who hears nothing of it gives its path up */
    }
}

static void expect_bounded(struct sim_world *w, const size_t *before, uint32_t count)
{
    for (size_t i = 0; i < w->node_count && !w->failed; i++) {
        size_t grown = sim_node_memory(&w->nodes[i]) - before[i];
        size_t held = nr_core_record_count(w->nodes[i].core, NR_PLANE_COLD);
        sim_trace_line(&w->trace, 1, w->now_us, "%s: %u keys, %zu records, %zu bytes more", w->nodes[i].name,
                       (unsigned)count, held, grown);
        sim_expect(w, held > count * 9 / 10, "%s holds %zu records: the keys did not come in", w->nodes[i].name, held);
        sim_expect(w, grown <= (size_t)count * MEMORY_EACH, "%u keys cost %s %zu bytes", (unsigned)count,
                   w->nodes[i].name, grown);
    }
}

static bool all_known(struct sim_world *w, void *unused)
{
    struct nr_record rec;
    (void)unused;
    for (size_t i = 0; i < w->node_count; i++)
        for (size_t k = 0; k < w->node_count; k++) {
            const struct sim_node *n = &w->nodes[k];
            bool held = sim_holds(&w->nodes[i], NR_KIND_NODE, n->key.pub, n->name, &rec);
            if (!held || rec.stamp < n->word_stamp) return false;
            if (sim_sees_status(&w->nodes[i], n->name) != NR_STATUS_ONLINE) return false;
        }
    return true;
}

static void all_speak(struct sim_world *w, const char *when)
{
    for (size_t i = 0; i < w->node_count && !w->failed; i++) {
        w->nodes[i].revision++;
        sim_say_self(&w->nodes[i]);
    }
    sim_expect(w, sim_world_run_until(w, 10 * SIM_SECOND, all_known, NULL), "not all are known to all, and online, %s",
               when);
}

static bool over(struct sim_world *w, void *unused)
{
    (void)unused;
    for (size_t i = 0; i < w->node_count; i++) {
        const struct nr_core *c = w->nodes[i].core;
        if (nr_core_record_count(c, NR_PLANE_COLD) != w->node_count || c->roster.count != w->node_count) return false;
        if (nr_core_record_count(c, NR_PLANE_BRIEF) > w->node_count * NR_VERDICT_RANKS) return false;
        if (nr_core_record_count(c, NR_PLANE_HOT) != w->node_count) return false;
    }
    return true;
}

void sim_scene_minted(struct sim_world *w)
{
    uint32_t count = (uint32_t)((w->config.seconds ? w->config.seconds : MINTED_S) * SIM_SECOND / EACH_US);
    struct minter m = { .world = w, .insider = sim_ghost_add(w), .to = sim_net_addr(&w->net, 0) };
    size_t *before = sim_alloc(w->node_count * sizeof *before);
    sim_play_cluster(w);
    sim_world_run(w, 5 * SIM_SECOND);
    meet(&m);
    accuse_as_stranger(&m, count);
    for (size_t i = 0; i < w->node_count && !w->failed; i++) before[i] = sim_node_memory(&w->nodes[i]);
    mint_peers(&m, count);
    sim_world_run(w, 5 * SIM_SECOND);
    expect_bounded(w, before, count);
    all_speak(w, "among the minted keys");
    sim_world_run(w, (LEASE_S + 5) * (int64_t)SIM_SECOND);
    sim_expect(w, sim_world_run_until(w, 10 * SIM_SECOND, over, NULL),
               "something of the minted keys outlives its lease");
    all_speak(w, "after the minted keys");
    sim_play_finish(w, 10 * SIM_SECOND);
    free(before);
}
