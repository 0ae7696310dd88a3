#include "nodeprobe/part.h"

#include <math.h>

#include "base/assert.h"
#include "proto/mp.h"

void part_init(struct part *p, size_t max)
{
    nr_assert(max <= PART_MAX);
    nr_writer_init(&p->w, p->bytes, max);
    p->count = 0;
}

/* Keeps what was written since `before`, or takes it back whole. */
static bool settle(struct part *p, const struct nr_writer *before)
{
    if (p->w.err) {
        p->w = *before;
        return false;
    }
    p->count++;
    return true;
}

void part_text(struct part *map, const char *key, const char *value)
{
    const struct nr_writer before = map->w;
    if (!*value) return;
    nr_mp_write_cstr(&map->w, key);
    nr_mp_write_cstr(&map->w, value);
    settle(map, &before);
}

void part_uint(struct part *map, const char *key, uint64_t value)
{
    const struct nr_writer before = map->w;
    nr_mp_write_cstr(&map->w, key);
    nr_mp_write_uint(&map->w, value);
    settle(map, &before);
}

void part_bool(struct part *map, const char *key, bool value)
{
    const struct nr_writer before = map->w;
    nr_mp_write_cstr(&map->w, key);
    nr_mp_write_bool(&map->w, value);
    settle(map, &before);
}

void part_number(struct part *map, const char *key, double value, int digits)
{
    const struct nr_writer before = map->w;
    double scale = pow(10, digits);
    if (!isfinite(value)) return;
    nr_mp_write_cstr(&map->w, key);
    nr_mp_write_double(&map->w, round(value * scale) / scale);
    settle(map, &before);
}

void part_gib(struct part *map, const char *key, uint64_t bytes)
{
    part_number(map, key, (double)bytes / (1024.0 * 1024 * 1024), 2);
}

void part_map(struct part *map, const char *key, const struct part *value)
{
    const struct nr_writer before = map->w;
    nr_mp_write_cstr(&map->w, key);
    part_write_map(value, &map->w);
    settle(map, &before);
}

void part_array(struct part *map, const char *key, const struct part *value)
{
    const struct nr_writer before = map->w;
    nr_mp_write_cstr(&map->w, key);
    part_write_array(value, &map->w);
    settle(map, &before);
}

bool part_add_text(struct part *array, const char *value)
{
    const struct nr_writer before = array->w;
    nr_mp_write_cstr(&array->w, value);
    return settle(array, &before);
}

bool part_add_map(struct part *array, const struct part *value)
{
    const struct nr_writer before = array->w;
    part_write_map(value, &array->w);
    return settle(array, &before);
}

void part_write_map(const struct part *p, struct nr_writer *out)
{
    nr_mp_write_map(out, p->count);
    nr_write_bytes(out, nr_writer_bytes(&p->w));
}

void part_write_array(const struct part *p, struct nr_writer *out)
{
    nr_mp_write_array(out, p->count);
    nr_write_bytes(out, nr_writer_bytes(&p->w));
}
