/* What no reader may see from some moment on, and how often: `never` and `turns` of a scenario.
 *
 * A status that a record brings about (a VERDICT, a declaration) is judged at every reader in the moment in which that
 * reader takes the record. One that silence brings about is found by sampling: one reader looks at all nodes of the
 * demand each 200 ms, so each reader within 200 ms times the number of nodes. */
#ifndef SIM_VIGIL_H
#define SIM_VIGIL_H

#include "core/core.h"
#include "core/view.h"
#include "tools/sim/set.h"

struct sim_node;
struct sim_world;

/* A reader saw a node go offline, or come back. */
struct sim_turn {
    uint32_t reader, node;
    bool offline;
    int64_t at_us;
};

struct sim_watched {
    uint8_t never;  /* a bit for each status */
    uint16_t turns; /* one more than the most; 0: as many as they like */
    int64_t window_us;
};

struct sim_vigil {
    struct sim_watched *nodes; /* NULL: nothing is demanded */
    size_t count;
    bool *offline; /* reader * count + node: seen offline when last looked at; NULL: no turns are demanded */
    struct sim_turn *turns;
    size_t turn_count, turn_capacity;
    uint32_t next; /* the reader whose turn it is */
};

void sim_vigil_init(struct sim_vigil *v, size_t nodes);
void sim_vigil_fini(struct sim_vigil *v);
/* With `never`, no reader may see any of the set so from now on; without, it may again. */
void sim_vigil_status(struct sim_vigil *v, const struct sim_set *set, enum nr_status status, bool never);
/* No reader may see any of the set go offline more than `most` times in a window, or come back. */
void sim_vigil_turns(struct sim_vigil *v, const struct sim_set *set, unsigned most, int64_t window_us);

/* A reader has taken a record. */
void sim_vigil_record(struct sim_node *reader, const struct nr_event *e);
void sim_vigil_booted(struct sim_node *reader);
/* 200 ms have passed. */
void sim_vigil_sample(struct sim_world *w);

#endif
