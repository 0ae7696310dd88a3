/* Being observed (proto/README.md C.7.1): this node keeps its observers informed itself, so that it may stand behind a
 * router that lets nobody in. All get their PROBEs in one moment, and so miss them in one. */
#include "core/state.h"

#define PROBE_EVERY_MS  1500
#define CHOOSE_AGAIN_US 10000000 /* silence makes others candidates, without a change */

size_t nr_core_greet_peer(struct nr_core *core, struct nr_now now, uint64_t key_hash)
{
    struct nr_bytes raw;
    struct nr_record rec;
    struct nr_node_body body;
    size_t sent = 0;
    if (core->host.load(core->host.ctx, key_hash, &raw) || nr_record_decode(raw, &rec)) return 0;
    if (rec.kind != NR_KIND_NODE || nr_node_body_decode(rec.body, &body)) return 0;
    for (size_t i = 0; i < body.gossip_count; i++) sent += nr_core_greet(core, now, &body.gossip[i]);
    return sent;
}

static bool among(const uint64_t *list, size_t count, uint64_t key8)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == key8) return true;
    return false;
}

bool nr_core_path_serves(const struct nr_core *core, const struct nr_path *path)
{
    const struct nr_watch *watch = nr_watches_find(&core->watches, nr_key8(path->key));
    return among(core->observers.key8, core->observers.count, nr_key8(path->key)) ||
           (watch && (watch->probed || watch->doubting));
}

static void probe(struct nr_core *core, struct nr_now now, uint64_t key8, uint16_t interval_ms)
{
    struct nr_writer w;
    uint32_t at = 0;
    struct nr_path *path = nr_paths_find_key(&core->paths, key8);
    const struct nr_peer *peer = nr_roster_next_of_key(&core->roster, key8, &at);
    if (path && nr_core_message(core, path, NR_MSG_PROBE, 2, &w)) {
        nr_probe_encode(&w, interval_ms);
        core->stats.probes_out++;
    }
    if (!path && peer && interval_ms) (void)nr_core_greet_peer(core, now, peer->key_hash);
}

static void choose(struct nr_core *core, struct nr_now now)
{
    struct nr_observers *o = &core->observers;
    if (o->changes == core->roster.changes && now.mono_us - o->chosen_us < CHOOSE_AGAIN_US) return;
    uint64_t ranks[NR_VERDICT_RANKS], own = nr_key8(core->key);
    uint32_t at = 0;
    size_t n = 0; /* who is no peer is not observed */
    if (nr_roster_next_of_key(&core->roster, own, &at)) n = nr_roster_rank(&core->roster, own, now.wall_ms, ranks);
    if (n > NR_OBSERVERS_MAX) n = NR_OBSERVERS_MAX;
    for (uint32_t i = 0; i < o->count; i++)
        if (!among(ranks, n, o->key8[i])) probe(core, now, o->key8[i], 0);
    memcpy(o->key8, ranks, n * sizeof ranks[0]);
    o->count = (uint32_t)n;
    o->changes = core->roster.changes;
    o->chosen_us = now.mono_us;
}

void nr_core_probe_care(struct nr_core *core, struct nr_now now)
{
    struct nr_observers *o = &core->observers;
    if (now.mono_us < o->probe_us) return;
    uint16_t pause_ms =
        (uint16_t)(PROBE_EVERY_MS - PROBE_EVERY_MS / 10 + nr_rng_below(&core->rng, PROBE_EVERY_MS / 5 + 1));
    o->probe_us = now.mono_us + (int64_t)pause_ms * 1000;
    if (core->repair.catching_up && now.mono_us < o->in_sync_by_us) return; /* it would choose among the few it knows */
    choose(core, now);
    for (uint32_t i = 0; i < o->count; i++) probe(core, now, o->key8[i], pause_ms);
}
