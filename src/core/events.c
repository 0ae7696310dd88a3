#include "core/events.h"

#include <stdlib.h>

void nr_events_fini(struct nr_events *q)
{
    free(q->ring);
    *q = (struct nr_events){ 0 };
}

int nr_events_reserve(struct nr_events *q)
{
    if (q->count < q->room) return 0;
    if (q->room >= NR_EVENTS_MAX) return NR_E_FULL;
    size_t room = q->room ? q->room * 2 : 8;
    struct nr_event *ring = malloc(room * sizeof *ring);
    if (!ring) return NR_E_NOMEM;
    for (size_t i = 0; i < q->count; i++) ring[i] = q->ring[(q->first + i) & (q->room - 1)];
    free(q->ring);
    q->ring = ring;
    q->room = room;
    q->first = 0;
    return 0;
}

struct nr_event *nr_events_add(struct nr_events *q, enum nr_event_type type)
{
    if (nr_events_reserve(q)) return NULL;
    struct nr_event *e = &q->ring[(q->first + q->count++) & (q->room - 1)];
    *e = (struct nr_event){ .type = type };
    return e;
}

bool nr_events_take(struct nr_events *q, struct nr_event *out)
{
    if (q->count == 0) return false;
    *out = q->ring[q->first];
    q->first = (q->first + 1) & (q->room - 1);
    q->count--;
    return true;
}
