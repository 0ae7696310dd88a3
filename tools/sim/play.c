#include "tools/sim/play.h"

#include <stdio.h>

void sim_play_boot(struct sim_world *w, size_t from, size_t to, int64_t over_us)
{
    int64_t start_us = w->now_us;
    for (size_t i = from; i < to; i++) {
        int64_t at_us = start_us + over_us * (int64_t)(i - from) / (int64_t)(to - from);
        if (at_us > w->now_us) sim_world_run(w, at_us - w->now_us);
        if (w->nodes[i].state == SIM_OFF) sim_node_boot(&w->nodes[i]);
    }
}

size_t sim_play_count_up(const struct sim_world *w)
{
    size_t up = 0;
    for (size_t i = 0; i < w->node_count; i++) up += w->nodes[i].state == SIM_UP;
    return up;
}

/* One that is up and whose record the reader does not hold. */
static const struct sim_node *missing(struct sim_world *w, const struct sim_node *reader)
{
    for (size_t i = 0; i < w->node_count; i++) {
        const struct sim_node *n = &w->nodes[i];
        uint64_t stamp;
        uint64_t id;
        if (n->state != SIM_UP) continue;
        uint64_t hash = sim_node_word_key(n);
        if (!nr_core_lookup(reader->core, sim_node_now(reader), hash, &stamp, &id)) return n;
    }
    return NULL;
}

static struct sim_node *first_up(struct sim_world *w)
{
    for (size_t i = 0; i < w->node_count; i++)
        if (w->nodes[i].state == SIM_UP) return &w->nodes[i];
    return NULL;
}

static void census_of(struct sim_world *w, const char *of, size_t (*count)(const struct sim_node *n))
{
    size_t min = SIZE_MAX;
    size_t max = 0;
    size_t sum = 0;
    size_t up = 0;
    for (size_t i = 0; i < w->node_count; i++) {
        if (w->nodes[i].state != SIM_UP) continue;
        size_t v = count(&w->nodes[i]);
        min = v < min ? v : min;
        max = v > max ? v : max;
        sum += v;
        up++;
    }
    if (up > 0)
        sim_trace_line(&w->trace, 1, w->now_us, "%s: %zu to %zu, mean %.1f", of, min, max, (double)sum / (double)up);
}

static size_t count_cold(const struct sim_node *n)
{
    return nr_core_record_count(n->core, NR_PLANE_COLD);
}

static size_t count_hot(const struct sim_node *n)
{
    return nr_core_record_count(n->core, NR_PLANE_HOT);
}

static size_t count_paths(const struct sim_node *n)
{
    return nr_core_peer_count(n->core);
}

void sim_play_census(struct sim_world *w)
{
    census_of(w, "cold records a node", count_cold);
    census_of(w, "hot records a node", count_hot);
    census_of(w, "paths a node", count_paths);
    const struct sim_traffic *t = &w->traffic;
    sim_trace_line(&w->trace, 1, w->now_us, "sent: %.1f KB a node, %.2f copies of each cold record taken",
                   (double)t->bytes / 1000 / (double)w->node_count,
                   t->cold_saved ? (double)t->cold_payloads / (double)t->cold_saved : 0);
}

/* Each second it also says how far they are. */
static bool agreed(struct sim_world *w, void *unused)
{
    const struct sim_node *first = first_up(w);
    if (!first || (sim_world_equal(w, unused) && !missing(w, first))) return true;
    if (w->now_us % SIM_SECOND == 0) sim_play_census(w);
    return false;
}

struct difference {
    struct sim_node *here, *there;
    size_t count;
    char first[128];
};

static int differs(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    struct difference *d = arg;
    uint64_t stamp = 0;
    uint64_t id;
    if (nr_kind_plane(rec->kind) != NR_PLANE_COLD) return 0;
    bool held = nr_core_lookup(d->there->core, sim_node_now(d->there), key_hash, &stamp, &id);
    if (held && stamp == rec->stamp) return 0;
    int64_t left_ms = nr_record_ends_ms(rec->stamp, rec->lease_s) - sim_node_now(d->here).wall_ms;
    if (d->count++ == 0)
        snprintf(d->first, sizeof d->first, "%s of %.*s, %lld ms to live", nr_kind_name(rec->kind),
                 (int)rec->subject.len, (const char *)rec->subject.data, (long long)left_ms);
    return 0;
}

/* What the first two nodes that differ differ in, for people. */
static void explain(struct sim_world *w, struct sim_node *a, struct sim_node *b)
{
    struct difference ab = { .here = a, .there = b };
    struct difference ba = { .here = b, .there = a };
    if (nr_store_each(a->store, differs, &ab) || nr_store_each(b->store, differs, &ba)) return;
    sim_trace_line(&w->trace, 1, w->now_us, "%s holds %zu that %s does not: %s", a->name, ab.count, b->name, ab.first);
    sim_trace_line(&w->trace, 1, w->now_us, "%s holds %zu that %s does not: %s", b->name, ba.count, a->name, ba.first);
}

