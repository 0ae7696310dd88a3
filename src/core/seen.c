#include "core/seen.h"

#include <string.h>

static uint32_t slot_of(const uint64_t ids[static NR_SEEN_SLOTS], uint64_t id)
{
    uint32_t i = (uint32_t)(id >> 32) & (NR_SEEN_SLOTS - 1);
    while (ids[i] && ids[i] != id) i = (i + 1) & (NR_SEEN_SLOTS - 1);
    return i;
}

void nr_seen_add(struct nr_seen *s, uint64_t id, int64_t now_us)
{
    if (s->count >= NR_SEEN_SLOTS / 4 * 3 || now_us - s->since_us > NR_SEEN_GENERATION_US) {
        s->current ^= 1;
        memset(s->ids[s->current], 0, sizeof s->ids[0]);
        s->count = 0;
        s->since_us = now_us;
    }
    uint64_t *slot = &s->ids[s->current][slot_of(s->ids[s->current], id)];
    if (*slot == 0) s->count++;
    *slot = id;
}

bool nr_seen_has(const struct nr_seen *s, uint64_t id)
{
    return id && (s->ids[0][slot_of(s->ids[0], id)] == id || s->ids[1][slot_of(s->ids[1], id)] == id);
}
