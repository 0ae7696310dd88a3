/* Watching others (proto/README.md C.7): who sends PROBEs here is expected to go on; a silence becomes a doubt, and a
 * doubt an experiment: as often as the silent one is asked, another neighbour is, and only the difference counts. */
#include "core/observe.h"

#include "core/state.h"

#include <stdlib.h>

#define ASK_EVERY_US   150000
#define ASK_SLOWLY_US  1000000 /* who is asked in vain for long, or is called gone */
#define ASK_RARELY_US  4000000
#define ASKS_AT_PACE   40
#define SAID_AT_PACE   60000000
#define DOUBT_MIN_US   700000 /* and a round trip, as far as that is known */
#define SILENCE_MIN_US 1000000
#define CHANCE_MAX     0.001 /* that an honest silence lasts so long */
#define ASKS_ALONE     20    /* where nobody else can be asked */
#define CHANCE_ALONE   0.0001
#define CAME_MEMORY    16 /* PROBEs */
#define HOLD_US        60000000
#define TELL_EVERY_US  1000000
#define LATE_US        500000
#define PROBES_MISSED  10 /* though it lives: this node is no observer of it any more */
#define FIRST_DOUBT_US 1500000

struct nr_watch *nr_watches_find(const struct nr_watches *w, uint64_t key8)
{
    for (uint32_t i = 0; i < w->count; i++)
        if (nr_key8(w->list[i].key) == key8) return &w->list[i];
    return NULL;
}

void nr_watches_fini(struct nr_watches *w)
{
    free(w->list);
    *w = (struct nr_watches){ 0 };
}

static void remove_watch(struct nr_watches *w, struct nr_watch *watch)
{
    size_t at = (size_t)(watch - w->list);
    memmove(&w->list[at], &w->list[at + 1], (--w->count - at) * sizeof *watch);
}

/* Where all places are taken, the one longest called gone gives way. */
static bool make_room(struct nr_watches *w)
{
    if (w->count < w->room) return true;
    if (w->room == NR_WATCHES_MAX) {
        struct nr_watch *oldest = NULL;
        for (uint32_t i = 0; i < w->count; i++)
            if (w->list[i].said && (!oldest || w->list[i].said_us < oldest->said_us)) oldest = &w->list[i];
        if (oldest) remove_watch(w, oldest);
        return oldest != NULL;
    }
    uint32_t room = w->room ? w->room * 2 : 4;
    struct nr_watch *list = realloc(w->list, room * sizeof *list);
    if (!list) return false;
    w->list = list;
    w->room = room;
    return true;
}

static struct nr_watch *add_watch(struct nr_core *core, struct nr_now now, const uint8_t key[static NR_KEY_SIZE],
                                  uint64_t key_hash)
{
    struct nr_watches *w = &core->watches;
    if (!make_room(w)) return NULL;
    struct nr_watch *watch = &w->list[w->count++];
    const struct nr_path *path = nr_paths_find_key(&core->paths, nr_key8(key));
    *watch = (struct nr_watch){ .key_hash = key_hash,
                                .incarnation = path ? path->incarnation : 0,
                                .heard_us = now.mono_us,
                                .heard_ms = now.wall_ms,
                                .interval_us = FIRST_DOUBT_US,
                                .came = 1.0,
                                .next_us = now.mono_us + FIRST_DOUBT_US };
    memcpy(watch->key, key, NR_KEY_SIZE);
    return watch;
}

/* Stamps of a node only grow: an incarnation above its last word before it was called gone began after that. */
static bool held(const struct nr_watch *watch, struct nr_now now)
{
    return now.mono_us < watch->held_until_us && watch->incarnation <= watch->gone_stamp;
}

static void note_probe(struct nr_watch *watch, bool came)
{
    watch->came += ((came ? 1.0 : 0.0) - watch->came) / CAME_MEMORY;
}

/* Nothing is expected of it, and nothing need be remembered. */
static bool idle(const struct nr_watch *watch, struct nr_now now)
{
    return !watch->probed && !watch->doubting && !watch->said && !held(watch, now);
}