static void explain_all(struct sim_world *w)
{
    size_t told = 0;
    sim_play_census(w);
    struct sim_node *first = first_up(w);
    const struct sim_node *lost = missing(w, first);
    if (lost) sim_trace_line(&w->trace, 1, w->now_us, "%s does not know %s", first->name, lost->name);
    for (size_t i = 0; i < w->node_count && told < 20; i++) {
        struct sim_node *n = &w->nodes[i];
        if (n->state == SIM_UP && nr_core_fingerprint(n->core) != nr_core_fingerprint(first->core))
            explain(w, first, n);
    }
}

int64_t sim_play_agree(struct sim_world *w, int64_t limit_us)
{
    int64_t start_us = w->now_us;
    if (!sim_world_run_until(w, limit_us, agreed, NULL) && !w->failed) {
        explain_all(w);
        sim_fail(w, "the nodes do not agree within %lld ms", (long long)(limit_us / 1000));
    }
    int64_t took_us = w->now_us - start_us;
    if (took_us) sim_play_census(w);
    if (!w->failed) sim_trace_line(&w->trace, 1, w->now_us, "all agree after %lld ms", (long long)(took_us / 1000));
    return took_us;
}

void sim_play_cluster(struct sim_world *w)
{
    sim_play_boot(w, 0, w->node_count, SIM_SECOND);
    sim_play_agree(w, 30 * SIM_SECOND);
}

static void committed_of(struct sim_world *w, const struct sim_node *maker, struct sim_node *reader)
{
    struct nr_now now = sim_node_now(reader);
    for (size_t i = 0; i < maker->guard.claim_count; i++) {
        const struct sim_claim *c = &maker->guard.claims[i];
        uint64_t stamp;
        uint64_t id;
        /* Dead by now, or dead once by its maker's confirmed clock. */
        if (!c->committed || c->committed_ends_ms <= now.wall_ms || c->committed_ends_ms <= maker->latest_ms) continue;
        /* Said by a clock that was ahead: it lies aside, or is said anew (C.9.4). */
        if (nr_stamp_is_ahead(c->committed, now.wall_ms)) continue;
        if (!nr_core_lookup(reader->core, now, c->key_hash, &stamp, &id) || stamp < c->committed)
            sim_fail(w, "%s has not got what %s committed", reader->name, maker->name);
    }
}

void sim_play_committed(struct sim_world *w)
{
    for (size_t r = 0; r < w->node_count; r++) {
        if (w->failed) return;
        if (w->nodes[r].state != SIM_UP) continue;
        for (size_t m = 0; m < w->node_count; m++) committed_of(w, &w->nodes[m], &w->nodes[r]);
    }
}

void sim_play_finish(struct sim_world *w, int64_t limit_us)
{
    sim_net_heal(&w->net);
    w->net.links.all = SIM_LINK_DEFAULT;
    for (size_t i = 0; i < w->node_count; i++) {
        sim_node_thaw(&w->nodes[i]);
        w->nodes[i].clock_offset_ms = 0;
        w->nodes[i].clock_set_us = w->now_us;
        if (!w->failed && w->nodes[i].state == SIM_OFF) sim_node_boot(&w->nodes[i]);
    }
    sim_play_agree(w, limit_us);
    sim_play_committed(w);
    sim_check_all(w);
}

void sim_play_watch(struct sim_node *n, const char *node_id, uint32_t revision, size_t bulk)
{
    struct sim_world *w = n->world;
    int err = sim_say_register(n, node_id, revision, bulk);
    sim_expect(w, err == 0, "%s cannot register %s: %s", n->name, node_id, nr_strerror(err));
    if (!err) sim_watch_add(&w->watches, n->last_own_id, w->now_us);
}

struct sim_node *sim_play_any(struct sim_world *w)
{
    size_t up = sim_play_count_up(w);
    if (!up) return NULL;
    uint32_t pick = nr_rng_below(&w->rng, (uint32_t)up);
    for (size_t i = 0;; i++)
        if (w->nodes[i].state == SIM_UP && pick-- == 0) return &w->nodes[i];
}

size_t sim_play_count_status(struct sim_world *w, const char *node_id, enum nr_status status)
{
    size_t count = 0;
    for (size_t i = 0; i < w->node_count; i++)
        if (w->nodes[i].state == SIM_UP) count += sim_sees_status(&w->nodes[i], node_id) == status;
    return count;
}

void sim_play_block(struct sim_world *w, const struct sim_node *from, const struct sim_node *to)
{
    struct sim_set one = { 0 };
    struct sim_set other = { 0 };
    sim_set_reset(&one, w->node_count);
    sim_set_reset(&other, w->node_count);
    sim_set_add(&one, from->index);
    sim_set_add(&other, to->index);
    sim_links_block(&w->net.links, &one, &other, SIM_PPM, 0);
    sim_set_fini(&one);
    sim_set_fini(&other);
}
