/* Records aside (proto/README.md C.9): what the host's store holds and this clock cannot take for alive. It is looked
 * through again when the clock was set, when neighbours confirm it, and every minute while anything lies there. */
#include "core/state.h"

#include "base/assert.h"

#define LOOK_EVERY_US 60000000
#define LOOK_AGAIN_US 1000000
#define LOOK_MAX      1024 /* changed in the store after one look; more are left to the next */

struct look {
    struct nr_core *core;
    struct nr_now now;
    struct nr_aside found;
    bool more;
    size_t ended_count, own_count;
    uint64_t ended[LOOK_MAX]; /* key hashes of what may be dropped, */
    uint64_t own[LOOK_MAX];   /* and of what this node said beyond its clock's reach */
};

static bool has_ended(const struct nr_record *rec, struct nr_now now)
{
    return nr_record_ends_ms(rec->stamp, rec->lease_s) <= now.wall_ms;
}

static void remember(struct look *l, uint64_t list[static LOOK_MAX], size_t *count, uint64_t key_hash)
{
    if (*count < LOOK_MAX)
        list[(*count)++] = key_hash;
    else
        l->more = true;
}

static void note_ahead(struct look *l, uint64_t key_hash, const struct nr_record *rec)
{
    int64_t ms = nr_stamp_ms(rec->stamp);
    bool own = memcmp(rec->signer, l->core->key, NR_KEY_SIZE) == 0;
    l->found.ahead++;
    if (ms > l->found.newest_ms) l->found.newest_ms = ms;
    if (!own) l->found.others_ahead = true;
    if (own && nr_kind_plane(rec->kind) == NR_PLANE_COLD) remember(l, l->own, &l->own_count, key_hash);
}

/* Alive by this clock. The host's store is not written to here: it may be being walked. */
static int take(struct nr_core *core, struct nr_now now, uint64_t key_hash, const struct nr_record *rec)
{
    struct nr_set *set = nr_core_set(core, rec->kind);
    int err = nr_set_reserve(set);
    if (err) return err;
    struct nr_entry facts = { .key_hash = key_hash,
                              .id = core->host.hash8(core->host.ctx, rec->raw),
                              .stamp = rec->stamp,
                              .lease_s = rec->lease_s,
                              .size = (uint16_t)rec->raw.len,
                              .kind = rec->kind,
                              .flags = nr_core_flags_of(core, rec) };
    nr_set_put(set, &facts);
    core->stats.held[nr_counted_kind(rec->kind)]++;
    nr_clock_follow(&core->clock, now, rec->stamp);
    if (facts.flags & NR_ENTRY_PEER) core->aside.peers_back = true;
    return 0;
}

static int look_at(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    struct look *l = arg;
    int err = 0;
    if (nr_set_find(nr_core_set(l->core, rec->kind), key_hash)) return 0;
    if (has_ended(rec, l->now))
        remember(l, l->ended, &l->ended_count, key_hash);
    else if (nr_stamp_is_ahead(rec->stamp, l->now.wall_ms))
        note_ahead(l, key_hash, rec);
    else if ((err = take(l->core, l->now, key_hash, rec)) != NR_E_FULL)
        return err;
    l->found.count++; /* of what there is no room for, too */
    return 0;
}

static int look_through(struct nr_core *core, struct nr_now now, struct look *l)
{
    l->core = core;
    l->now = now;
    l->found = (struct nr_aside){ .look_us = NR_NEVER_US };
    l->more = false;
    l->ended_count = l->own_count = 0;
    int err = core->host.each(core->host.ctx, look_at, l);
    l->found.peers_back = core->aside.peers_back;
    core->aside = l->found;
    if (l->found.count) core->aside.look_us = now.mono_us + LOOK_EVERY_US;
    return err;
}

int nr_core_restore(struct nr_core *core, struct nr_now now)
{
    struct look l;
    nr_assert(!core->started);
    return look_through(core, now, &l);
}

static void drop(struct nr_core *core, uint64_t key_hash)
{
    struct nr_bytes raw;
    struct nr_record rec;
    uint8_t copy[NR_RECORD_MAX];
    if (core->host.load(core->host.ctx, key_hash, &raw) || raw.len > sizeof copy) return;
    memcpy(copy, raw.data, raw.len);
    if (nr_record_decode(nr_bytes(copy, raw.len), &rec) || core->host.drop(core->host.ctx, &rec)) return;
    core->aside.count--;
}

/* The clock is confirmed. What this node said beyond it, while others said nothing there, it said by a clock that was
 * wrong then, and says anew. Where others stand there too it may be that all clocks are behind now. */
static void settle(struct nr_core *core, struct nr_now now, const struct look *l)
{
    for (size_t i = 0; i < l->ended_count; i++) drop(core, l->ended[i]);
    for (size_t i = 0; i < l->own_count && !l->found.others_ahead; i++)
        if (nr_core_say_again(core, now, now, l->own[i])) {
            core->aside.ahead--;
            core->aside.count--;
        }
    if (l->more || core->aside.count == 0)
        core->aside.look_us = core->aside.count ? now.mono_us + LOOK_AGAIN_US : NR_NEVER_US;
}

void nr_core_aside_care(struct nr_core *core, struct nr_now now, bool confirmed)
{
    struct look l;
    if (now.mono_us < core->aside.look_us) return;
    int err = look_through(core, now, &l);
    if (!err && core->aside.peers_back) err = nr_core_verdict_start(core, now);
    if (!err) core->aside.peers_back = false;
    if (err) core->aside.look_us = now.mono_us + LOOK_AGAIN_US;
    if (!err && confirmed) settle(core, now, &l);
}

void nr_core_aside_meet(struct nr_core *core, struct nr_now now, uint64_t key_hash)
{
    struct nr_bytes raw;
    struct nr_record rec;
    if (core->aside.count == 0 || core->host.load(core->host.ctx, key_hash, &raw) || nr_record_decode(raw, &rec))
        return;
    if (has_ended(&rec, now) || nr_stamp_is_ahead(rec.stamp, now.wall_ms) || take(core, now, key_hash, &rec)) return;
    core->aside.count--;
    if (core->aside.peers_back) core->aside.look_us = now.mono_us;
}

void nr_core_aside_one(struct nr_core *core, struct nr_now now)
{
    core->aside.count++;
    if (core->aside.look_us == NR_NEVER_US) core->aside.look_us = now.mono_us + LOOK_EVERY_US;
}

static void leave(struct nr_core *core, struct nr_now now, struct nr_set *set, uint64_t key_hash)
{
    const struct nr_entry *e = nr_set_find(set, key_hash);
    bool peer = e->flags & NR_ENTRY_PEER;
    core->stats.held[nr_counted_kind(e->kind)]--;
    nr_set_remove(set, key_hash);
    if (peer) nr_core_verdict_ended(core, now, NULL, key_hash);
    nr_core_aside_one(core, now);
}

void nr_core_aside_ahead(struct nr_core *core, struct nr_now now)
{
    uint64_t keys[LOOK_MAX];
    const struct nr_range all = { 0 };
    for (int i = 0; i < NR_PLANES; i++) {
        struct nr_set *set = &core->sets[i];
        size_t n;
        do {
            n = 0;
            for (struct nr_entry *e = nr_set_first(set, all); e && n < LOOK_MAX; e = nr_set_next(set, all, e))
                if (nr_stamp_is_ahead(e->stamp, now.wall_ms)) keys[n++] = e->key_hash;
            for (size_t k = 0; k < n; k++) leave(core, now, set, keys[k]);
        } while (n == LOOK_MAX);
    }
}
