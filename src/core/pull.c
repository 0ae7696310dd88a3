/* Hot records (proto/README.md C.4). Each node needs each heartbeat once and nothing else about it, so what travels
 * beside the records must be small: the maker pushes to its neighbours, who cannot have it yet, and everybody else
 * asks one neighbour after another for what it lacks, by a filter of what it has (Demers et al., 1987: while a push
 * leaves e^-n of the nodes out after n messages to each, a pull squares the share of those who lack it). */
#include "core/state.h"

#define MAKER_PUSHES   16
#define RELAY_PUSHES   4
#define REACHED_BY_ONE 300      /* from so many nodes on a second hop of pushes reaches but a few twice */
#define PAUSE_SMALL_US 1500000  /* up to 40 nodes */
#define PAUSE_NODES_US 60000000 /* divided by their number, with more */
#define PAUSE_LARGE_US 400000   /* from 150 on */
#define PAUSE_IDLE_US  1000000  /* at least, when the last pull brought nothing */
#define PAUSE_FEW_US   2500000  /* where the maker has pushed to all, and nothing seems to be lost */
#define ASK_ANYBODY    4        /* one in so many */
#define PULLS_OF_TEN   4        /* tenths of the interval between two, at most */
#define IDLE_PULLS     8        /* in a row, that brought nothing: so it seems */
#define WINDOW         80       /* tenths of a second: longer than a heartbeat takes to the last node */
#define WINDOW_MIN     50       /* longer than two pauses: see no_more_than */
#define WINDOW_MAX     130      /* in a small cluster; what is offered must not be older than the next heartbeat */
#define IDS_AT_LEAST   64
#define BITS_AN_ID     6 /* with three places an id: 6 in 100 are wrongly found, and offered with another salt */
#define IDS_MAX        (NR_PULL_FILTER_MAX * 8 / BITS_AN_ID)
#define QUIET          UINT32_C(0x80000000) /* in learnt_tick: held, known to others, not offered */
#define RETOUCHED_MAX  64
#define OWED_US        5000000
#define ANSWER_MAX_US  2000000

/* When a hot record was learnt: tenths of a second since the start, from 1 on. */
static uint32_t tenths(const struct nr_core *core, struct nr_now now)
{
    return (uint32_t)((now.mono_us - core->started_us) / 100000 + 1) & ~QUIET;
}

static uint32_t age_of(const struct nr_entry *e, uint32_t at)
{
    return at - (e->learnt_tick & ~QUIET);
}

/* The size of the cluster as it is known at once when a walk has brought it. */
static uint32_t known(const struct nr_core *core)
{
    return core->sets[NR_PLANE_HOT].count;
}

/* How often a heartbeat is pushed on unasked: while few of the nodes have it. */
static unsigned hops_limit(const struct nr_core *core)
{
    unsigned hops = 0;
    for (uint32_t n = REACHED_BY_ONE; hops < NR_HOPS_MAX && known(core) >= n; n *= 4) hops++;
    return hops;
}

/* The maker's heartbeats go to those first whose datagram they can share, then to those who had none for longest: so
 * nobody is left out twice, and few paths fall silent for so long that a PING is due. */
static bool before(const struct nr_path *a, const struct nr_path *b)
{
    if (!a->open != !b->open) return a->open != 0;
    return a->pushed_us < b->pushed_us;
}

static size_t choose_for_own(struct nr_core *core, struct nr_now now, struct nr_path *to[static MAKER_PUSHES])
{
    struct nr_path *paths[NR_PATHS_MAX];
    size_t n = 0, found = nr_core_random_paths(core, NULL, paths, NR_PATHS_MAX);
    for (size_t i = 0; i < found; i++) {
        if (n == MAKER_PUSHES && !before(paths[i], to[n - 1])) continue;
        size_t at = n < MAKER_PUSHES ? n++ : n - 1;
        for (; at > 0 && before(paths[i], to[at - 1]); at--) to[at] = to[at - 1];
        to[at] = paths[i];
    }
    for (size_t i = 0; i < n; i++) to[i]->pushed_us = now.mono_us;
    return n;
}

