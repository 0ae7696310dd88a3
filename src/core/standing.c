/* Why a node has its status, put together when somebody asks. */
#include "core/state.h"

#include "core/view.h"

struct known {
    const struct nr_core *core;
    struct nr_now now;
    struct nr_winner winner;
    uint8_t signer[NR_KEY_SIZE];
    uint64_t newest; /* stamp */
};

static int read_node(void *arg, const struct nr_record *rec)
{
    struct known *k = arg;
    uint64_t id = k->core->host.hash8(k->core->host.ctx, rec->raw);
    nr_winner_feed(&k->winner, rec, id, k->now.wall_ms);
    if (k->winner.any && k->winner.id == id) memcpy(k->signer, rec->signer, NR_KEY_SIZE);
    return 0;
}

static int read_beat(void *arg, const struct nr_record *rec)
{
    struct known *k = arg;
    bool counts = !k->winner.self || memcmp(rec->signer, k->signer, NR_KEY_SIZE) == 0;
    if (counts && rec->stamp > k->newest) k->newest = rec->stamp;
    return 0;
}

/* The whole key of a peer, and its node's id, from its NODE record. */
static bool name_of(const struct nr_core *core, struct nr_now now, const struct nr_peer *peer, struct nr_trial *t)
{
    return peer && nr_core_try_node(core, now, peer->key_hash, t) == 0;
}

static void fill_observer(const struct nr_core *core, struct nr_now now, const struct nr_trial *t, size_t i,
                          struct nr_standing_observer *o)
{
    struct nr_trial named;
    uint32_t at = 0;
    *o = (struct nr_standing_observer){ .self = t->ranks[i] == nr_key8(core->key),
                                        .said = t->said[i].said,
                                        .counted = t->said[i].counted,
                                        .since_ms = t->said[i].since_ms,
                                        .stamp = t->said[i].stamp };
    nr_put_be64(o->key, t->ranks[i]);
    if (!name_of(core, now, nr_roster_next_of_key(&core->roster, t->ranks[i], &at), &named)) return;
    memcpy(o->key, named.key, NR_KEY_SIZE);
    o->node_id_len = (uint8_t)named.node_id_len;
    memcpy(o->node_id, named.node_id, named.node_id_len);
}

static void fill_path(const struct nr_core *core, struct nr_standing *out)
{
    const struct nr_path *path = nr_paths_find_key(&core->paths, nr_key8(out->key));
    const struct nr_watch *watch = nr_watches_find(&core->watches, nr_key8(out->key));
    out->heard_us = path ? path->heard_us : watch ? watch->heard_us : -1;
    out->has_offset = path != NULL;
    out->clock_offset_ms = path ? path->clock_offset_ms : 0;
    out->watches = watch && watch->probed;
    out->doubts = watch && watch->doubting;
}

static void fill_via(const struct nr_core *core, struct nr_now now, const struct nr_trial *t, struct nr_standing *out)
{
    struct nr_trial named;
    const struct nr_peer *peer = nr_roster_find(&core->roster, nr_key8(t->key), t->key_hash);
    if (!peer || !peer->via) return;
    out->has_via = name_of(core, now, nr_roster_find_prefix(&core->roster, peer->via), &named);
    if (out->has_via) memcpy(out->via, named.key, NR_KEY_SIZE);
}

static void fill_trial(const struct nr_core *core, struct nr_now now, const struct nr_trial *t, struct nr_standing *out)
{
    out->peer = true;
    out->observer_count = t->count;
    out->observing = t->count < NR_OBSERVERS_MAX ? t->count : NR_OBSERVERS_MAX;
    out->quorum = t->quorum;
    out->counted = t->counted;
    out->gone = t->until_ms != 0;
    out->until_ms = t->until_ms;
    for (size_t i = 0; i < t->count; i++) {
        fill_observer(core, now, t, i, &out->observers[i]);
        out->observer |= out->observers[i].self && i < out->observing;
    }
    fill_via(core, now, t, out);
}

int nr_core_standing(const struct nr_core *core, struct nr_now now, struct nr_bytes node_id, struct nr_standing *out)
{
    struct known k = { .core = core, .now = now };
    struct nr_trial t;
    *out = (struct nr_standing){ .heard_us = -1 };
    nr_winner_init(&k.winner);
    int err = core->host.subject(core->host.ctx, NR_KIND_NODE, node_id, read_node, &k);
    if (!err && (!k.winner.any || k.winner.deleted)) err = NR_E_NOT_FOUND;
    if (!err) err = core->host.subject(core->host.ctx, NR_KIND_HEARTBEAT, node_id, read_beat, &k);
    if (err) return err;
    memcpy(out->key, k.signer, NR_KEY_SIZE);
    out->heartbeat_stamp = k.newest;
    uint64_t key_hash = nr_core_key_hash(core, NR_KIND_NODE, k.signer, node_id);
    if (!k.winner.self || nr_core_try_node(core, now, key_hash, &t)) return 0;
    fill_path(core, out);
    fill_trial(core, now, &t, out);
    return 0;
}
