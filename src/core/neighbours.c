/* Whom to greet and whom to keep (proto/README.md C.2): as many paths as gossip needs, seemingly dead peers tried again
 * for ever, and this node's own address learnt from what others see. */
#include "core/state.h"

#define PATHS_KEPT      24       /* beyond this, one goes each second */
#define IDLE_US         22000000 /* then a PING; two heartbeats take less */
#define PING_EVERY_US   1000000
#define PINGS_MAX       3
#define HELLO_EVERY_US  2000000
#define HELLO_SLOW_US   30000000 /* at most, in a large cluster */
#define HELLO_SHARE_US  500000   /* for each peer: two a second, from all together, find the other half of a split */
#define ROTATE_EVERY_US 30000000
#define EAGER_MAX       32
#define EAGER_AT_ONCE   4
#define FILL_EVERY_US   60000
#define STOOD_STILL_US  5000000

bool nr_core_connected(const struct nr_core *core, const struct nr_addr *a)
{
    if (nr_paths_find_addr(&core->paths, a)) return true;
    for (size_t i = 0; i < NR_ALIASES_MAX; i++)
        if (nr_addr_eq(&core->aliases[i].addr, a) && nr_paths_find(&core->paths, core->aliases[i].path)) return true;
    return false;
}

bool nr_core_registry_address(struct nr_core *core, struct nr_addr *out)
{
    for (int tries = 0; tries < 6; tries++) {
        struct nr_bytes raw;
        struct nr_record rec;
        struct nr_node_body body;
        const struct nr_peer *peer = nr_roster_random(&core->roster, &core->rng);
        if (!peer) return false;
        if (peer->key8 == nr_key8(core->key) || nr_paths_find_key(&core->paths, peer->key8)) continue;
        if (core->host.load(core->host.ctx, peer->key_hash, &raw) || nr_record_decode(raw, &rec)) continue;
        if (rec.kind != NR_KIND_NODE || nr_node_body_decode(rec.body, &body) || body.gossip_count == 0) continue;
        *out = body.gossip[nr_rng_below(&core->rng, (uint32_t)body.gossip_count)];
        return true;
    }
    return false;
}

static bool listed_address(struct nr_core *core, const struct nr_addr *list, size_t count, struct nr_addr *out)
{
    for (int tries = 0; count && tries < 4; tries++) {
        *out = list[nr_rng_below(&core->rng, (uint32_t)count)];
        if (!nr_core_connected(core, out)) return true;
    }
    return false;
}

/* Whoever has no path may know hundreds of addresses that are no more: every other HELLO is a seed's, one after the
 * other, so that a seed that is there is met in the first second. */
static bool seed_in_turn(struct nr_core *core, struct nr_addr *out)
{
    if (core->paths.count > 0 || core->seed_count == 0 || core->alone++ % 2 != 0) return false;
    *out = core->seeds[core->alone / 2 % core->seed_count];
    return true;
}

/* Seeds, the registry and addresses remembered in turn by chance; what has nothing leaves the turn to the next. */
static bool candidate(struct nr_core *core, struct nr_addr *out)
{
    if (seed_in_turn(core, out)) return true;
    uint32_t first = nr_rng_below(&core->rng, 4);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t source = (first + i) % 4;
        bool found = source == 0   ? listed_address(core, core->seeds, core->seed_count, out)
                     : source == 1 ? listed_address(core, core->remembered, core->remembered_count, out)
                                   : nr_core_registry_address(core, out);
        if (found) return true;
    }
    return false;
}

/* Who has the neighbours that it needs greets others only for the sake of all. */
static uint32_t hello_every_us(const struct nr_core *core)
{
    int64_t us = (int64_t)core->roster.count * HELLO_SHARE_US;
    if (core->paths.count < NR_PATHS_WANTED || us < HELLO_EVERY_US) us = HELLO_EVERY_US;
    return (uint32_t)(us > HELLO_SLOW_US ? HELLO_SLOW_US : us);
}

