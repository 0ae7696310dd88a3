#include "nodehttpd/cache.h"

#include <stdio.h>

void cache_init(struct cache *c)
{
    memset(c, 0, sizeof *c);
}

static void drop(struct cache *c, struct cache_entry *e)
{
    if (!e->used) return;
    c->bytes -= nr_http_blob_bytes(e->blob).len;
    nr_http_blob_unref(e->blob);
    e->blob = NULL;
    e->used = 0;
}

void cache_fini(struct cache *c)
{
    for (size_t i = 0; i < CACHE_ENTRIES; i++) drop(c, &c->entries[i]);
}

void cache_of_store(struct cache *c, uint64_t store)
{
    if (c->store != store) cache_fini(c);
    c->store = store;
}

static bool is_right(const struct cache_entry *e, struct nr_generation g, int64_t now_ms)
{
    /* A clock that was set back makes what it built later than now no answer yet. */
    return e->generation.registry == g.registry && e->generation.pulse == g.pulse && now_ms < e->turns_at_ms &&
           now_ms >= e->made_ms;
}

const struct cache_entry *cache_find(struct cache *c, struct nr_bytes key, struct nr_generation g, int64_t now_ms)
{
    for (size_t i = 0; i < CACHE_ENTRIES; i++) {
        struct cache_entry *e = &c->entries[i];
        if (!e->used || !nr_bytes_eq(nr_bytes(e->key, e->key_len), key)) continue;
        if (!is_right(e, g, now_ms)) {
            drop(c, e);
            break;
        }
        e->used = ++c->tick;
        c->hits++;
        return e;
    }
    c->misses++;
    return NULL;
}

static struct cache_entry *least_used(struct cache *c)
{
    struct cache_entry *least = &c->entries[0];
    for (size_t i = 1; i < CACHE_ENTRIES; i++)
        if (c->entries[i].used < least->used) least = &c->entries[i];
    return least;
}

static struct cache_entry *oldest_kept(struct cache *c)
{
    struct cache_entry *oldest = NULL;
    for (size_t i = 0; i < CACHE_ENTRIES; i++)
        if (c->entries[i].used && (!oldest || c->entries[i].used < oldest->used)) oldest = &c->entries[i];
    return oldest;
}

void cache_put(struct cache *c, struct nr_bytes key, struct nr_generation g, int64_t now_ms, int64_t turns_at_ms,
               const char *headers, struct nr_http_blob *blob)
{
    size_t len = nr_http_blob_bytes(blob).len;
    if (key.len > CACHE_KEY_MAX || len > CACHE_BYTES / 2 || strlen(headers) >= CACHE_HEADERS) return;
    struct cache_entry *e = least_used(c);
    drop(c, e);
    while (c->bytes + len > CACHE_BYTES) drop(c, oldest_kept(c));
    *e = (struct cache_entry){ .used = ++c->tick,
                               .generation = g,
                               .made_ms = now_ms,
                               .turns_at_ms = turns_at_ms,
                               .key_len = key.len,
                               .blob = nr_http_blob_ref(blob) };
    memcpy(e->key, key.data, key.len);
    snprintf(e->headers, sizeof e->headers, "%s", headers);
    c->bytes += len;
}