static void wait_anew(struct nr_watch *watch, struct nr_now now)
{
    watch->doubting = false;
    watch->lost = false;
    watch->next_us = now.mono_us + watch->interval_us + watch->interval_us / 16;
}

/* Signs. */

/* It lives, and learns that it was called gone (C.7.6). */
static void tell(struct nr_core *core, struct nr_now now, struct nr_watch *watch, struct nr_path *path)
{
    struct nr_trial t;
    struct nr_bytes raw;
    if (now.mono_us - watch->told_us < TELL_EVERY_US || nr_core_try_node(core, now, watch->key_hash, &t)) return;
    watch->told_us = now.mono_us;
    uint64_t key_hash = nr_core_key_hash(core, NR_KIND_VERDICT, core->key, nr_trial_node_id(&t));
    const struct nr_entry *e = nr_set_find(&core->sets[NR_PLANE_BRIEF], key_hash);
    if (!e || e->stamp < t.own_stamp || core->host.load(core->host.ctx, key_hash, &raw)) return;
    nr_core_send_record(core, path, raw, e->id, NR_HOPS_MAX);
}

static void sign_of_life(struct nr_core *core, struct nr_now now, struct nr_watch *watch)
{
    core->stats.doubts_ended += watch->doubting;
    watch->heard_us = now.mono_us;
    watch->heard_ms = now.wall_ms;
    if (watch->doubting || watch->lost) wait_anew(watch, now);
}

void nr_core_sign(struct nr_core *core, struct nr_now now, struct nr_path *path)
{
    struct nr_watch *watch = nr_watches_find(&core->watches, nr_key8(path->key));
    if (!watch) return;
    sign_of_life(core, now, watch);
    if (path->incarnation > watch->incarnation) watch->incarnation = path->incarnation;
    if (watch->said) tell(core, now, watch, path);
    if (idle(watch, now)) remove_watch(&core->watches, watch);
}

/* It must not go and come all the time (C.7.6). */
static void hold(struct nr_watch *watch, struct nr_now now)
{
    watch->held_until_us = now.mono_us + HOLD_US;
}

static void overruled(struct nr_core *core, struct nr_now now, struct nr_watch *watch)
{
    core->stats.verdicts_overruled++;
    watch->said = false;
    hold(watch, now);
}

void nr_core_own_word(struct nr_core *core, struct nr_now now, uint64_t key8, uint64_t stamp)
{
    struct nr_watch *watch = nr_watches_find(&core->watches, key8);
    if (!watch) return;
    if (watch->said && stamp > watch->verdict_stamp) overruled(core, now, watch);
    sign_of_life(core, now, watch);
    if (idle(watch, now)) remove_watch(&core->watches, watch);
}

/* A peer of this key; of several nodes that one key speaks for, always the same. */
static uint64_t node_of_key(const struct nr_core *core, uint64_t key8)
{
    uint64_t least = 0;
    uint32_t at = 0;
    for (const struct nr_peer *p; (p = nr_roster_next_of_key(&core->roster, key8, &at));)
        if (least == 0 || p->key_hash < least) least = p->key_hash;
    return least;
}

static bool ranks_here(const struct nr_core *core, struct nr_now now, uint64_t key8)
{
    uint64_t ranks[NR_VERDICT_RANKS];
    size_t n = nr_roster_rank(&core->roster, key8, now.wall_ms, ranks);
    for (size_t i = 0; i < n; i++)
        if (ranks[i] == nr_key8(core->key)) return true;
    return false;
}

static void probe_ends(struct nr_core *core, struct nr_now now, struct nr_watch *watch)
{
    watch->probed = false;
    if (idle(watch, now)) remove_watch(&core->watches, watch);
}

