/* Repair: range reconciliation of the cold set (proto/README.md C.5). The answers are stateless; what is remembered is
 * only the pace: with whom a repair is under way, and when the next may begin. The cost follows the difference. */
#include <string.h>

#include "core/state.h"

#define ROOT_CHILD_BITS 6
#define CHILD_BITS      5
#define DYING_MS        60000
#define GIVEN_UNASKED   16 /* records, in a round of a repair of one's own */

/* Until a newcomer has been equal with somebody. */
#define CATCH_UP_DIFFERS_US 250000
#define CATCH_UP_PAUSE_US   100000

#define QUIET_MIN_US 100000
#define QUIET_MAX_US 300000

static struct nr_set *cold(struct nr_core *core)
{
    return &core->sets[NR_PLANE_COLD];
}

/* The first 4 bytes of mix(sum + salt), SplitMix64's finaliser (Steele, Lea, Flood 2014). */
static uint32_t print_of(uint64_t sum, uint32_t salt)
{
    uint64_t x = sum + salt;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((x ^ x >> 31) >> 32);
}

static void count_range(struct nr_core *core, size_t len)
{
    core->stats.repair_ranges_out++;
    core->stats.repair_bytes += NR_MESSAGE_HEAD + len;
}

static bool send_list(struct nr_core *core, struct nr_path *path, struct nr_range range)
{
    struct nr_list_element elements[NR_LIST_MAX];
    size_t n = 0;
    struct nr_set *set = cold(core);
    for (struct nr_entry *e = nr_set_first(set, range); e && n < NR_LIST_MAX; e = nr_set_next(set, range, e))
        elements[n++] = (struct nr_list_element){ .key_hash = e->key_hash, .stamp = e->stamp, .id = e->id };
    struct nr_writer w;
    size_t len = 9 + n * NR_LIST_ELEMENT;
    if (!nr_core_message(core, path, NR_MSG_LIST, len, &w)) return false;
    nr_list_encode(&w, range, elements, n);
    count_range(core, len);
    return true;
}

static bool send_split(struct nr_core *core, struct nr_path *path, struct nr_range range, uint32_t salt, uint8_t bits)
{
    uint32_t prints[1 << ROOT_CHILD_BITS];
    for (uint32_t i = 0; i < 1u << bits; i++)
        prints[i] = print_of(nr_set_sum(cold(core), nr_range_child(range, bits, i)), salt);
    struct nr_writer w;
    size_t len = 14 + (4u << bits);
    if (!nr_core_message(core, path, NR_MSG_SPLIT, len, &w)) return false;
    nr_split_encode(&w, range, salt, bits, prints);
    count_range(core, len);
    return true;
}

/* What we say of a range: all of it when it is small, else its children's fingerprints. */
static void describe(struct nr_core *core, struct nr_path *path, struct nr_range range, uint32_t salt, uint8_t bits)
{
    if (nr_set_count(cold(core), range) <= NR_LIST_RECORDS || range.bits + bits > 64)
        send_list(core, path, range);
    else
        send_split(core, path, range, salt, bits);
}

static bool is_own(const struct nr_core *core, const struct nr_path *path)
{
    return core->repair.path == path->serial;
}

/* One's own record for a neighbour that lacks it; false: over the neighbour's budget. Others may be repairing with it
 * too, and each would send it all: who began says what there is instead, and it asks one of them for each. */
static bool give(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_entry *e)
{
    struct nr_bytes raw;
    bool own = is_own(core, path), offer = own && core->repair.given == GIVEN_UNASKED;
    if (nr_record_ends_ms(e->stamp, e->lease_s) <= now.wall_ms + DYING_MS) return true;
    if (!nr_core_may_serve(core, now, path, offer ? sizeof e->id : e->size)) return false;
    if (offer) {
        nr_core_announce(core, path, &e->id, 1);
        return true;
    }
    if (core->host.load(core->host.ctx, e->key_hash, &raw)) return true;
    nr_core_send_record(core, path, raw, e->id, NR_HOPS_MAX);
    core->stats.repair_records_out++;
    if (!own) return true;
    core->repair.given++;
    core->repair.progress = true;
    return true;
}

static void give_range(struct nr_core *core, struct nr_now now, struct nr_path *path, struct nr_range range)
{
    struct nr_set *set = cold(core);
    for (struct nr_entry *e = nr_set_first(set, range); e; e = nr_set_next(set, range, e))
        if (!give(core, now, path, e)) return;
}

static void sign_of_life(struct nr_core *core, struct nr_now now, const struct nr_path *path)
{
    core->stats.repair_ranges_in++;
    if (is_own(core, path)) core->repair.heard_us = now.mono_us;
}

/* Both have begun with each other at once: one repair does for both sides, that of the lesser key. */
static bool is_double(const struct nr_core *core, const struct nr_path *path, struct nr_range range)
{
    return range.bits == 0 && is_own(core, path) && memcmp(core->key, path->key, NR_KEY_SIZE) < 0;
}

void nr_core_on_split(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_split *m)
{
    if (is_double(core, path, m->range)) {
        core->stats.repair_ranges_in++;
        return; /* no sign of life: it may have lost what ours said */
    }
    sign_of_life(core, now, path);
    uint32_t empty = print_of(0, m->salt);
    for (uint32_t i = 0; i < 1u << m->child_bits; i++) {
        struct nr_range child = nr_range_child(m->range, m->child_bits, i);
        uint32_t theirs = nr_split_print(m, i);
        if (theirs == print_of(nr_set_sum(cold(core), child), m->salt)) continue;
        if (!nr_core_may_serve(core, now, path, 16)) return;
        if (theirs == empty)
            give_range(core, now, path, child);
        else
            describe(core, path, child, m->salt, CHILD_BITS);
    }
}