/* At the start, and when peers have just been learnt of, paths are made quickly; each HELLO uses up some of the
 * eagerness. */
static void fill(struct nr_core *core, struct nr_now now)
{
    struct nr_addr to;
    uint32_t sent = 0;
    bool paced = false;
    core->fill_us = NR_NEVER_US; /* where nothing can go out, it is nr_core_care that asks again */
    if (core->eager > EAGER_MAX) core->eager = EAGER_MAX;
    for (int i = 0; i < EAGER_AT_ONCE && core->eager && core->paths.count < NR_PATHS_WANTED; i++) {
        paced = !nr_token_bucket_has(&core->hello_sends, 1, now.mono_us);
        if (paced) break; /* an address that was told waits */
        if (!nr_core_take_referred(core, &to) && !candidate(core, &to))
            core->eager = 0;
        else if (nr_core_greet(core, now, &to))
            sent++;
    }
    core->eager -= sent < core->eager ? sent : core->eager;
    if ((sent || paced) && core->eager && core->paths.count < NR_PATHS_WANTED)
        core->fill_us = now.mono_us + FILL_EVERY_US / 2 + nr_rng_below(&core->rng, FILL_EVERY_US);
}

static void fill_soon(struct nr_core *core, struct nr_now now)
{
    if (core->fill_us == NR_NEVER_US && core->paths.count < NR_PATHS_WANTED) core->fill_us = now.mono_us;
}

void nr_core_eager(struct nr_core *core, struct nr_now now)
{
    core->eager++;
    fill_soon(core, now);
}

/* The slow pace, for ever. */
static void greet_one(struct nr_core *core, struct nr_now now)
{
    struct nr_addr to;
    if (now.mono_us < core->hello_us) return;
    uint32_t every = hello_every_us(core);
    core->hello_us = now.mono_us + every / 2 + nr_rng_below(&core->rng, every);
    if (candidate(core, &to)) (void)nr_core_greet(core, now, &to);
}

void nr_core_bye(struct nr_core *core, struct nr_path *path)
{
    struct nr_writer w;
    if (nr_core_message(core, path, NR_MSG_BYE, 0, &w)) nr_bye_encode(&w);
    nr_core_lose(core, path);
}

/* Paths kept for observation come on top of the neighbours. */
static size_t neighbours(const struct nr_core *core)
{
    size_t n = 0;
    for (size_t i = 0; i < core->paths.count; i++) n += !nr_core_path_serves(core, core->paths.list[i]);
    return n;
}

/* A large cluster's graph is kept random: one neighbour is replaced now and then, and too many are let go. */
static void rotate(struct nr_core *core, struct nr_now now)
{
    struct nr_path *path;
    size_t count = core->paths.count > NR_PATHS_WANTED ? neighbours(core) : core->paths.count;
    bool due = now.mono_us >= core->rotate_us && count > NR_PATHS_WANTED;
    if (now.mono_us >= core->rotate_us)
        core->rotate_us = now.mono_us + ROTATE_EVERY_US / 2 + nr_rng_below(&core->rng, ROTATE_EVERY_US);
    if (!due && count <= PATHS_KEPT) return;
    if (!nr_core_random_paths(core, NULL, &path, 1) || now.mono_us - path->since_us < nr_us(5)) return;
    if (nr_core_path_serves(core, path)) return;
    nr_core_bye(core, path);
    core->eager++;
}

/* An idle path is asked for a sign of life; a new one, whether the other side has it too: our PROOF may have been lost.
 */
static void keep(struct nr_core *core, struct nr_now now, struct nr_path *path)
{
    if (now.mono_us - path->heard_us < (path->confirmed ? IDLE_US : PING_EVERY_US)) {
        if (path->confirmed) path->pings_unanswered = 0;
        return;
    }
    if (path->pings_unanswered && now.mono_us - path->ping_sent_us < PING_EVERY_US) return;
    if (path->pings_unanswered >= PINGS_MAX) {
        nr_core_lose(core, path);
        return;
    }
    /* It may have started anew, or stand behind another address: a HELLO asks what a PING cannot. */
    if (path->pings_unanswered) (void)nr_core_greet(core, now, &path->addr);
    nr_core_ping(core, now, path);
}

