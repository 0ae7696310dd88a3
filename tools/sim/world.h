/* A simulated world: nodes, the network between them, virtual time, and the checkers.
 *
 * Exactly one event happens a step, in the queue's written order; between two steps the scenario may interfere. Nothing
 * depends on the machine, the clock or an address in memory: the same configuration gives the same trace.
 * After the first failure every call returns without doing anything, so a scenario need not ask after each line. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "tools/sim/check.h"
#include "tools/sim/crypto.h"
#include "tools/sim/figure.h"
#include "tools/sim/ghost.h"
#include "tools/sim/jury.h"
#include "tools/sim/memory.h"
#include "tools/sim/net.h"
#include "tools/sim/node.h"
#include "tools/sim/outcome.h"
#include "tools/sim/trace.h"
#include "tools/sim/vigil.h"
#include "tools/sim/watch.h"

#define SIM_SECOND 1000000
#define SIM_MINUTE (60 * INT64_C(1000000))
#define SIM_HOUR   (60 * SIM_MINUTE)

struct sim_config {
    uint64_t seed;
    size_t nodes;
    size_t seeds; /* the first ones, through which the others join; 0: one */
    struct sim_link link;
    uint32_t heartbeat_ms;
    uint32_t lease_s;          /* of NODE records; 0: the core's own */
    uint32_t heartbeat_budget; /* a second, of all; 0: the core's own */
    uint32_t metrics;          /* bytes of them in each heartbeat; 0: none */
    int verbose;
    int64_t seconds; /* how long the scenario shall last, where it asks; 0: its own length */
};

#define SIM_SAMPLE_US 200000

struct sim_world {
    struct sim_config config;
    int64_t now_us;
    int64_t wall_base_ms;
    struct nr_rng rng; /* the scenario's and the machines' chance; the network has its own */
    struct sim_queue queue;
    struct sim_net net;
    struct sim_trace trace;
    struct sim_crypto crypto;
    struct sim_check check;
    struct sim_watches watches;
    bool watch_beats; /* the heartbeats that nodes make are watched */
    struct sim_traffic traffic;
    struct sim_vigil vigil;
    struct sim_jury jury;
    struct sim_outcomes outcomes;
    int64_t sampled_us; /* up to when the samplers have looked */
    struct nr_blob_pool *pool;
    struct sim_node *nodes;
    size_t node_count;
    struct sim_ghost **ghosts;
    size_t ghost_count, ghost_capacity;
    uint64_t steps;
    uint64_t samples_up; /* nodes that were up, at each sample */
    bool failed;
    char failure[512];
    void (*progress)(const struct sim_world *w); /* may be NULL */
    void (*sample)(struct sim_world *w);         /* each 200 ms; may be NULL */
    void *sample_arg;
};

struct sim_world *sim_world_new(const struct sim_config *config);
void sim_world_free(struct sim_world *w);

/* One event; false: there is none, or the world has failed. */
bool sim_world_step(struct sim_world *w);
void sim_world_run(struct sim_world *w, int64_t us);
/* Runs until `done` holds, asked every 10 ms of virtual time; false: it did not within `us`. */
typedef bool sim_done_fn(struct sim_world *w, void *arg);
bool sim_world_run_until(struct sim_world *w, int64_t us, sim_done_fn *done, void *arg);

/* Keeps the first failure. */
void sim_fail(struct sim_world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sim_traffic_reset(struct sim_world *w);
/* All nodes that are up hold the same cold set. */
bool sim_world_equal(struct sim_world *w, void *unused);

#endif