static bool newer(uint64_t stamp, uint64_t id, uint64_t than_stamp, uint64_t than_id)
{
    return stamp != than_stamp ? stamp > than_stamp : id > than_id;
}

/* One step of the merge of our range with their list. */
static void compare(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_entry *ours,
                    const struct nr_list_element *theirs, uint64_t *ask, size_t *asks)
{
    bool have_newer = ours && (!theirs || newer(ours->stamp, ours->id, theirs->stamp, theirs->id));
    bool want_newer = theirs && (!ours || newer(theirs->stamp, theirs->id, ours->stamp, ours->id));
    if (have_newer) (void)!give(core, now, path, ours);
    if (want_newer && nr_core_want(core, now, path, theirs->id, true)) ask[(*asks)++] = theirs->id;
}

void nr_core_on_list(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_list *m)
{
    sign_of_life(core, now, path);
    uint64_t ask[NR_LIST_MAX];
    size_t asks = 0, at = 0;
    struct nr_set *set = cold(core);
    struct nr_entry *e = nr_set_first(set, m->range);
    while (e || at < m->count) {
        struct nr_list_element theirs = at < m->count ? nr_list_at(m, at) : (struct nr_list_element){ .key_hash = 0 };
        bool ours_here = e && (at == m->count || e->key_hash <= theirs.key_hash);
        bool theirs_here = at < m->count && (!e || theirs.key_hash <= e->key_hash);
        compare(core, now, path, ours_here ? e : NULL, theirs_here ? &theirs : NULL, ask, &asks);
        if (theirs_here) at++;
        if (ours_here) e = nr_set_next(set, m->range, e);
    }
    nr_core_ask(core, path, ask, asks);
}

/* Pace. */

static void begin(struct nr_core *core, struct nr_now now, struct nr_path *path)
{
    struct nr_repair *r = &core->repair;
    r->path = path->serial;
    r->heard_us = now.mono_us;
    r->progress = false;
    r->given = 0;
    core->stats.repairs++;
    describe(core, path, (struct nr_range){ 0 }, nr_rng_u32(&core->rng), ROOT_CHILD_BITS);
}

void nr_core_repair_first(struct nr_core *core, struct nr_now now, struct nr_path *path)
{
    if (core->repair.path || !nr_core_differs(core, path)) return;
    if (nr_token_bucket_take(&core->first_repairs, 1, now.mono_us)) begin(core, now, path);
}

/* With this neighbour again after a pause, longer and longer while it brings nothing. */
static void put_off(struct nr_path *path, struct nr_now now, bool fruitful)
{
    if (fruitful || path->repair_pause_us == 0) path->repair_pause_us = NR_REPAIR_PAUSE_US;
    path->repair_at_us = now.mono_us + path->repair_pause_us;
    if (path->repair_pause_us < NR_REPAIR_PAUSE_MAX_US) path->repair_pause_us *= 2;
}

/* The round is over: go on at once while it brings something, else give others a turn. */
static void round_over(struct nr_core *core, struct nr_now now)
{
    struct nr_repair *r = &core->repair;
    struct nr_path *path = nr_paths_find(&core->paths, r->path);
    bool differs = path && nr_core_differs(core, path);
    r->path = 0;
    if (differs && r->progress) {
        begin(core, now, path);
        return;
    }
    r->not_before_us = now.mono_us + (r->catching_up ? CATCH_UP_PAUSE_US : NR_REPAIR_PAUSE_US);
    if (path) put_off(path, now, r->progress || !differs);
}

/* Who has never been equal with anybody lacks something for certain, and need not wait whether it is on its way. */
static bool worth_repair(const struct nr_core *core, const struct nr_path *path, struct nr_now now)
{
    int64_t wait_us = core->repair.catching_up ? CATCH_UP_DIFFERS_US : NR_REPAIR_DIFFERS_US;
    return path->differs_since_us != NR_NEVER_US && now.mono_us - path->differs_since_us >= wait_us &&
           now.mono_us >= path->repair_at_us && nr_core_differs(core, path);
}

/* A silence that says that the round is over: a few round trips, as far as they are known. */
static int64_t quiet_us(const struct nr_core *core)
{
    const struct nr_path *path = nr_paths_find(&core->paths, core->repair.path);
    if (!path || path->rtt_us < 0 || path->rtt_us > QUIET_MAX_US / 4) return QUIET_MAX_US;
    return path->rtt_us * 4 > QUIET_MIN_US ? path->rtt_us * 4 : QUIET_MIN_US;
}

void nr_core_repair_care(struct nr_core *core, struct nr_now now)
{
    struct nr_repair *r = &core->repair;
    if (r->path) {
        if (now.mono_us - r->heard_us >= quiet_us(core)) round_over(core, now);
        return;
    }
    if (now.mono_us < r->not_before_us) return;
    struct nr_path *pool[NR_PATHS_MAX];
    uint32_t n = 0;
    for (size_t i = 0; i < core->paths.count; i++)
        if (worth_repair(core, core->paths.list[i], now)) pool[n++] = core->paths.list[i];
    if (n)
        begin(core, now, pool[nr_rng_below(&core->rng, n)]);
    else
        r->not_before_us = now.mono_us + CATCH_UP_PAUSE_US;
}

int64_t nr_core_repair_deadline(const struct nr_core *core)
{
    if (core->repair.path) return core->repair.heard_us + quiet_us(core);
    return core->repair.catching_up && core->paths.count ? core->repair.not_before_us : NR_NEVER_US;
}
