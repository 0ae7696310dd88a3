/* Datagrams captured off the wire, to be played again. */
#ifndef SIM_CAPTURE_H
#define SIM_CAPTURE_H

#include "tools/sim/world.h"

struct sim_captured {
    struct nr_addr from, to;
    size_t len;
    uint8_t *plain;
};

struct sim_capture {
    struct sim_world *world;
    struct sim_captured *list;
    size_t count, capacity;
};

/* Captures everything that is sent from now on, until stopped. */
void sim_capture_start(struct sim_capture *c, struct sim_world *w);
void sim_capture_stop(struct sim_capture *c);
void sim_capture_free(struct sim_capture *c);
/* Keeps one more, or (`at` below `count`) this one instead of another. */
void sim_capture_keep(struct sim_capture *c, size_t at, uint32_t from, const struct nr_addr *to, struct nr_bytes plain);
/* Sends one again from this endpoint: as the captured sender, or with `as` from another address. */
void sim_capture_play(const struct sim_capture *c, size_t i, uint32_t endpoint, const struct nr_addr *as);
/* Pushes every record that was captured in a PUSH, by an insider with a path. */
void sim_capture_push_all(const struct sim_capture *c, struct sim_ghost *g, const struct nr_addr *to);

#endif
