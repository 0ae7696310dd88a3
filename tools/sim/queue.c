#include "tools/sim/queue.h"

#include <stdlib.h>
#include <string.h>

#include "tools/sim/map.h"

#define ARITY 4 /* half as deep as a binary heap, and four children lie side by side */

void sim_queue_init(struct sim_queue *q)
{
    memset(q, 0, sizeof *q);
}

void sim_queue_fini(struct sim_queue *q)
{
    free(q->heap);
    sim_queue_init(q);
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    if (a->at_us != b->at_us) return a->at_us < b->at_us;
    if (a->kind != b->kind) return a->kind < b->kind;
    if (a->node != b->node) return a->node < b->node;
    return a->sequence < b->sequence;
}

void sim_queue_add(struct sim_queue *q, int64_t at_us, enum sim_event_kind kind, uint32_t node, uint32_t ref)
{
    q->heap = sim_grow(q->heap, q->count, &q->capacity, sizeof *q->heap);
    struct sim_event e = { .at_us = at_us, .sequence = q->sequence++, .kind = kind, .node = node, .ref = ref };
    size_t i = q->count++;
    for (; i > 0 && before(&e, &q->heap[(i - 1) / ARITY]); i = (i - 1) / ARITY) q->heap[i] = q->heap[(i - 1) / ARITY];
    q->heap[i] = e;
}

const struct sim_event *sim_queue_first(const struct sim_queue *q)
{
    return q->count ? &q->heap[0] : NULL;
}

bool sim_queue_take(struct sim_queue *q, struct sim_event *out)
{
    if (!q->count) return false;
    *out = q->heap[0];
    struct sim_event last = q->heap[--q->count];
    size_t i = 0;
    for (;;) {
        size_t child = ARITY * i + 1;
        if (child >= q->count) break;
        for (size_t c = child + 1; c <= ARITY * i + ARITY && c < q->count; c++)
            if (before(&q->heap[c], &q->heap[child])) child = c;
        if (!before(&q->heap[child], &last)) break;
        q->heap[i] = q->heap[child];
        i = child;
    }
    q->heap[i] = last;
    return true;
}
