#include "store/mem_index.h"

#include <stdlib.h>

#include "base/assert.h"

#define START_SLOTS 16u

void nr_mem_index_fini(struct nr_mem_index *ix)
{
    free(ix->slots);
    *ix = (struct nr_mem_index){ 0 };
}

/* The finaliser of SplitMix64: callers' hashes may be poor in their low bits. */
static uint32_t home(const struct nr_mem_index *ix, uint64_t hash)
{
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(hash ^ hash >> 31) & ix->mask;
}

uint32_t nr_mem_index_find(const struct nr_mem_index *ix, uint64_t hash, nr_mem_eq_fn *eq, const void *ctx,
                           const void *wanted)
{
    if (!ix->slots) return NR_NO_INDEX;
    for (uint32_t i = home(ix, hash); ix->slots[i]; i = (i + 1) & ix->mask) {
        if (eq(ctx, ix->slots[i] - 1, wanted)) return ix->slots[i] - 1;
    }
    return NR_NO_INDEX;
}

int nr_mem_index_reserve(struct nr_mem_index *ix, nr_mem_hash_fn *hash_of, const void *ctx)
{
    uint32_t have = ix->slots ? ix->mask + 1 : 0;
    if (ix->used + 1 <= have / 4 * 3) return 0;
    uint32_t want = have ? have * 2 : START_SLOTS;
    struct nr_mem_index wider = { .slots = calloc(want, sizeof *wider.slots), .mask = want - 1 };
    if (!wider.slots) return NR_E_NOMEM;
    for (uint32_t i = 0; i < have; i++) {
        if (ix->slots[i]) nr_mem_index_add(&wider, hash_of(ctx, ix->slots[i] - 1), ix->slots[i] - 1);
    }
    free(ix->slots);
    *ix = wider;
    return 0;
}

void nr_mem_index_add(struct nr_mem_index *ix, uint64_t hash, uint32_t number)
{
    uint32_t i = home(ix, hash);
    nr_assert(ix->used < ix->mask);
    while (ix->slots[i]) i = (i + 1) & ix->mask;
    ix->slots[i] = number + 1;
    ix->used++;
}

static uint32_t slot_of(const struct nr_mem_index *ix, uint64_t hash, uint32_t number)
{
    uint32_t i = home(ix, hash);
    while (ix->slots[i] != number + 1) {
        nr_assert(ix->slots[i]);
        i = (i + 1) & ix->mask;
    }
    return i;
}

/* Closes the gap: whoever stands later in the run and could stand in the gap moves there (Knuth, 6.4 R). */
void nr_mem_index_remove(struct nr_mem_index *ix, uint64_t hash, uint32_t number, nr_mem_hash_fn *hash_of,
                         const void *ctx)
{
    uint32_t gap = slot_of(ix, hash, number);
    ix->slots[gap] = 0;
    ix->used--;
    for (uint32_t i = (gap + 1) & ix->mask; ix->slots[i]; i = (i + 1) & ix->mask) {
        uint32_t at = home(ix, hash_of(ctx, ix->slots[i] - 1));
        if (((i - at) & ix->mask) < ((i - gap) & ix->mask)) continue;
        ix->slots[gap] = ix->slots[i];
        ix->slots[i] = 0;
        gap = i;
    }
}

void nr_mem_index_swap(struct nr_mem_index *ix, uint64_t hash, uint32_t from, uint32_t to)
{
    ix->slots[slot_of(ix, hash, from)] = to + 1;
}
