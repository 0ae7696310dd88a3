#include "tools/sim/jury.h"

#include <stdlib.h>

#include "core/state.h"
#include "core/view.h"
#include "tools/sim/world.h"

#define LOOK_US        SIM_SECOND
#define HEARD_US       (3 * SIM_SECOND)
#define SETTLED_US     (10 * SIM_SECOND)
#define GRACE_US       (10 * SIM_SECOND)
#define CLOCK_RIGHT_MS 1000
#define LOSS_MAX_PPM   (SIM_PPM / 2)
#define CALM_LOSS_PPM  (SIM_PPM * 3 / 10)
#define CALM_US        SIM_MINUTE
#define JUST_HEARD_US  SIM_SECOND
#define SILENCE_NODES  256

void sim_jury_init(struct sim_jury *j, const struct sim_world *w)
{
    *j = (struct sim_jury){ .calm_us = -1, .hearings = sim_alloc(w->node_count * sizeof *j->hearings) };
    for (uint32_t i = 0; i < w->node_count; i++) {
        sim_map_put(&j->node_of, nr_key8(w->nodes[i].key.pub), i);
        j->hearings[i].at_us = -1;
    }
}

void sim_jury_fini(struct sim_jury *j)
{
    sim_map_fini(&j->node_of);
    sim_map_fini(&j->place_of);
    free(j->wrongs);
    free(j->hearings);
}

/* It runs, and knows the time, for long enough to be held to anything. */
static bool is_settled(const struct sim_node *n)
{
    int64_t off_ms = n->clock_offset_ms < 0 ? -n->clock_offset_ms : n->clock_offset_ms;
    return n->state == SIM_UP && off_ms <= CLOCK_RIGHT_MS && n->world->now_us - n->awake_us >= SETTLED_US &&
           n->world->now_us - n->clock_set_us >= SETTLED_US;
}

/* Who hears whom */

/* By what it said of itself, as it knows: with an address at which it is reached. */
static bool is_candidate(const struct sim_node *n)
{
    struct nr_addr learned;
    return is_settled(n) && n->word_stamp > 0 && (n->advertises || nr_core_learned_address(n->core, &learned));
}

static uint64_t rank_of(const struct sim_node *x, const struct sim_node *candidate)
{
    return sim_mix(sim_mix(nr_key8(x->key.pub)) + nr_key8(candidate->key.pub));
}

static size_t choose_observers(const struct sim_world *w, const struct sim_node *x, uint32_t out[NR_OBSERVERS_MAX])
{
    size_t count = 0;
    for (uint32_t i = 0; i < w->node_count; i++) {
        const struct sim_node *n = &w->nodes[i];
        size_t at = count;
        if (n == x || !is_candidate(n)) continue;
        while (at > 0 && rank_of(x, &w->nodes[out[at - 1]]) < rank_of(x, n)) at--;
        if (at == NR_OBSERVERS_MAX) continue;
        if (count < NR_OBSERVERS_MAX) count++;
        for (size_t k = count - 1; k > at; k--) out[k] = out[k - 1];
        out[at] = i;
    }
    return count;
}

static bool hears(const struct sim_node *n, const struct sim_node *x, int64_t within_us)
{
    struct nr_peer_info p;
    int64_t now_us = sim_node_now(n).mono_us;
    for (size_t iter = 0; nr_core_next_peer(n->core, &iter, &p);)
        if (memcmp(p.key, x->key.pub, NR_KEY_SIZE) == 0 && now_us - p.heard_us <= within_us) return true;
    return false;
}

static struct sim_hearing hear(const struct sim_world *w, const struct sim_node *x, int64_t within_us)
{
    struct sim_hearing h = { .at_us = w->now_us };
    uint32_t observers[NR_OBSERVERS_MAX];
    size_t count = choose_observers(w, x, observers);
    for (size_t i = 0; i < count; i++)
        if (hears(&w->nodes[observers[i]], x, within_us)) h.by[h.count++] = observers[i];
    h.quorum = count > 0 && h.count >= count / 2 + 1;
    return h;
}