static void probe_comes(struct nr_core *core, struct nr_now now, const struct nr_path *path)
{
    uint64_t key8 = nr_key8(path->key), node = node_of_key(core, key8);
    struct nr_watch *watch = nr_watches_find(&core->watches, key8);
    if (!watch && node && ranks_here(core, now, key8)) watch = add_watch(core, now, path->key, node);
    if (!watch) return;
    if (watch->probed) note_probe(watch, true);
    watch->probed = true;
    watch->probed_us = now.mono_us;
    watch->interval_us = (int64_t)path->probe_ms * 1000;
    if (!watch->said) wait_anew(watch, now);
}

void nr_core_on_probe(struct nr_core *core, struct nr_now now, struct nr_path *path, uint16_t interval_ms)
{
    struct nr_watch *watch = nr_watches_find(&core->watches, nr_key8(path->key));
    core->stats.probes_in++;
    path->probe_ms = interval_ms;
    if (interval_ms)
        probe_comes(core, now, path);
    else if (watch)
        probe_ends(core, now, watch);
}

void nr_core_watch_newcomer(struct nr_core *core, struct nr_now now, uint64_t key8)
{
    const struct nr_path *path = nr_paths_find_key(&core->paths, key8);
    if (path && path->probe_ms) probe_comes(core, now, path);
    if (key8 == nr_key8(core->key)) core->observers.probe_us = now.mono_us; /* now it has observers */
}

/* Asking. */

static void send_ping(struct nr_core *core, struct nr_path *path, uint64_t nonce)
{
    struct nr_writer w;
    if (nr_core_message(core, path, NR_MSG_PING, 8, &w)) nr_ping_encode(&w, NR_MSG_PING, nonce);
}

/* PING over the path, and HELLOs where it may have moved or forgotten us; whether anything went out. */
static bool ask(struct nr_core *core, struct nr_now now, struct nr_watch *watch)
{
    struct nr_path *path = nr_paths_find_key(&core->paths, nr_key8(watch->key));
    if (path) send_ping(core, path, nr_rng_u64(&core->rng) | 1);
    if (path && watch->asks == 0 && !watch->said) return true;
    if (path) (void)nr_core_greet(core, now, &path->addr);
    return nr_core_greet_peer(core, now, watch->key_hash) > 0 || path;
}

static bool suspect(const struct nr_core *core, const struct nr_path *path)
{
    const struct nr_watch *watch = nr_watches_find(&core->watches, nr_key8(path->key));
    return watch && (watch->doubting || watch->said);
}

void nr_core_on_control(struct nr_core *core, uint64_t nonce)
{
    for (size_t i = 0; i < NR_CONTROLS_MAX; i++) {
        struct nr_control *c = &core->watches.controls[i];
        if (c->nonce == 0 || c->nonce != nonce) continue;
        struct nr_watch *watch = nr_watches_find(&core->watches, c->key8);
        if (watch && watch->doubting && watch->doubt_us == c->doubt_us) watch->answered++;
        c->nonce = 0;
        return;
    }
}

static void control(struct nr_core *core, struct nr_watch *watch)
{
    struct nr_path *path = NULL;
    for (int tries = 0; tries < 8; tries++)
        if (nr_core_random_paths(core, NULL, &path, 1) && !suspect(core, path)) break;
    if (!path || suspect(core, path)) return;
    struct nr_control *c = &core->watches.controls[core->watches.control_at++ % NR_CONTROLS_MAX];
    *c = (struct nr_control){ .nonce = nr_rng_u64(&core->rng) | 1,
                              .key8 = nr_key8(watch->key),
                              .doubt_us = watch->doubt_us };
    watch->asked++;
    send_ping(core, path, c->nonce);
}

static void ask_and_compare(struct nr_core *core, struct nr_now now, struct nr_watch *watch)
{
    if (ask(core, now, watch)) watch->asks++;
    control(core, watch);
    watch->next_us = now.mono_us + (watch->asks > ASKS_AT_PACE ? ASK_SLOWLY_US : ASK_EVERY_US);
}

static void begin_doubt(struct nr_core *core, struct nr_now now, struct nr_watch *watch)
{
    watch->doubting = true;
    watch->lost = false;
    watch->doubt_us = now.mono_us;
    watch->asks = watch->asked = watch->answered = 0;
    core->stats.doubts++;
    ask_and_compare(core, now, watch);
}

