/* Those whom this node watches (proto/README.md C.7), and those who watch it. */
#ifndef NR_CORE_OBSERVE_H
#define NR_CORE_OBSERVE_H

#include "base/err.h"
#include "core/path.h"

#define NR_WATCHES_MAX  64
#define NR_CONTROLS_MAX 64

struct nr_watch {
    uint8_t key[NR_KEY_SIZE];
    uint64_t key_hash; /* of its NODE record */
    int64_t heard_us;  /* the last sign */
    int64_t heard_ms;  /* likewise, by the wall clock */
    int64_t probed_us; /* the last PROBE */
    int64_t interval_us;
    int64_t next_us; /* when to act */
    bool probed;     /* it sends PROBEs here */
    bool lost;       /* its path was: that is silence from then on */
    bool doubting;
    bool said;      /* our VERDICT stands */
    double came;    /* the share of its PROBEs that did, lately */
    uint32_t asks;  /* of this doubt */
    uint32_t asked; /* controls, and how many of them answered */
    uint32_t answered;
    int64_t doubt_us;
    uint64_t verdict_stamp;
    int64_t said_us, told_us;
    uint64_t incarnation;  /* the newest known of it; 0: none */
    uint64_t gone_stamp;   /* its last word before it was called gone: what began later is another life */
    int64_t held_until_us; /* no VERDICT on that life before */
};

/* A control under way: whose doubt it belongs to. */
struct nr_control {
    uint64_t nonce; /* 0: none */
    uint64_t key8;
    int64_t doubt_us;
};

struct nr_watches {
    struct nr_watch *list; /* in the order of their beginning */
    uint32_t count, room;
    struct nr_control controls[NR_CONTROLS_MAX];
    uint32_t control_at;
};

/* NULL: none. Borrowed until one is added or removed. */
struct nr_watch *nr_watches_find(const struct nr_watches *w, uint64_t key8);
void nr_watches_fini(struct nr_watches *w);

struct nr_observers {
    uint64_t key8[NR_OBSERVERS_MAX];
    uint32_t count;
    uint32_t changes; /* of the peers, when they were chosen */
    bool chosen;      /* once at least; before, whoever is met gets PROBEs */
    int64_t chosen_us;
    int64_t probe_us;
    int64_t in_sync_by_us; /* they are chosen then at the latest, if the records are not here before */
};

#endif