void nr_core_spread_hot(struct nr_core *core, struct nr_now now, struct nr_entry *e, struct nr_bytes raw,
                        const struct nr_origin *origin)
{
    struct nr_path *to[MAKER_PUSHES];
    bool walked = origin->from && core->walk.path == origin->from->serial; /* its other neighbours have it from it */
    e->learnt_tick = tenths(core, now) | (origin->quiet || walked ? QUIET : 0);
    if (origin->quiet) nr_core_hold_back(core, now, e, NR_ENTRY_HELD);
    size_t pushes = origin->from ? RELAY_PUSHES : MAKER_PUSHES;
    if (origin->from && origin->hops >= (origin->urgent ? NR_HOPS_MAX : hops_limit(core))) pushes = 0;
    if (e->learnt_tick & QUIET || pushes == 0) return;
    if (origin->later || !nr_token_bucket_take(&core->pushes, 1, now.mono_us)) {
        if (!origin->from) nr_core_hold_back(core, now, e, NR_ENTRY_DUE);
        return;
    }
    size_t n = origin->from ? nr_core_random_paths(core, origin->from, to, pushes) : choose_for_own(core, now, to);
    for (size_t i = 0; i < n; i++)
        nr_core_send_record(core, to[i], raw, e->id, (uint8_t)(origin->from ? origin->hops + 1 : 0));
    if (origin->from) return;
    core->pull.owed = (uint32_t)(pushes - n);
    core->pull.owed_key_hash = e->key_hash;
    core->pull.owed_until_us = now.mono_us + OWED_US;
}

void nr_core_push_owed(struct nr_core *core, struct nr_now now, struct nr_path *path)
{
    struct nr_hot_pull *pull = &core->pull;
    struct nr_bytes raw;
    if (pull->owed == 0 || now.mono_us >= pull->owed_until_us) return;
    const struct nr_entry *e = nr_set_find(&core->sets[NR_PLANE_HOT], pull->owed_key_hash);
    if (!e || nr_entry_dead(e, now) || core->host.load(core->host.ctx, e->key_hash, &raw)) return;
    pull->owed--;
    nr_core_send_record(core, path, raw, e->id, 0);
}

void nr_core_offer_own(struct nr_core *core, struct nr_now now)
{
    struct nr_set *set = &core->sets[NR_PLANE_HOT];
    size_t n = 0;
    for (struct nr_entry *e = nr_set_newest(set); e && n < RETOUCHED_MAX; e = nr_set_older(set, e)) {
        if (!(e->flags & NR_ENTRY_OWN) || e->learnt_tick == 0) continue;
        e->learnt_tick = tenths(core, now);
        n++;
    }
}

/* Asking. */

/* With heartbeats close together the windows are so many tenths of the interval: what a next heartbeat has replaced
 * here is not to be offered by who has not heard that yet. But never so few that what a neighbour learnt between two
 * PULLs is offered in none of them. */
static uint32_t no_more_than(const struct nr_core *core, uint32_t window, uint32_t tenths_of_interval)
{
    uint32_t most = core->beat_promised_ms / 1000 * tenths_of_interval;
    if (most && most < WINDOW_MIN) most = WINDOW_MIN;
    return most && most < window ? most : window;
}

/* The ids learnt lately, newest first. *age: what was learnt within it, in tenths of a second, is all there. */
static size_t learnt_lately(const struct nr_core *core, struct nr_now now, uint64_t ids[static IDS_MAX], uint16_t *age)
{
    const struct nr_set *set = &core->sets[NR_PLANE_HOT];
    uint32_t at = tenths(core, now), all_within = no_more_than(core, WINDOW_MAX, 13),
             window = no_more_than(core, WINDOW, 10);
    size_t n = 0;
    for (struct nr_entry *e = nr_set_newest(set); e; e = nr_set_older(set, e)) {
        if (e->learnt_tick == 0) continue;
        if (n == IDS_MAX || (n >= IDS_AT_LEAST && age_of(e, at) >= window)) {
            if (age_of(e, at) < all_within) all_within = age_of(e, at);
            break;
        }
        ids[n++] = e->id;
    }
    *age = (uint16_t)all_within;
    return n;
}

static void ask(struct nr_core *core, struct nr_now now, struct nr_path *path)
{
    uint64_t ids[IDS_MAX];
    uint8_t filter[NR_PULL_FILTER_MAX] = { 0 };
    struct nr_pull m = { .salt = nr_rng_u32(&core->rng) };
    struct nr_writer w;
    size_t n = learnt_lately(core, now, ids, &m.age);
    size_t len = (n * BITS_AN_ID + 7) / 8;
    m.filter = nr_bytes(filter, len ? len : 1);
    for (size_t i = 0; i < n; i++) nr_pull_mark(filter, m.filter.len, m.salt, ids[i]);
    core->pull.path = path->serial;
    core->pull.asked_us = now.mono_us;
    core->pull.brought = false;
    if (nr_core_message(core, path, NR_MSG_PULL, NR_PULL_HEAD + m.filter.len, &w)) nr_pull_encode(&w, &m);
}

/* None goes out faster than answers come. */
static int64_t least_pause_us(const struct nr_core *core)
{
    return core->pull.answer_us + core->pull.answer_us / 2;
}

/* Before three intervals are over, which make a node late, there must be time for several. */
static int64_t longest_pause_us(const struct nr_core *core)
{
    int64_t share = (int64_t)core->beat_promised_ms * 1000 * PULLS_OF_TEN / 10;
    return share == 0 ? PAUSE_FEW_US : share > PAUSE_LARGE_US ? share : PAUSE_LARGE_US;
}

