/* A run second by second, for a table (CSV) of who was there, what they knew and what it cost. */
#ifndef SIM_SERIES_H
#define SIM_SERIES_H

#include <stdio.h>

#include "tools/sim/world.h"

/* As it was when this second of virtual time had passed. */
struct sim_row {
    int64_t at_us;
    size_t up;
    double known[3]; /* of the records written and not yet written anew: the least known, the median, the best known, as
                        shares of the nodes; -1: there are none */
    uint64_t bytes;  /* sent in that second by all together */
    size_t status[NR_STATUS_COUNT]; /* of all nodes, as the first one that is up sees them */
};

struct sim_series {
    struct sim_row *rows;
    size_t count, capacity;
    uint64_t bytes_before;
};

void sim_series_init(struct sim_series *s);
void sim_series_fini(struct sim_series *s);
/* Adds a row at each full second; as sample of a world (world.h) whose sample_arg is the series. */
void sim_series_sample(struct sim_world *w);
/* With a head line of names. */
void sim_series_csv(const struct sim_series *s, FILE *out);

#endif
