/* What the core has to tell its host: a queue, first in first out. */
#ifndef NR_CORE_EVENTS_H
#define NR_CORE_EVENTS_H

#include "core/core.h"

#define NR_EVENTS_MAX 4096

struct nr_events {
    struct nr_event *ring;
    size_t room; /* a power of two, or 0 */
    size_t first, count;
};

void nr_events_fini(struct nr_events *q);
/* The place of a new zeroed event, to be filled at once. NULL: the queue is full or memory is short. */
struct nr_event *nr_events_add(struct nr_events *q, enum nr_event_type type);
bool nr_events_take(struct nr_events *q, struct nr_event *out);
/* Makes room for one more add, so that it cannot fail. */
int nr_events_reserve(struct nr_events *q) NR_MUST_CHECK;

#endif
