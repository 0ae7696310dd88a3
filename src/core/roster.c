/* Places are addressed by the high half of the key, scaled to the room, so that the room can grow by a quarter at a
 * time; a removal closes its gap. */
#include "core/roster.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN     8
#define RANDOM_TRIES 32

static_assert(sizeof(struct nr_peer) == 24, "a simulated cluster holds a hundred million of these");

void nr_roster_fini(struct nr_roster *p)
{
    free(p->places);
    free(p->gone);
    *p = (struct nr_roster){ 0 };
}

static uint32_t home_of(uint32_t room, uint64_t key8)
{
    return (uint32_t)(((key8 >> 32) * room) >> 32);
}

static uint32_t after(const struct nr_roster *p, uint32_t at)
{
    return at + 1 == p->room ? 0 : at + 1;
}

/* The place of this peer, or the free one where it would stand. */
static uint32_t place_of(const struct nr_roster *p, uint64_t key8, uint64_t key_hash)
{
    uint32_t at = home_of(p->room, key8);
    while (p->places[at].key_hash && (p->places[at].key_hash != key_hash || p->places[at].key8 != key8))
        at = after(p, at);
    return at;
}

int nr_roster_reserve(struct nr_roster *p)
{
    if (p->room && p->count + 1 <= p->room - p->room / 8) return 0;
    struct nr_roster old = *p;
    uint32_t room = p->room ? p->room + p->room / 4 : ROOM_MIN;
    struct nr_peer *places = calloc(room, sizeof *places);
    if (!places) return NR_E_NOMEM;
    p->places = places;
    p->room = room;
    for (uint32_t i = 0; i < old.room; i++)
        if (old.places[i].key_hash) p->places[place_of(p, old.places[i].key8, old.places[i].key_hash)] = old.places[i];
    free(old.places);
    return 0;
}

struct nr_peer *nr_roster_put(struct nr_roster *p, uint64_t key8, uint64_t key_hash)
{
    nr_assert(p->count < p->room);
    struct nr_peer *peer = &p->places[place_of(p, key8, key_hash)];
    if (peer->key_hash) return peer;
    *peer = (struct nr_peer){ .key8 = key8, .key_hash = key_hash };
    p->count++;
    p->changes++;
    return peer;
}

/* Whoever stands behind a gap and would rather stand in it moves there, and leaves a gap. */
static void close_gap(struct nr_roster *p, uint32_t gap)
{
    for (uint32_t at = after(p, gap); p->places[at].key_hash; at = after(p, at)) {
        uint32_t home = home_of(p->room, p->places[at].key8);
        bool stays = gap < at ? home > gap && home <= at : home > gap || home <= at;
        if (stays) continue;
        p->places[gap] = p->places[at];
        gap = at;
    }
    p->places[gap] = (struct nr_peer){ 0 };
}

void nr_roster_remove(struct nr_roster *p, uint64_t key8, uint64_t key_hash)
{
    if (p->room == 0) return;
    uint32_t at = place_of(p, key8, key_hash);
    if (!p->places[at].key_hash) return;
    close_gap(p, at);
    p->count--;
    p->changes++;
    (void)!nr_roster_judge(p, key8, key_hash, 0, 0); /* taking back needs no memory */
}

struct nr_peer *nr_roster_find(const struct nr_roster *p, uint64_t key8, uint64_t key_hash)
{
    struct nr_peer *peer = p->room ? &p->places[place_of(p, key8, key_hash)] : NULL;
    return peer && peer->key_hash ? peer : NULL;
}

struct nr_peer *nr_roster_next_of_key(const struct nr_roster *p, uint64_t key8, uint32_t *at)
{
    if (p->room == 0) return NULL;
    for (uint32_t place = (home_of(p->room, key8) + *at) % p->room;; place = after(p, place)) {
        ++*at;
        if (!p->places[place].key_hash) return NULL;
        if (p->places[place].key8 == key8) return &p->places[place];
    }
}

const struct nr_peer *nr_roster_random(const struct nr_roster *p, struct nr_rng *rng)
{
    if (p->count == 0) return NULL;
    uint32_t at = nr_rng_below(rng, p->room);
    for (int tries = 0; !p->places[at].key_hash && tries < RANDOM_TRIES; tries++) at = nr_rng_below(rng, p->room);
    while (!p->places[at].key_hash) at = after(p, at);
    return &p->places[at];
}

const struct nr_peer *nr_roster_find_prefix(const struct nr_roster *p, uint32_t prefix)
{
    if (p->room == 0) return NULL;
    for (uint32_t at = home_of(p->room, (uint64_t)prefix << 32); p->places[at].key_hash; at = after(p, at))
        if (p->places[at].key8 >> 32 == prefix) return &p->places[at];
    return NULL;
}

