/* Datagrams under construction: messages to one path share a datagram until it is full or taken. First made, first
 * taken. Bounded: what finds no room is dropped, as a network would. */
#ifndef NR_CORE_OUTBOX_H
#define NR_CORE_OUTBOX_H

#include "core/path.h"

#define NR_OUTBOX_MAX 1024

struct nr_parcel {
    struct nr_addr to;
    uint32_t path; /* its serial; 0: to an address without one */
    uint32_t next;
    uint16_t len; /* with the header's place */
    uint8_t data[NR_PLAIN_MAX];
};

struct nr_outbox {
    struct nr_parcel **parcels; /* [0] is nobody; allocated on demand, a few kept for use again */
    uint32_t used, room, free;
    uint32_t first, last;
    uint32_t taken; /* the one handed out last; freed by the next call */
};

void nr_outbox_init(struct nr_outbox *o);
void nr_outbox_fini(struct nr_outbox *o);

/* A writer over `len` bytes of message (head included) at the end of a datagram to the path, or to a bare address. The
 * caller writes exactly that many. False: no room or memory; nothing is changed. */
bool nr_outbox_to_path(struct nr_outbox *o, struct nr_path *path, size_t len, struct nr_writer *w);
bool nr_outbox_to_addr(struct nr_outbox *o, const struct nr_addr *to, size_t len, struct nr_writer *w);

/* The next datagram, its header's place still empty; NULL: none. Valid until the next call on the outbox. `paths`: the
 * path whose open datagram this was is told. */
struct nr_parcel *nr_outbox_take(struct nr_outbox *o, const struct nr_paths *paths);

#endif