/* Where heartbeats are few they wait for one another to share a datagram; where the maker pushes to all, a pull makes
 * up for losses alone. */
static int64_t pause_us(const struct nr_core *core)
{
    bool few = core->paths.count <= NR_PUSH_ALL_MAX;
    int64_t pause = known(core) > PAUSE_NODES_US / PAUSE_SMALL_US ? PAUSE_NODES_US / known(core) : PAUSE_SMALL_US;
    if (pause < PAUSE_LARGE_US) pause = PAUSE_LARGE_US;
    if (few || (!core->pull.brought && pause < PAUSE_IDLE_US)) pause = PAUSE_IDLE_US;
    if (few && core->pull.idle >= IDLE_PULLS) pause = PAUSE_FEW_US;
    if (pause > longest_pause_us(core)) pause = longest_pause_us(core);
    return pause > least_pause_us(core) ? pause : least_pause_us(core);
}

/* An observer while a PROBE to it waits to go out: then the PULL costs no datagram of its own. Now and then anybody, so
 * that each is asked by some. NULL: there is nobody. */
static struct nr_path *whom_to_ask(struct nr_core *core)
{
    struct nr_path *path = nr_core_observer(core, core->pull.turn);
    if (!path || !path->open || !path->confirmed || nr_rng_below(&core->rng, ASK_ANYBODY) == 0)
        return nr_core_random_confirmed(core);
    core->pull.turn++;
    return path;
}

/* A PULL goes a little early, or waits, to go out with a PROBE. */
static bool is_time(struct nr_core *core, struct nr_now now, int64_t pause)
{
    const struct nr_path *observer = nr_core_observer(core, core->pull.turn);
    int64_t wait = core->observers.probe_us - now.mono_us;
    if (observer && observer->open) return now.mono_us >= core->pull.due_us - pause / 6;
    if (now.mono_us < core->pull.at_us) return false;
    if (observer && wait > 0 && wait <= pause / 2) core->pull.at_us = core->observers.probe_us;
    return now.mono_us >= core->pull.at_us;
}

/* Early or late, their number in a minute stays. */
static void plan_next(struct nr_core *core, struct nr_now now)
{
    struct nr_hot_pull *pull = &core->pull;
    int64_t pause = pause_us(core), half = pause / 2, least = least_pause_us(core) > half ? least_pause_us(core) : half;
    pull->due_us += pause - nr_rng_below(&core->rng, (uint32_t)pause / 10);
    if (pull->due_us < now.mono_us + least) pull->due_us = now.mono_us + least;
    pull->at_us = pull->due_us;
}

void nr_core_pull_care(struct nr_core *core, struct nr_now now)
{
    if (!is_time(core, now, pause_us(core))) return;
    core->pull.idle = core->pull.brought ? 0 : core->pull.idle + 1;
    plan_next(core, now);
    /* What a walk is about to bring need not come twice. */
    bool walks = core->walk.path || (core->walk.wanted && core->repair.catching_up);
    struct nr_path *path = walks ? NULL : whom_to_ask(core);
    if (path) ask(core, now, path);
}

/* Answering. */

void nr_core_on_pull(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_pull *m)
{
    const struct nr_set *set = &core->sets[NR_PLANE_HOT];
    uint32_t at = tenths(core, now), within = (uint32_t)m->age * 3 / 5;
    struct nr_bytes raw;
    for (struct nr_entry *e = nr_set_newest(set); e; e = nr_set_older(set, e)) {
        if (e->learnt_tick == 0 || e->learnt_tick & QUIET) continue;
        if (age_of(e, at) > within) break;
        if (nr_pull_has(m, e->id) || nr_entry_dead(e, now)) continue;
        if (!nr_core_may_serve(core, now, path, e->size)) break;
        if (core->host.load(core->host.ctx, e->key_hash, &raw) == 0)
            nr_core_send_record(core, path, raw, e->id, NR_HOPS_MAX);
    }
}

void nr_core_pull_brought(struct nr_core *core, struct nr_now now, const struct nr_path *path)
{
    struct nr_hot_pull *pull = &core->pull;
    if (pull->path != path->serial || pull->brought) return;
    int64_t took = now.mono_us - pull->asked_us;
    pull->brought = true;
    if (took > ANSWER_MAX_US) return; /* one of the two stood still */
    pull->answer_us = took > pull->answer_us ? took : pull->answer_us - (pull->answer_us - took) / 8;
}

void nr_core_pull_held(struct nr_core *core, struct nr_now now, struct nr_bytes raw)
{
    struct nr_entry *e = nr_core_find_id(core, core->host.hash8(core->host.ctx, raw));
    if (e && nr_kind_plane(e->kind) == NR_PLANE_HOT && e->learnt_tick == 0) e->learnt_tick = tenths(core, now) | QUIET;
}
