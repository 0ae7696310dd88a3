/* Built answers, kept while they are right: until the store's generation changes or some node's status turns (design
 * §6). */
#ifndef NODEHTTPD_CACHE_H
#define NODEHTTPD_CACHE_H

#include "io/http_server.h"
#include <nr/registry.h>

#define CACHE_ENTRIES 32
#define CACHE_BYTES   (32u * 1024 * 1024)
#define CACHE_KEY_MAX 512 /* a longer URI is not kept */
#define CACHE_HEADERS 64

struct cache_entry {
    uint64_t used; /* when last; 0: empty */
    struct nr_generation generation;
    int64_t made_ms, turns_at_ms;
    size_t key_len;
    uint8_t key[CACHE_KEY_MAX];
    char headers[CACHE_HEADERS];
    struct nr_http_blob *blob;
};

struct cache {
    uint64_t store; /* which one the answers are of */
    uint64_t tick;
    size_t bytes;
    uint64_t hits, misses;
    struct cache_entry entries[CACHE_ENTRIES];
};

void cache_init(struct cache *c);
void cache_fini(struct cache *c);
/* Answers are of this store from now on; generations of another say nothing about it. */
void cache_of_store(struct cache *c, uint64_t store);
/* NULL: there is none that is still right. Borrowed until the next put. */
const struct cache_entry *cache_find(struct cache *c, struct nr_bytes key, struct nr_generation g, int64_t now_ms);
/* Keeps a reference to `blob`; the least recently used leave for it. What is too large is not kept. */
void cache_put(struct cache *c, struct nr_bytes key, struct nr_generation g, int64_t now_ms, int64_t turns_at_ms,
               const char *headers, struct nr_http_blob *blob);

#endif
