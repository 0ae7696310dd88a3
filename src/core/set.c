/* See set.h. Growth is amortised: entries grow by an eighth, the table of ids doubles when it is three quarters full,
 * and buckets double when there are four entries to one. */
#include "core/set.h"

#include "base/assert.h"
#include "proto/record.h"

#include <stdlib.h>

#define BITS_MIN 4
#define BITS_MAX 20
#define LOAD     4
#define IDS_MIN  16

#define ENTRY_MASK ((UINT32_C(1) << NR_SET_ENTRY_BITS) - 1)

static uint32_t bucket_of(const struct nr_set *s, uint64_t key_hash)
{
    return (uint32_t)(key_hash >> (64 - s->bits));
}

static int64_t ends(const struct nr_entry *e)
{
    return nr_record_ends_ms(e->stamp, e->lease_s);
}

/* The table of ids. An id is the start of a hash: its low bits are the place, its high bits the mark. */

static uint32_t id_word(uint64_t id, uint32_t e)
{
    return ((uint32_t)(id >> 32) & ~ENTRY_MASK) | e;
}

/* Where the id stands, or the free place that ends the search for it. */
static uint32_t id_place(const struct nr_set *s, uint64_t id)
{
    uint32_t mark = id_word(id, 0), i = (uint32_t)id & s->id_mask;
    for (; s->ids[i]; i = (i + 1) & s->id_mask)
        if ((s->ids[i] & ~ENTRY_MASK) == mark && s->entries[s->ids[i] & ENTRY_MASK].id == id) break;
    return i;
}

/* Two entries may have one id (two keys cannot be made to share it, but nothing here depends on that). */
static void id_link(struct nr_set *s, uint32_t e)
{
    uint64_t id = s->entries[e].id;
    uint32_t i = (uint32_t)id & s->id_mask;
    while (s->ids[i]) i = (i + 1) & s->id_mask;
    s->ids[i] = id_word(id, e);
}

/* Closes the gap: whoever stands later in the run and could stand in the gap moves there (Knuth, 6.4 R). */
static void id_unlink(struct nr_set *s, uint32_t e)
{
    uint32_t word = id_word(s->entries[e].id, e), gap = (uint32_t)s->entries[e].id & s->id_mask;
    for (; s->ids[gap] != word; gap = (gap + 1) & s->id_mask) nr_assert(s->ids[gap] != 0);
    for (uint32_t i = (gap + 1) & s->id_mask; s->ids[i]; i = (i + 1) & s->id_mask) {
        uint32_t home = (uint32_t)s->entries[s->ids[i] & ENTRY_MASK].id & s->id_mask;
        if (((i - home) & s->id_mask) < ((i - gap) & s->id_mask)) continue;
        s->ids[gap] = s->ids[i];
        gap = i;
    }
    s->ids[gap] = 0;
}

/* Chains, the list in the order learnt, the tree. */

static void list_append(struct nr_set *s, uint32_t e)
{
    s->entries[e].newer = 0;
    s->entries[e].older = s->newest;
    if (s->newest)
        s->entries[s->newest].newer = e;
    else
        s->oldest = e;
    s->newest = e;
}

static void list_unlink(struct nr_set *s, uint32_t e)
{
    uint32_t newer = s->entries[e].newer, older = s->entries[e].older;
    if (newer)
        s->entries[newer].older = older;
    else
        s->newest = older;
    if (older)
        s->entries[older].newer = newer;
    else
        s->oldest = newer;
}

static void chain_link(struct nr_set *s, uint32_t e)
{
    uint32_t *at = &s->heads[bucket_of(s, s->entries[e].key_hash)];
    while (*at && s->entries[*at].key_hash < s->entries[e].key_hash) at = &s->entries[*at].chain;
    s->entries[e].chain = *at;
    *at = e;
}

static void chain_unlink(struct nr_set *s, uint32_t e)
{
    uint32_t *at = &s->heads[bucket_of(s, s->entries[e].key_hash)];
    while (*at != e) {
        nr_assert(*at != 0);
        at = &s->entries[*at].chain;
    }
    *at = s->entries[e].chain;
}

/* Adds to the sums, and `count` (1, 0 or -1 as a wrapping number) to the counts, on the way from a bucket to the root.
 */
static void tree_add(struct nr_set *s, uint64_t key_hash, uint64_t sum, uint32_t count)
{
    if (!s->summed) return;
    for (uint32_t i = (1u << s->bits) + bucket_of(s, key_hash); i; i >>= 1) {
        s->sums[i] += sum;
        s->counts[i] += count;
    }
}

