#include "tools/sim/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_map_slot {
    uint64_t key;
    uint32_t value;
    uint32_t used;
};

void *sim_alloc(size_t size)
{
    return memset(sim_realloc(NULL, size), 0, size);
}

void *sim_realloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);
    if (q) return q;
    fprintf(stderr, "simulate: out of memory: wanted %zu bytes\n", size);
    exit(1);
}

void *sim_grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return array;
    *capacity = *capacity ? *capacity * 2 : 8;
    return sim_realloc(array, *capacity * size);
}

void sim_map_init(struct sim_map *m)
{
    memset(m, 0, sizeof *m);
}

void sim_map_fini(struct sim_map *m)
{
    free(m->slots);
    sim_map_init(m);
}

void sim_map_clear(struct sim_map *m)
{
    if (m->slots) memset(m->slots, 0, (m->mask + 1) * sizeof *m->slots);
    m->count = 0;
}

static struct sim_map_slot *slot_of(const struct sim_map *m, uint64_t key)
{
    size_t i = (size_t)sim_mix(key) & m->mask;
    while (m->slots[i].used && m->slots[i].key != key) i = (i + 1) & m->mask;
    return &m->slots[i];
}

uint32_t *sim_map_get(const struct sim_map *m, uint64_t key)
{
    if (!m->slots) return NULL;
    struct sim_map_slot *s = slot_of(m, key);
    return s->used ? &s->value : NULL;
}

static void rehash(struct sim_map *m)
{
    struct sim_map old = *m;
    size_t size = old.slots ? (old.mask + 1) * 2 : 16;
    m->slots = sim_alloc(size * sizeof *m->slots);
    m->mask = size - 1;
    for (size_t i = 0; old.slots && i <= old.mask; i++)
        if (old.slots[i].used) *slot_of(m, old.slots[i].key) = old.slots[i];
    free(old.slots);
}

void sim_map_put(struct sim_map *m, uint64_t key, uint32_t value)
{
    if (!m->slots || (m->count + 1) * 4 > (m->mask + 1) * 3) rehash(m);
    struct sim_map_slot *s = slot_of(m, key);
    m->count += !s->used;
    *s = (struct sim_map_slot){ .key = key, .value = value, .used = 1 };
}
