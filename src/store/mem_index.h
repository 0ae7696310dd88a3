/* An open-addressed table of 32-bit numbers under hashes that the caller keeps: 4 bytes a slot, at most three quarters
 * full. */
#ifndef NR_STORE_MEM_INDEX_H
#define NR_STORE_MEM_INDEX_H

#include "base/bytes.h"
#include "base/err.h"

#define NR_NO_INDEX UINT32_MAX

typedef uint64_t nr_mem_hash_fn(const void *ctx, uint32_t number);
typedef bool nr_mem_eq_fn(const void *ctx, uint32_t number, const void *wanted);

struct nr_mem_index {
    uint32_t *slots; /* number + 1; 0: free */
    uint32_t mask;   /* slots - 1; 0: none yet */
    uint32_t used;
};

void nr_mem_index_fini(struct nr_mem_index *ix);
/* A number whose hash is `hash` and that equals `wanted`, or NR_NO_INDEX. */
uint32_t nr_mem_index_find(const struct nr_mem_index *ix, uint64_t hash, nr_mem_eq_fn *eq, const void *ctx,
                           const void *wanted);
/* Makes room for one more, so that the next add cannot fail. NR_E_NOMEM: nothing has changed. */
int nr_mem_index_reserve(struct nr_mem_index *ix, nr_mem_hash_fn *hash_of, const void *ctx) NR_MUST_CHECK;
void nr_mem_index_add(struct nr_mem_index *ix, uint64_t hash, uint32_t number);
/* `number` must be there under `hash`; what it stands for must still be readable by hash_of for all others. */
void nr_mem_index_remove(struct nr_mem_index *ix, uint64_t hash, uint32_t number, nr_mem_hash_fn *hash_of,
                         const void *ctx);
/* Puts `to` where `from` stands under `hash`. */
void nr_mem_index_swap(struct nr_mem_index *ix, uint64_t hash, uint32_t from, uint32_t to);

#endif