static void key_link(struct nr_set *s, uint32_t e)
{
    chain_link(s, e);
    tree_add(s, s->entries[e].key_hash, s->entries[e].id, 1);
}

static int buckets_make(struct nr_set *s, unsigned bits)
{
    size_t n = (size_t)1 << bits;
    uint32_t *heads = calloc(n, sizeof *heads);
    uint64_t *sums = s->summed ? calloc(2 * n, sizeof *sums) : NULL;
    uint32_t *counts = s->summed ? calloc(2 * n, sizeof *counts) : NULL;
    if (!heads || (s->summed && (!sums || !counts))) {
        free(heads);
        free(sums);
        free(counts);
        return NR_E_NOMEM;
    }
    free(s->heads);
    free(s->sums);
    free(s->counts);
    s->heads = heads;
    s->sums = sums;
    s->counts = counts;
    s->bits = bits;
    for (uint32_t e = s->newest; e; e = s->entries[e].older) key_link(s, e);
    return 0;
}

static int ids_make(struct nr_set *s, uint32_t room)
{
    uint32_t *ids = calloc(room, sizeof *ids);
    if (!ids) return NR_E_NOMEM;
    free(s->ids);
    s->ids = ids;
    s->id_mask = room - 1;
    for (uint32_t e = s->newest; e; e = s->entries[e].older) id_link(s, e);
    return 0;
}

int nr_set_init(struct nr_set *s, uint32_t max, bool summed)
{
    nr_assert(max < ENTRY_MASK);
    *s = (struct nr_set){ .max = max, .used = 1, .summed = summed, .look_at = 1 };
    s->first_end_ms = s->next_end_ms = INT64_MAX;
    int err = buckets_make(s, BITS_MIN);
    if (!err) err = ids_make(s, IDS_MIN);
    if (err) nr_set_fini(s);
    return err;
}

void nr_set_fini(struct nr_set *s)
{
    free(s->entries);
    free(s->heads);
    free(s->sums);
    free(s->counts);
    free(s->ids);
    *s = (struct nr_set){ 0 };
}

/* By an eighth: a set that grows to its size and stays there wastes little, and large arrays grow in place. */
static int grow_entries(struct nr_set *s)
{
    uint32_t room = s->room + s->room / 8 + 16;
    struct nr_entry *entries = realloc(s->entries, room * sizeof *entries);
    if (!entries) return NR_E_NOMEM;
    s->entries = entries;
    s->room = room;
    return 0;
}

int nr_set_reserve(struct nr_set *s)
{
    if (s->count >= s->max) return NR_E_FULL;
    if (!s->free && s->used >= s->room) {
        int err = grow_entries(s);
        if (err) return err;
    }
    if (s->count + 1 > s->id_mask / 4 * 3) {
        int err = ids_make(s, (s->id_mask + 1) * 2);
        if (err) return err;
    }
    /* Longer chains are slower, not wrong: a bucket array that cannot grow is no failure. */
    if (s->count >= (uint32_t)LOAD << s->bits && s->bits < BITS_MAX) (void)!buckets_make(s, s->bits + 1);
    return 0;
}

static uint32_t entry_take(struct nr_set *s)
{
    uint32_t e = s->free;
    if (e) {
        s->free = s->entries[e].chain;
        return e;
    }
    nr_assert(s->used < s->room);
    return s->used++;
}

static void facts_copy(struct nr_set *s, uint32_t e, const struct nr_entry *f)
{
    struct nr_entry *to = &s->entries[e];
    to->key_hash = f->key_hash;
    to->id = f->id;
    to->stamp = f->stamp;
    to->lease_s = f->lease_s;
    to->learnt_tick = f->learnt_tick;
    to->size = f->size;
    to->kind = f->kind;
    to->flags = f->flags;
    if (ends(to) < s->first_end_ms) s->first_end_ms = ends(to);
    if (ends(to) < s->next_end_ms) s->next_end_ms = ends(to); /* the look may have passed it */
}

static void put_new(struct nr_set *s, const struct nr_entry *facts)
{
    nr_assert(facts->kind != 0);
    uint32_t e = entry_take(s);
    facts_copy(s, e, facts);
    key_link(s, e);
    id_link(s, e);
    list_append(s, e);
    s->count++;
}

void nr_set_put(struct nr_set *s, const struct nr_entry *facts)
{
    struct nr_entry *old = nr_set_find(s, facts->key_hash);
    if (!old) {
        put_new(s, facts);
        return;
    }
    uint32_t e = (uint32_t)(old - s->entries);
    id_unlink(s, e);
    tree_add(s, old->key_hash, facts->id - old->id, 0);
    facts_copy(s, e, facts);
    id_link(s, e);
    list_unlink(s, e);
    list_append(s, e);
}

