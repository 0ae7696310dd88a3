/* How long a record takes to reach the nodes: from the moment it was made, by its id. */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include "tools/sim/map.h"

struct sim_watch {
    int64_t born_us;
    uint32_t *after_us; /* of each arrival */
    size_t count, capacity;
    bool over; /* a newer word has ended its way */
};

struct sim_watches {
    struct sim_map watch_of;
    struct sim_watch *list;
    size_t count, capacity;
};

void sim_watches_init(struct sim_watches *w);
void sim_watches_fini(struct sim_watches *w);
/* The maker has it already: that is its first arrival. */
void sim_watch_add(struct sim_watches *w, uint64_t id, int64_t now_us);
/* Its maker has said something newer: it need not reach all any more. */
void sim_watch_end(struct sim_watches *w, uint64_t id);
void sim_watch_seen(struct sim_watches *w, uint64_t id, int64_t now_us);
size_t sim_watch_reached(const struct sim_watches *w, uint64_t id);
/* Over all watched records: how long until this share (per mille, of `nodes`) of the nodes had it; the slowest record's
 * when `worst`, else the median's. -1: some have not got so far. One that is over and has not is left out. */
int64_t sim_watch_time_us(const struct sim_watches *w, size_t nodes, unsigned per_mille, bool worst);

#endif
