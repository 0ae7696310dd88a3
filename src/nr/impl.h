/* What stands behind libnr's handles. */
#ifndef NR_NR_IMPL_H
#define NR_NR_IMPL_H

#include <nr/registry.h>
#include <pthread.h>

#include "core/view.h"
#include "store/layout.h"
#include "store/read.h"

/* The pulse half as it is open now. noded may replace it; a snapshot holds on to the one that it uses. */
struct nr_pulse {
    struct nr_read_env *env;
    uint64_t epoch;
    uint32_t holders;
};

struct nr_registry {
    char *state_dir;
    struct nr_thresholds thresholds;
    pthread_mutex_t lock; /* of everything below */
    struct nr_read_env *cold;
    struct nr_pulse *pulse; /* NULL: not open yet */
};

/* What a walk found in LIVE last: `key` is the first there that is not below `floor`. Void when the snapshot ends. */
struct nr_live_place {
    bool valid;
    bool at_end; /* there is none */
    struct nr_bytes floor, key;
    struct nr_live live;
};

struct nr_snapshot {
    struct nr_registry *registry;
    struct nr_read *cold;
    struct nr_read *hot;    /* over `pulse` */
    struct nr_pulse *pulse; /* held */
    bool begun;
    uint64_t walk_serial; /* of steps, so that a cursor knows whether the position is still its own */
    struct nr_live_place live_place;
};

static inline struct nr_text nr_text_of(struct nr_bytes b)
{
    return (struct nr_text){ .data = (const char *)b.data, .len = b.len };
}

/* Fills a node from its entry. NR_E_NOT_FOUND when its lease has ended or it is forgotten, NR_E_CORRUPT. `walking`:
 * nodes are asked for in ascending order, so that the next look into LIVE is a step. */
int nr_node_fill(struct nr_snapshot *s, struct nr_bytes node_id, struct nr_bytes value, int64_t now_ms, bool walking,
                 struct nr_node *out) NR_MUST_CHECK;

#endif
