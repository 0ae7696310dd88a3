/* The same few nodes start again and again, each time at an address that it never had. What the others keep of it is
 * what they keep of a node, however often it came: records, peers, paths, and addresses in memory and on disk. */
#include <stdio.h>

#include "core/state.h"
#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define ROUNDS 50
#define WARM   10 /* rounds after which nothing may grow any more */

struct kept {
    size_t records, hot, brief, peers, paths, remembered, on_disk, memory;
};

static int count_one(void *arg, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr, int64_t wall_ms)
{
    (void)key;
    (void)addr;
    (void)wall_ms;
    ++*(size_t *)arg;
    return 0;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Of each the most that any node keeps. */
static struct kept look(struct sim_world *w)
{
    struct kept k = { 0 };
    for (size_t i = 0; i < w->node_count && !w->failed; i++) {
        const struct sim_node *n = &w->nodes[i];
        size_t on_disk = 0;
        sim_expect(w, nr_store_each_peer(n->store, count_one, &on_disk) == 0, "%s: addresses unread", n->name);
        k.records = most(k.records, nr_core_record_count(n->core, NR_PLANE_COLD));
        k.hot = most(k.hot, nr_core_record_count(n->core, NR_PLANE_HOT));
        k.brief = most(k.brief, nr_core_record_count(n->core, NR_PLANE_BRIEF));
        k.peers = most(k.peers, n->core->roster.count);
        k.paths = most(k.paths, nr_core_peer_count(n->core));
        k.remembered = most(k.remembered, n->core->remembered_count);
        k.on_disk = most(k.on_disk, on_disk);
        k.memory = most(k.memory, sim_node_memory(n));
    }
    sim_trace_line(&w->trace, 1, w->now_us,
                   "kept: %zu cold, %zu hot, %zu brief, %zu peers, %zu paths, %zu addresses, %zu on disk, %zu bytes",
                   k.records, k.hot, k.brief, k.peers, k.paths, k.remembered, k.on_disk, k.memory);
    return k;
}

/* All but the seed, some at a time; half as if killed, half after a word. */
static void renew_all(struct sim_world *w)
{
    for (size_t i = 1; i < w->node_count && !w->failed; i++) {
        struct sim_node *n = &w->nodes[i];
        if (nr_rng_below(&w->rng, 2))
            sim_node_crash(n, false);
        else
            sim_node_leave(n);
        sim_net_move(&w->net, n->index);
        sim_world_run(w, nr_rng_below(&w->rng, 300000));
        if (!w->failed) sim_node_boot(n);
    }
    sim_world_run(w, SIM_SECOND);
    sim_play_agree(w, 20 * SIM_SECOND);
}

static void expect_few(struct sim_world *w, const struct kept *k)
{
    size_t all = w->node_count;
    sim_expect(w, k->records == all && k->hot <= all && k->peers == all, "%zu records, %zu heartbeats, %zu peers",
               k->records, k->hot, k->peers);
    /* A path of a life that was killed is given up after 18 s of silence (C.1.4): two earlier lives may have one. */
    sim_expect(w, k->paths < 3 * all, "%zu paths to %zu others", k->paths, all - 1);
    sim_expect(w, k->brief <= all * NR_VERDICT_RANKS, "%zu verdicts", k->brief);
}

static void expect_no_growth(struct sim_world *w, const struct kept *k, const struct kept *warm)
{
    size_t all = w->node_count;
    sim_expect(w, k->remembered <= most(warm->remembered, all), "%zu addresses are kept, %zu were in round %d",
               k->remembered, warm->remembered, WARM);
    sim_expect(w, k->on_disk <= most(warm->on_disk, all), "%zu addresses are on disk, %zu were in round %d", k->on_disk,
               warm->on_disk, WARM);
    sim_expect(w, k->memory <= warm->memory + warm->memory / 4, "%zu bytes are kept, %zu were in round %d", k->memory,
               warm->memory, WARM);
}

void sim_scene_renewed(struct sim_world *w)
{
    struct kept warm = { 0 }, k;
    sim_play_cluster(w);
    for (int round = 1; round <= ROUNDS && !w->failed; round++) {
        renew_all(w);
        sim_world_run(w, 10 * SIM_SECOND);
        k = look(w);
        expect_few(w, &k);
        if (round == WARM) warm = k;
        if (round > WARM) expect_no_growth(w, &k, &warm);
    }
    sim_world_run(w, SIM_MINUTE);
    k = look(w);
    sim_expect(w, k.paths < w->node_count, "%zu paths to %zu others, a minute later", k.paths, w->node_count - 1);
    sim_play_finish(w, 10 * SIM_SECOND);
}
