/* One simulated machine: the shipped core over a memory disk, as noded would host it.
 *
 * It commits its registry half a few milliseconds after something was staged, its pulse half after a second, keeps the
 * addresses of its peers, and states its own NODE record when it starts. A crash loses what was not committed; a freeze
 * keeps everything and lets datagrams wait in a bounded socket buffer. Its wall clock may be wrong, its monotonic clock
 * starts anywhere. */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include "core/core.h"
#include "crypto/crypto.h"
#include "store/store.h"
#include "tools/sim/guard.h"

struct sim_world;

enum sim_state { SIM_OFF, SIM_UP, SIM_FROZEN };

#define SIM_INBOX_MAX 256
#define SIM_NAME_MAX  24

struct sim_node {
    struct sim_world *world; /* borrowed */
    uint32_t index;          /* in the world; its endpoint too */
    enum sim_state state;
    uint32_t life; /* counts its starts: events of an earlier one are stale */
    char name[SIM_NAME_MAX];
    struct nr_keypair key;
    uint8_t cookie_secret[16];
    struct nr_memdisk *disk;
    struct nr_store *store;
    struct nr_core *core;
    int64_t clock_offset_ms;
    int64_t mono_base_us;
    int64_t clock_set_us; /* when that was last changed */
    int64_t latest_ms;    /* the latest that its wall clock has ever said while others confirmed it */
    int64_t confirmed_us; /* since when they do, as far as it was looked at; -1: they do not */
    int64_t awake_us;     /* since when it runs without a pause */
    int64_t armed_us;     /* when its valid EXPIRE event comes; NR_NEVER_US: none is queued */
    uint32_t spins;       /* EXPIRE events in a row that left a deadline in the past */
    bool commit_due, pulse_due;
    bool advertises;   /* states its address; else learns it */
    bool silent_start; /* does not register when it starts */
    uint32_t revision; /* of what it registers */
    uint32_t heartbeat_ms;
    uint32_t seed_node; /* joins through the seeds; its own index, other than 0: through nobody */
    uint32_t *inbox;    /* packets that wait while it is frozen */
    size_t inbox_count;
    bool drop_failed;       /* in this life its store refused to drop something, which lies there dead */
    uint64_t verdicts_made; /* in this life, as far as they were checked */
    uint64_t peers_up;      /* paths made, over all its lives */
    uint64_t last_own_id;   /* of the newest cold record that it made */
    uint64_t word_stamp;    /* of the newest NODE record that it made of itself, and a crash has not taken; 0: none */
    struct sim_guard guard;
};

void sim_node_init(struct sim_node *n, struct sim_world *w, uint32_t index);
void sim_node_fini(struct sim_node *n);

void sim_node_boot(struct sim_node *n);
/* As kill -9; with `power` the pulse half is lost too. */
void sim_node_crash(struct sim_node *n, bool power);
/* Key hash of the NODE record that it makes of itself. */
uint64_t sim_node_word_key(const struct sim_node *n);
/* Says goodbye, commits, ends. */
void sim_node_leave(struct sim_node *n);
void sim_node_freeze(struct sim_node *n);
void sim_node_thaw(struct sim_node *n);
/* What is on its disk now, on a disk of its own. */
struct nr_memdisk *sim_node_copy_disk(struct sim_node *n);
/* A node that is off starts next time from this disk, which it takes: what it had promised since is forgotten. */
void sim_node_replace_disk(struct sim_node *n, struct nr_memdisk *disk);

struct nr_now sim_node_now(const struct sim_node *n);

/* What events do to it (feed.c). */
void sim_node_receive(struct sim_node *n, uint32_t packet);
void sim_node_expire(struct sim_node *n);
void sim_node_commit(struct sim_node *n);
void sim_node_commit_pulse(struct sim_node *n);
/* After every call into the core: takes what it has to say. */
void sim_node_drain(struct sim_node *n);

/* The host's face towards the core (host.c). */
struct nr_core_host sim_host(struct sim_node *n);

#endif