/* A node that stood still has missed heartbeats that nobody offers any more, as one that had no path; and BYEs, for
 * which there was no room in its socket: each neighbour is asked whether it still has the path. */
static void stood_still(struct nr_core *core, struct nr_now now)
{
    core->walk = (struct nr_walk){ .wanted = true, .at_us = now.mono_us };
    for (size_t i = 0; i < core->paths.count; i++) {
        core->paths.list[i]->confirmed = false;
        core->paths.list[i]->pings_unanswered = 0;
        nr_core_ping(core, now, core->paths.list[i]);
    }
}

void nr_core_care(struct nr_core *core, struct nr_now now)
{
    if (now.mono_us >= core->fill_us) fill(core, now);
    if (now.mono_us < core->care_us) return;
    if (core->care_us && now.mono_us - core->care_us > STOOD_STILL_US) stood_still(core, now);
    for (size_t i = core->paths.count; i-- > 0;) keep(core, now, core->paths.list[i]);
    greet_one(core, now);
    rotate(core, now);
    nr_core_walk_care(core, now);
    fill_soon(core, now);
    /* Peers that start together must not stay in step: a seed would meet all of them at once, again and again. */
    core->care_us = now.mono_us + NR_CARE_US - NR_CARE_US / 3 + nr_rng_below(&core->rng, 2 * NR_CARE_US / 3);
}

/* This node's own address. */

static size_t votes_for(const struct nr_core *core, const struct nr_addr *a)
{
    size_t n = 0;
    for (size_t i = 0; i < core->paths.count; i++) n += nr_addr_eq(&core->paths.list[i]->observed, a);
    return n;
}

static bool advertised(const struct nr_core *core, const struct nr_addr *a)
{
    for (size_t i = 0; i < core->advertise_count; i++)
        if (nr_addr_eq(&core->advertise[i], a)) return true;
    return false;
}

/* The address that most neighbours see, of those of one scope that are not taken yet. */
static size_t most_seen(const struct nr_core *core, bool loopback, struct nr_addr *out)
{
    size_t best = 0;
    for (size_t i = 0; i < core->paths.count; i++) {
        const struct nr_addr *a = &core->paths.list[i]->observed;
        if (!a->family || nr_addr_is_loopback(a) != loopback || advertised(core, a)) continue;
        size_t votes = votes_for(core, a);
        if (votes <= best) continue;
        best = votes;
        *out = *a;
    }
    return best;
}

/* Where a newly seen address goes: in the place of one of its scope that nobody sees any more, else behind the others;
 * -1 for one neighbour's word against what others still see. */
static int place_for(const struct nr_core *core, bool loopback, size_t votes)
{
    bool held = false;
    for (size_t i = 0; i < core->advertise_count; i++) {
        if (nr_addr_is_loopback(&core->advertise[i]) != loopback) continue;
        if (votes_for(core, &core->advertise[i]) == 0) return (int)i;
        held = true;
    }
    if (votes == 0 || (held && votes < 2) || core->advertise_count == NR_GOSSIP_MAX) return -1;
    return (int)core->advertise_count;
}

static bool learn_in_scope(struct nr_core *core, bool loopback)
{
    struct nr_addr seen;
    size_t votes = most_seen(core, loopback, &seen);
    int at = votes ? place_for(core, loopback, votes) : -1;
    if (at < 0) return false;
    core->advertise[at] = seen;
    if ((size_t)at == core->advertise_count) core->advertise_count++;
    struct nr_event *e = nr_events_add(&core->events, NR_EVENT_LEARNED);
    if (e) e->addr = seen;
    return true;
}

void nr_core_learn_address(struct nr_core *core, struct nr_now now)
{
    if (core->advertise_fixed) return;
    bool wide = learn_in_scope(core, false), local = learn_in_scope(core, true);
    if (wide || local) (void)nr_core_restate_self(core, now);
}