static const struct sim_hearing *hearing_of(struct sim_world *w, const struct sim_node *x)
{
    struct sim_hearing *h = &w->jury.hearings[x->index];
    if (h->at_us != w->now_us) *h = hear(w, x, HEARD_US);
    return h;
}

/* Who is connected */

/* What has a bit wrong does not open. */
static uint32_t lost_ppm(const struct sim_world *w, uint32_t from, uint32_t to)
{
    const struct sim_link *link = sim_links_find(&w->net.links, from, to);
    return link ? link->loss_ppm + link->corrupt_ppm : SIM_PPM;
}

static bool leads(const struct sim_world *w, uint32_t from, uint32_t to)
{
    return w->net.endpoints[from].group == w->net.endpoints[to].group && lost_ppm(w, from, to) < LOSS_MAX_PPM;
}

static bool both_ways(const struct sim_world *w, uint32_t a, uint32_t b)
{
    return a == b || (leads(w, a, b) && leads(w, b, a));
}

static bool is_connected(const struct sim_world *w, uint32_t n)
{
    size_t up = 0;
    size_t reached = 0;
    for (uint32_t i = 0; i < w->node_count; i++) {
        if (w->nodes[i].state != SIM_UP) continue;
        up++;
        reached += both_ways(w, n, i);
    }
    return 2 * reached > up;
}

/* A quorum hears it, to whom this reader is connected. */
static bool should_know(struct sim_world *w, const struct sim_node *reader, const struct sim_node *x)
{
    if (!is_settled(reader) || !is_settled(x) || nr_core_peer_count(reader->core) == 0) return false;
    const struct sim_hearing *h = hearing_of(w, x);
    if (!h->quorum) return false;
    for (size_t i = 0; i < h->count; i++)
        if (!both_ways(w, reader->index, h->by[i])) return false;
    return is_connected(w, reader->index) && is_connected(w, x->index);
}

/* Who is wrong */

static struct sim_wrong *wrong_of(struct sim_jury *j, uint32_t reader, uint32_t node)
{
    uint64_t key = (uint64_t)reader << 32 | node;
    const uint32_t *at = sim_map_get(&j->place_of, key);
    if (at) return &j->wrongs[*at];
    j->wrongs = sim_grow(j->wrongs, j->count, &j->capacity, sizeof *j->wrongs);
    sim_map_put(&j->place_of, key, (uint32_t)j->count);
    j->wrongs[j->count] = (struct sim_wrong){ .reader = reader, .node = node, .seen_us = -1 };
    return &j->wrongs[j->count++];
}

static int64_t interval_ms(const struct sim_node *x)
{
    return x->core->beat_promised_ms > x->heartbeat_ms ? x->core->beat_promised_ms : x->heartbeat_ms;
}

/* As readers see it: what observers say, or silence alone. */
static bool calls_offline(const struct sim_node *reader, const struct nr_peer *p, const struct sim_node *x)
{
    struct nr_thresholds t = NR_THRESHOLDS_DEFAULT;
    int64_t wall_ms = sim_node_now(reader).wall_ms;
    if (nr_roster_gone_until_ms(&reader->core->roster, p->key8, p->key_hash) > wall_ms) return true;
    struct nr_liveness live = { .last_heartbeat_ms = (int64_t)p->heard_s * 1000 + 999 };
    live.interval_ms = x->core ? (uint32_t)interval_ms(x) : 0;
    return nr_status_at(&live, &t, wall_ms, NULL) == NR_STATUS_OFFLINE;
}

