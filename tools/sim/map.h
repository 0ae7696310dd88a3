/* A set of 64-bit keys, each with a 32-bit value: open addressing, grows, never shrinks. Iteration order is never used,
 * so nothing depends on where a key lies. The key 0 is an ordinary key. */
#ifndef SIM_MAP_H
#define SIM_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_map {
    struct sim_map_slot *slots;
    size_t mask; /* slots less one; 0: none yet */
    size_t count;
};

void sim_map_init(struct sim_map *m);
void sim_map_fini(struct sim_map *m);
void sim_map_clear(struct sim_map *m);
/* The value under a key, or NULL; valid until the next put. */
uint32_t *sim_map_get(const struct sim_map *m, uint64_t key);
/* Adds or replaces. */
void sim_map_put(struct sim_map *m, uint64_t key, uint32_t value);

/* Memory for the simulator itself: where there is none it ends with a message, since no result could be trusted. */
void *sim_alloc(size_t size);
void *sim_realloc(void *p, size_t size);
/* Room for one more element of `size` bytes in an array that doubles. */
void *sim_grow(void *array, size_t count, size_t *capacity, size_t size);

/* SplitMix64's finaliser. */
static inline uint64_t sim_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

#endif
