/* What is to happen, in order. The order is total and written down: by time, then by kind (in the order of the list
 * below), then by node, then by the sequence in which events were added. A binary heap in one array of 32 bytes an
 * event. */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_event_kind {
    SIM_EV_COMMIT,  /* a node's registry half reaches its disk */
    SIM_EV_PULSE,   /* likewise the pulse half */
    SIM_EV_DELIVER, /* a datagram arrives */
    SIM_EV_EXPIRE,  /* a node's deadline has come */
};

struct sim_event {
    int64_t at_us;
    uint64_t sequence;
    uint32_t kind;
    uint32_t node; /* an endpoint of the network */
    uint32_t ref;  /* a packet; for a node's own events the life of the node that they belong to */
};

struct sim_queue {
    struct sim_event *heap;
    size_t count, capacity;
    uint64_t sequence;
};

void sim_queue_init(struct sim_queue *q);
void sim_queue_fini(struct sim_queue *q);
void sim_queue_add(struct sim_queue *q, int64_t at_us, enum sim_event_kind kind, uint32_t node, uint32_t ref);
/* The first one stays in the queue; NULL when it is empty. */
const struct sim_event *sim_queue_first(const struct sim_queue *q);
bool sim_queue_take(struct sim_queue *q, struct sim_event *out);

#endif
