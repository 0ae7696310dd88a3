/* The pace of heartbeats (proto/README.md C.8): an interval that grows with the number of nodes that beat, a promise of
 * it in each heartbeat, and a promise kept. */
#include "core/state.h"

#define BUDGET         200 /* heartbeats a second, of the whole cluster */
#define BEATS_AT_LEAST 300000
#define BEATS_MISSED   5
#define BEATS_BORNE    3 /* by readers, unless configured otherwise */
#define HELD_LOOK_US   1000000
#define HELD_AT_ONCE   100
#define PRESUMED_MS    30000 /* between the heartbeats of a node that does not say: readers bear three (contract) */

void nr_core_set_budget(struct nr_core *core, uint32_t budget)
{
    core->beat_budget = budget ? budget : BUDGET;
}

/* A heartbeat each N / budget seconds for every node that beats. */
static uint64_t share_ms(const struct nr_core *core)
{
    return (uint64_t)core->beating * 1000 / core->beat_budget;
}

/* Longer by half at most than the last: who misses one heartbeat believes what the one before said, and must not call
 * this node late before the next is there. */
static uint32_t interval_ms(const struct nr_core *core)
{
    uint64_t ms = share_ms(core), before = core->beat_promised_ms;
    if (before && ms > before + before / 2) ms = before + before / 2;
    if (ms < core->beat_interval_ms) ms = core->beat_interval_ms;
    return (uint32_t)(ms > NR_INTERVAL_MAX_MS ? NR_INTERVAL_MAX_MS : ms);
}

/* Nodes beat whose newest heartbeat is not older than five intervals, as they are now, or 300 s. */
static void count_beating(struct nr_core *core, struct nr_now now)
{
    const struct nr_set *set = &core->sets[NR_PLANE_HOT];
    int64_t within_ms = (int64_t)interval_ms(core) * BEATS_MISSED;
    uint32_t n = 0;
    if (within_ms < BEATS_AT_LEAST) within_ms = BEATS_AT_LEAST;
    for (const struct nr_entry *e = nr_set_newest(set); e; e = nr_set_older(set, e))
        n += e->kind == NR_KIND_HEARTBEAT && nr_stamp_ms(e->stamp) > now.wall_ms - within_ms;
    core->beating = n;
}

uint32_t nr_core_promise_beat(struct nr_core *core, struct nr_now now)
{
    count_beating(core, now);
    uint32_t ms = interval_ms(core), before = core->beat_promised_ms;
    bool steady = core->beat_in_time && ms <= before + before / 10 && before <= ms + ms / 10;
    /* Who started with others, or stretches with them, shall not go on beating in step with them: half early by chance,
     * else up to a twentieth. */
    core->beat_us = now.mono_us + (int64_t)ms * 1000 - nr_rng_below(&core->rng, steady ? ms * 50 : ms * 500);
    core->beat_promised_ms = ms;
    return ms;
}

void nr_core_beat_care(struct nr_core *core, struct nr_now now)
{
    if (now.mono_us < core->beat_us) return;
    core->beat_us = now.mono_us + (int64_t)core->beat_interval_ms * 1000; /* unless the heartbeat says better */
    core->beat_in_time = true;
    nr_core_own_beat(core, now);
    core->beat_in_time = false;
}

bool nr_core_was_late(const struct nr_record *rec, uint64_t before)
{
    struct nr_heartbeat_body body;
    if (!before || rec->kind != NR_KIND_HEARTBEAT) return false;
    int64_t pause = nr_stamp_ms(rec->stamp) - nr_stamp_ms(before);
    if (pause <= BEATS_BORNE * NR_INTERVAL_MIN_MS || nr_heartbeat_body_decode(rec->body, &body)) return false;
    int64_t interval = body.interval_ms ? body.interval_ms : PRESUMED_MS;
    return pause > BEATS_BORNE * interval;
}

/* Sponsored nodes. Time is cut into windows, of a power of two so that the borders stay when the cluster grows; the
 * first heartbeat in each is passed on, and the last before a pause. */

static uint64_t window_ms(const struct nr_core *core)
{
    uint64_t window = 1;
    while (window < share_ms(core) && window < NR_INTERVAL_MAX_MS / 2) window *= 2;
    return window;
}

static uint64_t window_at(uint64_t key_hash, uint64_t window, int64_t wall_ms)
{
    return ((uint64_t)wall_ms + key_hash % window) / window;
}

bool nr_core_passes_on(const struct nr_core *core, struct nr_now now, const struct nr_entry *before)
{
    uint64_t window = window_ms(core);
    return !before || window_at(before->key_hash, window, nr_stamp_ms(before->stamp)) !=
                          window_at(before->key_hash, window, now.wall_ms);
}

void nr_core_hold_back(struct nr_core *core, struct nr_now now, struct nr_entry *e, enum nr_entry_flag why)
{
    e->flags |= (uint8_t)why;
    if (core->held_us == NR_NEVER_US) core->held_us = now.mono_us + HELD_LOOK_US;
}

static bool is_held(const struct nr_entry *e, struct nr_now now)
{
    return e->flags & (NR_ENTRY_HELD | NR_ENTRY_DUE) && !nr_entry_dead(e, now);
}

/* The last heartbeat before a pause is news too. While a node goes on, its next takes the place of the one held. */
static bool is_to_tell(const struct nr_core *core, struct nr_now now, const struct nr_entry *e)
{
    uint64_t window = window_ms(core);
    return e->flags & NR_ENTRY_DUE ||
           window_at(e->key_hash, window, nr_stamp_ms(e->stamp)) + 1 < window_at(e->key_hash, window, now.wall_ms);
}

static void tell(struct nr_core *core, struct nr_now now, uint64_t key_hash)
{
    struct nr_set *set = &core->sets[NR_PLANE_HOT];
    struct nr_entry facts = *nr_set_find(set, key_hash);
    struct nr_bytes raw;
    facts.flags &= (uint8_t) ~(NR_ENTRY_HELD | NR_ENTRY_DUE);
    nr_set_put(set, &facts); /* the newest learnt, as what is offered must be */
    struct nr_entry *e = nr_set_find(set, key_hash);
    if (core->host.load(core->host.ctx, key_hash, &raw) == 0)
        nr_core_spread_hot(core, now, e, raw, &(struct nr_origin){ 0 });
}

void nr_core_held_care(struct nr_core *core, struct nr_now now)
{
    if (now.mono_us < core->held_us) return;
    uint64_t ripe[HELD_AT_ONCE];
    size_t n = 0;
    struct nr_set *set = &core->sets[NR_PLANE_HOT];
    core->held_us = NR_NEVER_US;
    for (const struct nr_entry *e = nr_set_newest(set); e && n < HELD_AT_ONCE; e = nr_set_older(set, e)) {
        if (!is_held(e, now)) continue;
        core->held_us = now.mono_us + HELD_LOOK_US;
        if (is_to_tell(core, now, e)) ripe[n++] = e->key_hash;
    }
    for (size_t i = 0; i < n; i++) tell(core, now, ripe[i]);
}

uint32_t nr_core_sponsored_interval(const struct nr_core *core, uint32_t said_ms)
{
    uint64_t window = window_ms(core);
    if (said_ms >= window) return said_ms;
    if (!said_ms && window < PRESUMED_MS / 2) return 0; /* a reader's own bound is enough */
    uint64_t ms = window + (said_ms ? said_ms : PRESUMED_MS);
    return (uint32_t)(ms > NR_INTERVAL_MAX_MS ? NR_INTERVAL_MAX_MS : ms);
}