static void probe_missed(struct nr_core *core, struct nr_now now, struct nr_watch *watch)
{
    note_probe(watch, false);
    begin_doubt(core, now, watch);
}

/* Judging. */

/* How likely an honest node is so silent, where so many of a hundred questions and their answers get lost. */
static double chance(const struct nr_watch *watch, double lost)
{
    double all = 1.0;
    for (uint32_t i = 0; i < watch->asks && all > CHANCE_ALONE; i++) all *= lost;
    return all;
}

/* By what became of as many questions to others. */
static bool others_answer(const struct nr_watch *watch)
{
    return chance(watch, 1.0 - (double)watch->answered / ((double)watch->asked + 1.0)) <= CHANCE_MAX;
}

/* Where there are no others, by what came of its own PROBEs: a question and its answer go that way both. */
static bool used_to_answer(const struct nr_watch *watch)
{
    return watch->asks >= ASKS_ALONE && chance(watch, 1.0 - watch->came * watch->came) <= CHANCE_ALONE;
}

/* This node is all that is left to observe it. */
static bool alone(const struct nr_core *core, struct nr_now now, const struct nr_watch *watch)
{
    uint64_t ranks[NR_VERDICT_RANKS];
    return nr_roster_rank(&core->roster, nr_key8(watch->key), now.wall_ms, ranks) == 1;
}

static bool convinced(const struct nr_core *core, struct nr_now now, const struct nr_watch *watch)
{
    const struct nr_path *path = nr_paths_find_key(&core->paths, nr_key8(watch->key));
    int64_t doubt_min_us = DOUBT_MIN_US + (path && path->rtt_us > 0 ? path->rtt_us : 0);
    if (held(watch, now) || now.mono_us - watch->doubt_us < doubt_min_us) return false;
    if (now.mono_us - watch->heard_us < SILENCE_MIN_US) return false;
    return others_answer(watch) || (used_to_answer(watch) && alone(core, now, watch));
}

/* Its own VERDICT, when it is taken, tells the watch of itself (nr_core_said). */
static void say(struct nr_core *core, struct nr_now now, struct nr_watch *watch)
{
    uint64_t key8 = nr_key8(watch->key);
    int err = nr_core_say_verdict(core, now, watch->key_hash, watch->heard_ms);
    watch = nr_watches_find(&core->watches, key8);
    if (!watch || watch->said) return;
    if (err == NR_E_DENIED || err == NR_E_NOT_FOUND) /* others observe it now, or it is no peer any more */
        remove_watch(&core->watches, watch);
    else
        watch->next_us = now.mono_us + ASK_SLOWLY_US; /* the store did not take it */
}

void nr_core_said(struct nr_core *core, struct nr_now now, const struct nr_trial *t, uint64_t stamp)
{
    struct nr_watch *watch = nr_watches_find(&core->watches, nr_key8(t->key));
    if (stamp <= t->own_stamp || (watch && watch->said)) return;
    if (!watch) watch = add_watch(core, now, t->key, t->key_hash);
    if (!watch) return;
    watch->doubting = watch->lost = false;
    watch->said = true;
    watch->verdict_stamp = stamp;
    watch->gone_stamp = t->own_stamp;
    watch->said_us = now.mono_us;
    watch->told_us = now.mono_us - TELL_EVERY_US;
    watch->next_us = now.mono_us + ASK_SLOWLY_US;
}

void nr_core_taken_back(struct nr_core *core, struct nr_now now, const struct nr_trial *t, uint64_t gone_stamp)
{
    uint64_t key8 = nr_key8(t->key);
    struct nr_watch *watch = nr_watches_find(&core->watches, key8);
    if (key8 == nr_key8(core->key)) return;
    if (!watch && ranks_here(core, now, key8)) watch = add_watch(core, now, t->key, t->key_hash);
    if (!watch) return;
    watch->gone_stamp = gone_stamp;
    hold(watch, now);
}

