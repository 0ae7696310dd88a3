/* Being observed (proto/README.md C.7.1): this node keeps its observers informed itself, so that it may stand behind a
 * router that lets nobody in. All get their PROBEs in one moment, and so miss them in one. */
#include "core/state.h"

#define PROBE_EVERY_US  1500000
#define SHIFT_US        (PROBE_EVERY_US / 10)
#define PROBE_WITHIN_MS ((PROBE_EVERY_US + SHIFT_US) / 1000)
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

static void send_probe(struct nr_core *core, struct nr_path *path, uint16_t interval_ms)
{
    struct nr_writer w;
    if (!nr_core_message(core, path, NR_MSG_PROBE, 2, &w)) return;
    nr_probe_encode(&w, interval_ms);
    path->probed = interval_ms != 0;
    core->stats.probes_out++;
}

void nr_core_probe_met(struct nr_core *core, struct nr_path *path)
{
    const struct nr_observers *o = &core->observers;
    if (!o->chosen || among(o->key8, o->count, nr_key8(path->key))) send_probe(core, path, PROBE_WITHIN_MS);
}

static void probe_all_met(struct nr_core *core, uint16_t interval_ms)
{
    for (size_t i = 0; i < core->paths.count; i++) send_probe(core, core->paths.list[i], interval_ms);
}

static void probe_chosen(struct nr_core *core, struct nr_now now, uint16_t interval_ms)
{
    for (uint32_t i = 0; i < core->observers.count; i++) {
        uint64_t key8 = core->observers.key8[i];
        uint32_t at = 0;
        struct nr_path *path = nr_paths_find_key(&core->paths, key8);
        const struct nr_peer *peer = nr_roster_next_of_key(&core->roster, key8, &at);
        if (path)
            send_probe(core, path, interval_ms);
        else if (peer)
            (void)nr_core_greet_peer(core, now, peer->key_hash);
    }
}

static void choose(struct nr_core *core, struct nr_now now)
{
    struct nr_observers *o = &core->observers;
    bool same = o->chosen && o->changes == core->roster.changes;
    if (same && now.mono_us - o->chosen_us < CHOOSE_AGAIN_US) return;
    uint64_t ranks[NR_VERDICT_RANKS], own = nr_key8(core->key);
    uint32_t at = 0;
    size_t n = 0; /* who is no peer is not observed */
    if (nr_roster_next_of_key(&core->roster, own, &at)) n = nr_roster_rank(&core->roster, own, now.wall_ms, ranks);
    if (n > NR_OBSERVERS_MAX) n = NR_OBSERVERS_MAX;
    for (size_t i = 0; i < core->paths.count; i++) {
        struct nr_path *path = core->paths.list[i];
        if (path->probed && !among(ranks, n, nr_key8(path->key))) send_probe(core, path, 0);
    }
    memcpy(o->key8, ranks, n * sizeof ranks[0]);
    o->count = (uint32_t)n;
    o->chosen = true;
    o->changes = core->roster.changes;
    o->chosen_us = now.mono_us;
}

int64_t nr_core_probe_deadline(const struct nr_core *core)
{
    bool first = !core->observers.chosen && !core->repair.catching_up;
    return first ? core->started_us : core->observers.probe_us;
}

/* Up to a tenth more or less: so that PROBEs go out in the very moment of a heartbeat, and share datagrams with it;
 * where that cannot be, by chance. */
static int64_t pause_us(struct nr_core *core, struct nr_now now)
{
    int64_t left = core->beat_us == NR_NEVER_US ? 0 : core->beat_us - now.mono_us;
    int64_t times = (left + PROBE_EVERY_US / 2) / PROBE_EVERY_US, share = times > 0 ? left / times : 0;
    if (share >= PROBE_EVERY_US - SHIFT_US && share <= PROBE_EVERY_US + SHIFT_US) return share;
    return PROBE_EVERY_US - SHIFT_US + nr_rng_below(&core->rng, 2 * SHIFT_US + 1);
}

struct nr_path *nr_core_observer(const struct nr_core *core, uint32_t turn)
{
    const struct nr_observers *o = &core->observers;
    struct nr_path *path = NULL;
    for (uint32_t i = 0; i < o->count && !path; i++)
        path = nr_paths_find_key(&core->paths, o->key8[(turn + i) % o->count]);
    return path;
}

void nr_core_probe_care(struct nr_core *core, struct nr_now now)
{
    struct nr_observers *o = &core->observers;
    if (now.mono_us < nr_core_probe_deadline(core)) return;
    int64_t pause = pause_us(core, now);
    uint16_t pause_ms = (uint16_t)((pause + 999) / 1000);
    o->probe_us = now.mono_us + pause;
    if (core->repair.catching_up && now.mono_us < o->in_sync_by_us) {
        probe_all_met(core, pause_ms); /* it would choose among the few it knows */
        return;
    }
    choose(core, now);
    probe_chosen(core, now, pause_ms);
}
