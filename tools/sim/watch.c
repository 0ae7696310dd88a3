#include "tools/sim/watch.h"

#include <stdlib.h>

void sim_watches_init(struct sim_watches *w)
{
    *w = (struct sim_watches){ 0 };
}

void sim_watches_fini(struct sim_watches *w)
{
    for (size_t i = 0; i < w->count; i++) free(w->list[i].after_us);
    free(w->list);
    sim_map_fini(&w->watch_of);
}

void sim_watch_add(struct sim_watches *w, uint64_t id, int64_t now_us)
{
    if (sim_map_get(&w->watch_of, id)) return;
    w->list = sim_grow(w->list, w->count, &w->capacity, sizeof *w->list);
    w->list[w->count] = (struct sim_watch){ .born_us = now_us };
    sim_map_put(&w->watch_of, id, (uint32_t)w->count++);
    sim_watch_seen(w, id, now_us);
}

/* Time only goes forward, so each list of arrivals is in order as it grows. */
void sim_watch_seen(struct sim_watches *w, uint64_t id, int64_t now_us)
{
    const uint32_t *at = sim_map_get(&w->watch_of, id);
    if (!at) return;
    struct sim_watch *s = &w->list[*at];
    s->after_us = sim_grow(s->after_us, s->count, &s->capacity, sizeof *s->after_us);
    int64_t after_us = now_us - s->born_us;
    s->after_us[s->count++] = after_us < UINT32_MAX ? (uint32_t)after_us : UINT32_MAX;
}

void sim_watch_end(struct sim_watches *w, uint64_t id)
{
    const uint32_t *at = sim_map_get(&w->watch_of, id);
    if (at) w->list[*at].over = true;
}

size_t sim_watch_reached(const struct sim_watches *w, uint64_t id)
{
    const uint32_t *at = sim_map_get(&w->watch_of, id);
    return at ? w->list[*at].count : 0;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t sim_watch_time_us(const struct sim_watches *w, size_t nodes, unsigned per_mille, bool worst)
{
    size_t need = (nodes * per_mille + 999) / 1000;
    if (!w->count || !need) return -1;
    int64_t *times = sim_alloc(w->count * sizeof *times);
    int64_t result = -1;
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct sim_watch *r = &w->list[i];
        if (r->count >= need)
            times[n++] = r->after_us[need - 1];
        else if (!r->over)
            goto out;
    }
    if (n == 0) goto out;
    qsort(times, n, sizeof *times, by_value);
    result = times[worst ? n - 1 : n / 2];
out:
    free(times);
    return result;
}