const struct nr_peer *nr_roster_find_hash(const struct nr_roster *p, uint64_t key_hash)
{
    for (uint32_t i = 0; i < p->room; i++)
        if (p->places[i].key_hash == key_hash) return &p->places[i];
    return NULL;
}

/* Judgements. */

static uint32_t gone_place(const struct nr_roster *p, uint64_t key8, uint64_t key_hash)
{
    uint32_t low = 0, high = p->gone_count;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        const struct nr_gone *g = &p->gone[mid];
        if (g->key8 < key8 || (g->key8 == key8 && g->key_hash < key_hash))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool stands_at(const struct nr_roster *p, uint32_t at, uint64_t key8, uint64_t key_hash)
{
    return at < p->gone_count && p->gone[at].key8 == key8 && p->gone[at].key_hash == key_hash;
}

const struct nr_gone *nr_roster_gone(const struct nr_roster *p, uint64_t key8, uint64_t key_hash)
{
    uint32_t at = gone_place(p, key8, key_hash);
    return stands_at(p, at, key8, key_hash) ? &p->gone[at] : NULL;
}

int64_t nr_roster_gone_until_ms(const struct nr_roster *p, uint64_t key8, uint64_t key_hash)
{
    const struct nr_gone *g = nr_roster_gone(p, key8, key_hash);
    return g ? g->until_ms : 0;
}

static int gone_insert(struct nr_roster *p, uint32_t at)
{
    if (p->gone_count == p->gone_room) {
        uint32_t room = p->gone_room ? p->gone_room * 2 : 4;
        struct nr_gone *gone = realloc(p->gone, room * sizeof *gone);
        if (!gone) return NR_E_NOMEM;
        p->gone = gone;
        p->gone_room = room;
    }
    memmove(&p->gone[at + 1], &p->gone[at], (p->gone_count - at) * sizeof p->gone[0]);
    p->gone_count++;
    return 0;
}

int nr_roster_judge(struct nr_roster *p, uint64_t key8, uint64_t key_hash, int64_t until_ms, uint64_t own_stamp)
{
    uint32_t at = gone_place(p, key8, key_hash);
    bool was = stands_at(p, at, key8, key_hash);
    if (!was && until_ms == 0) return 0;
    if (was != (until_ms != 0)) p->changes++;
    if (until_ms == 0) {
        memmove(&p->gone[at], &p->gone[at + 1], (p->gone_count - at - 1) * sizeof p->gone[0]);
        p->gone_count--;
        return 0;
    }
    int err = was ? 0 : gone_insert(p, at);
    if (err) return err;
    if (!was) p->gone[at] = (struct nr_gone){ .key8 = key8, .key_hash = key_hash, .own_stamp = own_stamp };
    p->gone[at].until_ms = until_ms;
    return 0;
}

/* Ranks. */

struct ranked {
    uint64_t score, key8;
};

static bool before(const struct ranked *a, const struct ranked *b)
{
    return a->score != b->score ? a->score > b->score : a->key8 > b->key8;
}

static size_t rank_in(struct ranked *list, size_t n, const struct ranked *r)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].key8 == r->key8) return n; /* a key that speaks for several nodes observes once */
    size_t at = n < NR_VERDICT_RANKS ? n++ : n - 1;
    for (; at > 0 && before(r, &list[at - 1]); at--) list[at] = list[at - 1];
    list[at] = *r;
    return n;
}

size_t nr_roster_rank(const struct nr_roster *p, uint64_t key8, int64_t wall_ms, uint64_t out[static NR_VERDICT_RANKS])
{
    struct ranked list[NR_VERDICT_RANKS];
    size_t n = 0;
    uint64_t salt = nr_roster_mix(key8);
    for (uint32_t i = 0; i < p->room; i++) {
        const struct nr_peer *c = &p->places[i];
        struct ranked r = { .score = nr_roster_mix(salt + c->key8), .key8 = c->key8 };
        if (!c->key_hash || c->key8 == key8 || (n == NR_VERDICT_RANKS && !before(&r, &list[n - 1]))) continue;
        if (wall_ms - (int64_t)c->heard_s * 1000 >= NR_CANDIDATE_S * 1000) continue;
        if (nr_roster_gone_until_ms(p, c->key8, c->key_hash) == 0) n = rank_in(list, n, &r);
    }
    for (size_t i = 0; i < n; i++) out[i] = list[i].key8;
    return n;
}