/* As many times 10 s as it takes tries, on the worst of the links to those who hear it, to get there and back. */
static int64_t grace_us(const struct sim_world *w, const struct sim_node *reader, const struct sim_hearing *h)
{
    double most = 1;
    for (size_t i = 0; i < h->count; i++) {
        double there = (double)(SIM_PPM - lost_ppm(w, reader->index, h->by[i])) / SIM_PPM;
        double back = (double)(SIM_PPM - lost_ppm(w, h->by[i], reader->index)) / SIM_PPM;
        if (h->by[i] != reader->index && 1 / (there * back) > most) most = 1 / (there * back);
    }
    return (int64_t)(GRACE_US * most);
}

static void is_wrong(struct sim_world *w, const struct sim_node *reader, const struct sim_node *x)
{
    struct sim_wrong *wrong = wrong_of(&w->jury, reader->index, x->index);
    if (wrong->seen_us < 0 || w->now_us - wrong->seen_us > LOOK_US) wrong->since_us = w->now_us;
    wrong->seen_us = w->now_us;
    int64_t long_us = w->now_us - wrong->since_us;
    if (long_us > interval_ms(x) * 1000 + grace_us(w, reader, hearing_of(w, x)))
        sim_fail(w, "%s has held %s offline for %lld s, which its quorum hears", reader->name, x->name,
                 (long long)(long_us / SIM_SECOND));
}

static void look_at(struct sim_world *w, const struct sim_node *reader, const struct nr_peer *p)
{
    const uint32_t *at = p ? sim_map_get(&w->jury.node_of, p->key8) : NULL;
    const struct sim_node *x = at ? &w->nodes[*at] : NULL;
    if (x && x != reader && calls_offline(reader, p, x) && should_know(w, reader, x)) is_wrong(w, reader, x);
}

/* Of a great many only those who are called gone. */
static void look_at_peers(struct sim_world *w, const struct sim_node *reader)
{
    const struct nr_roster *r = &reader->core->roster;
    if (w->node_count > SILENCE_NODES) {
        for (uint32_t i = 0; i < r->gone_count; i++)
            look_at(w, reader, nr_roster_find(r, r->gone[i].key8, r->gone[i].key_hash));
        return;
    }
    for (uint32_t i = 0; i < r->room; i++)
        if (r->places[i].key_hash) look_at(w, reader, &r->places[i]);
}

/* Nothing has hindered anybody who runs for a while. */
static bool is_calm(struct sim_world *w)
{
    const struct sim_net *net = &w->net;
    if (net->links.count > 0 || net->links.all.loss_ppm > CALM_LOSS_PPM || net->slot_count != w->jury.slots)
        return false;
    for (size_t i = 0; i < w->node_count; i++) {
        const struct sim_node *n = &w->nodes[i];
        if (n->state == SIM_FROZEN || (n->state == SIM_UP && !is_settled(n))) return false;
        if (net->endpoints[i].group != net->endpoints[0].group) return false;
    }
    return true;
}

void sim_jury_look(struct sim_world *w)
{
    struct sim_jury *j = &w->jury;
    bool calm = is_calm(w);
    j->slots = w->net.slot_count;
    if (!calm)
        j->calm_us = -1;
    else if (j->calm_us < 0)
        j->calm_us = w->now_us;
    for (size_t i = 0; i < w->node_count && !w->failed; i++)
        if (w->nodes[i].state == SIM_UP) look_at_peers(w, &w->nodes[i]);
}

void sim_jury_judged(const struct sim_node *reader, const struct nr_event *e)
{
    struct sim_world *w = reader->world;
    const uint32_t *at = sim_map_get(&w->jury.node_of, nr_key8(e->signer));
    if (!at || !e->until_ms || w->jury.calm_us < 0 || w->now_us - w->jury.calm_us < CALM_US || !is_calm(w)) return;
    const struct sim_node *x = &w->nodes[*at];
    if (x->state != SIM_UP || !hear(w, x, JUST_HEARD_US).quorum) return;
    sim_fail(w, "%s judges %s gone, which its quorum has just heard", reader->name, x->name);
}