void nr_core_doubt(struct nr_core *core, struct nr_now now, const struct nr_trial *t)
{
    uint64_t key8 = nr_key8(t->key);
    struct nr_watch *watch = nr_watches_find(&core->watches, key8);
    if (key8 == nr_key8(core->key) || (watch && (watch->doubting || watch->said))) return;
    if (!watch && ranks_here(core, now, key8)) watch = add_watch(core, now, t->key, t->key_hash);
    if (watch) begin_doubt(core, now, watch);
}

void nr_core_unwatch(struct nr_core *core, uint64_t key8)
{
    struct nr_watch *watch = nr_watches_find(&core->watches, key8);
    if (watch) remove_watch(&core->watches, watch);
}

void nr_core_watch_lost(struct nr_core *core, uint64_t key8)
{
    struct nr_watch *watch = nr_watches_find(&core->watches, key8);
    if (watch && watch->probed && !watch->said && !watch->doubting && !nr_paths_find_key(&core->paths, key8))
        watch->lost = true;
}

/* Care. */

/* Called gone: it is looked for, so that it learns of that as soon as it can be reached. */
static void look_for(struct nr_core *core, struct nr_now now, struct nr_watch *watch)
{
    struct nr_trial t;
    int err = nr_core_try_node(core, now, watch->key_hash, &t);
    uint64_t own = err ? 0 : nr_core_key_hash(core, NR_KIND_VERDICT, core->key, nr_trial_node_id(&t));
    if (err || !nr_set_find(&core->sets[NR_PLANE_BRIEF], own)) {
        remove_watch(&core->watches, watch);
        return;
    }
    (void)ask(core, now, watch);
    bool lately = now.mono_us - watch->said_us < SAID_AT_PACE;
    watch->next_us = now.mono_us + (lately ? ASK_SLOWLY_US : ASK_RARELY_US);
}

static void act(struct nr_core *core, struct nr_now now, struct nr_watch *watch)
{
    int64_t unprobed_us = now.mono_us - watch->probed_us;
    if (watch->said)
        look_for(core, now, watch);
    else if (watch->doubting && convinced(core, now, watch))
        say(core, now, watch);
    else if (watch->doubting)
        ask_and_compare(core, now, watch);
    else if (!watch->lost && watch->probed && unprobed_us > PROBES_MISSED * watch->interval_us)
        probe_ends(core, now, watch);
    else if (watch->probed)
        probe_missed(core, now, watch);
    else if (held(watch, now))
        watch->next_us = watch->held_until_us;
    else
        remove_watch(&core->watches, watch);
}

/* A timer that comes so late says that this node was stopped, or starves: then it knows nothing about others. */
static bool is_late(const struct nr_core *core, struct nr_now now)
{
    for (uint32_t i = 0; i < core->watches.count; i++)
        if (now.mono_us - core->watches.list[i].next_us > LATE_US) return true;
    return false;
}

static void wait_for_all(struct nr_core *core, struct nr_now now)
{
    for (uint32_t i = core->watches.count; i-- > 0;) {
        struct nr_watch *watch = &core->watches.list[i];
        watch->probed_us = now.mono_us;
        if (!watch->said) wait_anew(watch, now);
        if (idle(watch, now)) remove_watch(&core->watches, watch);
    }
}

void nr_core_watch_care(struct nr_core *core, struct nr_now now)
{
    if (is_late(core, now)) wait_for_all(core, now);
    for (uint32_t i = core->watches.count; i-- > 0;) {
        struct nr_watch *watch = &core->watches.list[i];
        if (watch->lost || now.mono_us >= watch->next_us) act(core, now, watch);
        if (i > core->watches.count) i = core->watches.count;
    }
}

int64_t nr_core_watch_deadline(const struct nr_core *core)
{
    int64_t first = NR_NEVER_US;
    for (uint32_t i = 0; i < core->watches.count; i++) {
        const struct nr_watch *watch = &core->watches.list[i];
        int64_t at = watch->lost ? 0 : watch->next_us;
        if (at < first) first = at;
    }
    return first;
}
