/* What this node says of itself: registered at the start from the configuration, and again when that has changed. Its
 * heartbeats are the core's. */
#ifndef NODED_NODESELF_H
#define NODED_NODESELF_H

#include "conf/conf.h"
#include "core/core.h"
#include "store/store.h"

struct nodeself {
    struct nr_core *core;   /* borrowed */
    struct nr_store *store; /* borrowed */
    const char *node_id;    /* borrowed */
    const uint8_t *key;     /* borrowed, NR_KEY_SIZE bytes */
};

/* Registers by the configuration. A node that had left comes back, in maintenance or draining if it was so declared
 * before it left. NR_E_INVALID (more labels or metadata than a record holds), and what the core returns. */
int nodeself_register(const struct nodeself *s, const struct nr_conf *conf, struct nr_now now) NR_MUST_CHECK;
/* The state that this node's own record declares; NR_E_NOT_FOUND without one. */
int nodeself_state(const struct nodeself *s, enum nr_state *state) NR_MUST_CHECK;
/* Before it leaves: notes the state to come back to. */
int nodeself_note_state(const struct nodeself *s) NR_MUST_CHECK;

#endif