void nr_set_remove(struct nr_set *s, uint64_t key_hash)
{
    struct nr_entry *entry = nr_set_find(s, key_hash);
    if (!entry) return;
    uint32_t e = (uint32_t)(entry - s->entries);
    chain_unlink(s, e);
    id_unlink(s, e);
    list_unlink(s, e);
    tree_add(s, key_hash, (uint64_t)0 - entry->id, (uint32_t)-1);
    s->count--;
    entry->kind = 0;
    entry->chain = s->free;
    s->free = e;
}

struct nr_entry *nr_set_find(const struct nr_set *s, uint64_t key_hash)
{
    for (uint32_t e = s->heads[bucket_of(s, key_hash)]; e; e = s->entries[e].chain)
        if (s->entries[e].key_hash == key_hash) return &s->entries[e];
    return NULL;
}

struct nr_entry *nr_set_find_id(const struct nr_set *s, uint64_t id)
{
    uint32_t word = s->ids[id_place(s, id)];
    return word ? &s->entries[word & ENTRY_MASK] : NULL;
}

static bool in_range(struct nr_range r, uint64_t key_hash)
{
    return r.bits == 0 || (key_hash ^ r.prefix) >> (64 - r.bits) == 0;
}

/* The tree's node of a range that is not narrower than a bucket. */
static uint32_t tree_node(struct nr_range r)
{
    return (1u << r.bits) + (r.bits ? (uint32_t)(r.prefix >> (64 - r.bits)) : 0);
}

uint64_t nr_set_sum(const struct nr_set *s, struct nr_range range)
{
    nr_assert(s->summed);
    if (range.bits <= s->bits) return s->sums[tree_node(range)];
    uint64_t sum = 0;
    for (struct nr_entry *e = nr_set_first(s, range); e; e = nr_set_next(s, range, e)) sum += e->id;
    return sum;
}

uint32_t nr_set_count(const struct nr_set *s, struct nr_range range)
{
    nr_assert(s->summed);
    if (range.bits <= s->bits) return s->counts[tree_node(range)];
    uint32_t count = 0;
    for (struct nr_entry *e = nr_set_first(s, range); e; e = nr_set_next(s, range, e)) count++;
    return count;
}

/* The first entry in the buckets from `bucket` on. Empty subtrees are few enough to be stepped over one by one. */
static struct nr_entry *first_from_bucket(const struct nr_set *s, uint64_t bucket)
{
    for (; bucket < (uint64_t)1 << s->bits; bucket++)
        if (s->heads[bucket]) return &s->entries[s->heads[bucket]];
    return NULL;
}

struct nr_entry *nr_set_at_or_after(const struct nr_set *s, uint64_t from)
{
    uint32_t bucket = bucket_of(s, from);
    for (uint32_t e = s->heads[bucket]; e; e = s->entries[e].chain)
        if (s->entries[e].key_hash >= from) return &s->entries[e];
    return first_from_bucket(s, (uint64_t)bucket + 1);
}

struct nr_entry *nr_set_first(const struct nr_set *s, struct nr_range range)
{
    struct nr_entry *e = nr_set_at_or_after(s, range.prefix);
    return e && in_range(range, e->key_hash) ? e : NULL;
}

struct nr_entry *nr_set_next(const struct nr_set *s, struct nr_range range, const struct nr_entry *e)
{
    struct nr_entry *next =
        e->chain ? &s->entries[e->chain] : first_from_bucket(s, (uint64_t)bucket_of(s, e->key_hash) + 1);
    return next && in_range(range, next->key_hash) ? next : NULL;
}

struct nr_entry *nr_set_newest(const struct nr_set *s)
{
    return s->newest ? &s->entries[s->newest] : NULL;
}

struct nr_entry *nr_set_older(const struct nr_set *s, const struct nr_entry *e)
{
    return e->older ? &s->entries[e->older] : NULL;
}

/* A look through that finds one goes on behind it the next time: it is one pass however many have ended. */
struct nr_entry *nr_set_ended(struct nr_set *s, int64_t wall_ms)
{
    if (s->first_end_ms > wall_ms) return NULL;
    for (; s->look_at < s->used; s->look_at++) {
        struct nr_entry *e = &s->entries[s->look_at];
        if (e->kind == 0) continue;
        if (ends(e) <= wall_ms) return e;
        if (ends(e) < s->next_end_ms) s->next_end_ms = ends(e);
    }
    s->first_end_ms = s->next_end_ms;
    s->next_end_ms = INT64_MAX;
    s->look_at = 1;
    return NULL;
}
