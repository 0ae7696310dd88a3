/* See set.h. Growth is amortised: entries double, and buckets double when there are four entries to one. */
#include "core/set.h"

#include "base/assert.h"
#include "proto/record.h"

#include <stdlib.h>

#define BITS_MIN 4
#define BITS_MAX 20
#define LOAD     4

static uint32_t bucket_of(const struct nr_set *s, uint64_t key_hash)
{
    return (uint32_t)(key_hash >> (64 - s->bits));
}

static uint32_t id_bucket_of(const struct nr_set *s, uint64_t id)
{
    return (uint32_t)(id & ((1u << s->bits) - 1));
}

static int64_t ends(const struct nr_set *s, uint32_t e)
{
    return nr_record_ends_ms(s->entries[e].stamp, s->entries[e].lease_s);
}

/* The heap of ends. */

static void heap_place(struct nr_set *s, uint32_t at, uint32_t e)
{
    s->heap[at] = e;
    s->entries[e].heap_at = at;
}

static void heap_up(struct nr_set *s, uint32_t at)
{
    uint32_t e = s->heap[at];
    while (at > 0 && ends(s, s->heap[(at - 1) / 2]) > ends(s, e)) {
        heap_place(s, at, s->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_place(s, at, e);
}

static void heap_down(struct nr_set *s, uint32_t at, uint32_t count)
{
    uint32_t e = s->heap[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && ends(s, s->heap[child + 1]) < ends(s, s->heap[child])) child++;
        if (ends(s, s->heap[child]) >= ends(s, e)) break;
        heap_place(s, at, s->heap[child]);
        at = child;
    }
    heap_place(s, at, e);
}

static void heap_moved(struct nr_set *s, uint32_t at)
{
    uint32_t e = s->heap[at];
    heap_up(s, at);
    heap_down(s, s->entries[e].heap_at, s->count);
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

static void id_link(struct nr_set *s, uint32_t e)
{
    uint32_t *head = &s->id_heads[id_bucket_of(s, s->entries[e].id)];
    s->entries[e].id_chain = *head;
    *head = e;
}

static void id_unlink(struct nr_set *s, uint32_t e)
{
    uint32_t *at = &s->id_heads[id_bucket_of(s, s->entries[e].id)];
    while (*at != e) {
        nr_assert(*at != 0);
        at = &s->entries[*at].id_chain;
    }
    *at = s->entries[e].id_chain;
}

/* Adds to the sums, and `count` (1, 0 or -1 as a wrapping number) to the counts, on the way from a bucket to the root.
 */
static void tree_add(struct nr_set *s, uint64_t key_hash, uint64_t sum, uint32_t count)
{
    for (uint32_t i = (1u << s->bits) + bucket_of(s, key_hash); i; i >>= 1) {
        s->sums[i] += sum;
        s->counts[i] += count;
    }
}

static void index_add(struct nr_set *s, uint32_t e)
{
    chain_link(s, e);
    id_link(s, e);
    tree_add(s, s->entries[e].key_hash, s->entries[e].id, 1);
}

static int buckets_make(struct nr_set *s, unsigned bits)
{
    size_t n = (size_t)1 << bits;
    uint32_t *heads = calloc(n, sizeof *heads), *id_heads = calloc(n, sizeof *id_heads);
    uint64_t *sums = calloc(2 * n, sizeof *sums);
    uint32_t *counts = calloc(2 * n, sizeof *counts);
    if (!heads || !id_heads || !sums || !counts) {
        free(heads);
        free(id_heads);
        free(sums);
        free(counts);
        return NR_E_NOMEM;
    }
    free(s->heads);
    free(s->id_heads);
    free(s->sums);
    free(s->counts);
    s->heads = heads;
    s->id_heads = id_heads;
    s->sums = sums;
    s->counts = counts;
    s->bits = bits;
    for (uint32_t e = s->newest; e; e = s->entries[e].older) index_add(s, e);
    return 0;
}

int nr_set_init(struct nr_set *s, uint32_t max)
{
    *s = (struct nr_set){ .max = max, .used = 1 };
    return buckets_make(s, BITS_MIN);
}

void nr_set_fini(struct nr_set *s)
{
    free(s->entries);
    free(s->heads);
    free(s->id_heads);
    free(s->sums);
    free(s->counts);
    free(s->heap);
    *s = (struct nr_set){ 0 };
}

static int grow_entries(struct nr_set *s)
{
    uint32_t room = s->room ? s->room * 2 : 16;
    struct nr_entry *entries = realloc(s->entries, room * sizeof *entries);
    if (!entries) return NR_E_NOMEM;
    s->entries = entries;
    uint32_t *heap = realloc(s->heap, room * sizeof *heap);
    if (!heap) return NR_E_NOMEM;
    s->heap = heap;
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
    s->peers += (f->flags & NR_ENTRY_PEER) != 0;
}

static void put_new(struct nr_set *s, const struct nr_entry *facts)
{
    uint32_t e = entry_take(s);
    facts_copy(s, e, facts);
    index_add(s, e);
    list_append(s, e);
    s->heap[s->count] = e;
    heap_up(s, s->count);
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
    s->peers -= (old->flags & NR_ENTRY_PEER) != 0;
    facts_copy(s, e, facts);
    id_link(s, e);
    list_unlink(s, e);
    list_append(s, e);
    heap_moved(s, s->entries[e].heap_at);
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
    s->peers -= (entry->flags & NR_ENTRY_PEER) != 0;
    s->count--;
    uint32_t at = entry->heap_at, last = s->heap[s->count];
    if (last != e) {
        heap_place(s, at, last);
        heap_moved(s, at);
    }
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
    for (uint32_t e = s->id_heads[id_bucket_of(s, id)]; e; e = s->entries[e].id_chain)
        if (s->entries[e].id == id) return &s->entries[e];
    return NULL;
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
    if (range.bits <= s->bits) return s->sums[tree_node(range)];
    uint64_t sum = 0;
    for (struct nr_entry *e = nr_set_first(s, range); e; e = nr_set_next(s, range, e)) sum += e->id;
    return sum;
}

uint32_t nr_set_count(const struct nr_set *s, struct nr_range range)
{
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

struct nr_entry *nr_set_first_to_end(const struct nr_set *s)
{
    return s->count ? &s->entries[s->heap[0]] : NULL;
}

struct nr_entry *nr_set_random_peer(const struct nr_set *s, struct nr_rng *rng)
{
    if (s->peers == 0) return NULL;
    struct nr_range all = { 0 };
    struct nr_entry *start = nr_set_at_or_after(s, nr_rng_u64(rng));
    for (struct nr_entry *e = start; e; e = nr_set_next(s, all, e))
        if (e->flags & NR_ENTRY_PEER) return e;
    for (struct nr_entry *e = nr_set_first(s, all); e && e != start; e = nr_set_next(s, all, e))
        if (e->flags & NR_ENTRY_PEER) return e;
    return NULL;
}
