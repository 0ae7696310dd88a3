/* A run of bytes that somebody else owns. Whoever hands one out says how long it lasts. */
#ifndef NR_BASE_BYTES_H
#define NR_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct nr_bytes {
    const uint8_t *data;
    size_t len;
};

static inline struct nr_bytes nr_bytes(const void *data, size_t len)
{
    return (struct nr_bytes){ .data = data, .len = len };
}

static inline struct nr_bytes nr_bytes_str(const char *s)
{
    return nr_bytes(s, strlen(s));
}

static inline bool nr_bytes_eq(struct nr_bytes a, struct nr_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Orders by memcmp, then by length: the order of map keys in canonical msgpack and of keys in the store. */
static inline int nr_bytes_cmp(struct nr_bytes a, struct nr_bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.data, b.data, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static inline uint64_t nr_be64(const uint8_t p[static 8])
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) v = v << 8 | p[i];
    return v;
}

static inline void nr_put_be64(uint8_t p[static 8], uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8) p[i] = (uint8_t)v;
}

#endif
