#include "store/blob_pool.h"

#include <stdlib.h>

#include "base/assert.h"

struct blob {
    uint32_t holds, len;
    uint8_t bytes[];
};

struct nr_blob_pool {
    struct blob **blobs;
    uint32_t *free_numbers;
    uint32_t count, cap, free_count;
    struct nr_mem_index by_content;
    struct nr_mem_keys keys[NR_HALVES];
};

struct nr_blob_pool *nr_blob_pool_new(void)
{
    return calloc(1, sizeof(struct nr_blob_pool));
}

void nr_blob_pool_free(struct nr_blob_pool *pool)
{
    if (!pool) return;
    for (uint32_t i = 0; i < pool->count; i++) free(pool->blobs[i]);
    free(pool->blobs);
    free(pool->free_numbers);
    nr_mem_index_fini(&pool->by_content);
    for (int h = 0; h < NR_HALVES; h++) nr_mem_keys_fini(&pool->keys[h]);
    free(pool);
}

static uint64_t mix(uint64_t h, struct nr_bytes b)
{
    for (size_t i = 0; i < b.len; i += 8) {
        uint64_t word = 0;
        memcpy(&word, b.data + i, b.len - i < 8 ? b.len - i : 8);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    return h;
}

/* Over the last 16 bytes, the end of a signature, and the length; and over the head, for bytes that carry no
 * signature. */
static uint64_t content_hash(struct nr_bytes b)
{
    if (b.len < 80) return mix(b.len, b);
    return mix(mix(b.len, nr_bytes(b.data, 64)), nr_bytes(b.data + b.len - 16, 16));
}

struct nr_bytes nr_blob_bytes(const struct nr_blob_pool *pool, uint32_t blob)
{
    nr_assert(blob < pool->count && pool->blobs[blob]);
    return nr_bytes(pool->blobs[blob]->bytes, pool->blobs[blob]->len);
}

static uint64_t hash_of(const void *pool, uint32_t blob)
{
    return content_hash(nr_blob_bytes(pool, blob));
}

static bool equals(const void *pool, uint32_t blob, const void *wanted)
{
    return nr_bytes_eq(nr_blob_bytes(pool, blob), *(const struct nr_bytes *)wanted);
}

/* Both arrays grow together, so that giving a number back needs no memory. */
static int grow(struct nr_blob_pool *pool)
{
    if (pool->free_count || pool->count < pool->cap) return 0;
    uint32_t cap = pool->cap ? pool->cap * 2 : 64;
    struct blob **blobs = realloc(pool->blobs, cap * sizeof(*blobs));
    if (!blobs) return NR_E_NOMEM;
    pool->blobs = blobs;
    uint32_t *numbers = realloc(pool->free_numbers, cap * sizeof *numbers);
    if (!numbers) return NR_E_NOMEM;
    pool->free_numbers = numbers;
    pool->cap = cap;
    return 0;
}

int nr_blob_take(struct nr_blob_pool *pool, struct nr_bytes bytes, uint32_t *blob)
{
    uint64_t hash = content_hash(bytes);
    uint32_t found = nr_mem_index_find(&pool->by_content, hash, equals, pool, &bytes);
    if (found != NR_NO_INDEX) {
        pool->blobs[found]->holds++;
        *blob = found;
        return 0;
    }
    int err = grow(pool);
    if (!err) err = nr_mem_index_reserve(&pool->by_content, hash_of, pool);
    if (err) return err;
    struct blob *b = malloc(sizeof *b + bytes.len);
    if (!b) return NR_E_NOMEM;
    b->holds = 1;
    b->len = (uint32_t)bytes.len;
    if (bytes.len) memcpy(b->bytes, bytes.data, bytes.len);
    *blob = pool->free_count ? pool->free_numbers[--pool->free_count] : pool->count++;
    pool->blobs[*blob] = b;
    nr_mem_index_add(&pool->by_content, hash, *blob);
    return 0;
}

void nr_blob_hold(struct nr_blob_pool *pool, uint32_t blob)
{
    nr_assert(blob < pool->count && pool->blobs[blob]);
    pool->blobs[blob]->holds++;
}

void nr_blob_release(struct nr_blob_pool *pool, uint32_t blob)
{
    if (blob == NR_NO_BLOB) return;
    nr_assert(blob < pool->count && pool->blobs[blob]);
    if (--pool->blobs[blob]->holds) return;
    nr_mem_index_remove(&pool->by_content, hash_of(pool, blob), blob, hash_of, pool);
    free(pool->blobs[blob]);
    pool->blobs[blob] = NULL;
    pool->free_numbers[pool->free_count++] = blob;
}

struct nr_mem_keys *nr_blob_pool_keys(struct nr_blob_pool *pool, enum nr_half half)
{
    return &pool->keys[half];
}

size_t nr_blob_count(const struct nr_blob_pool *pool)
{
    return pool->count - pool->free_count;
}
