/* What this node says of itself: registered at the start from the configuration, and again when that or what was found
 * out about it (noded/describe.h) has changed. Its heartbeats are the core's. */
#ifndef NODED_NODESELF_H
#define NODED_NODESELF_H

#include "conf/conf.h"
#include "core/core.h"
#include "noded/metadata.h"
#include "store/store.h"

/* Beside the configuration. */
struct nodeself_facts {
    struct metadata_facts metadata;
    const struct nr_bytes *labels;
    size_t label_count;
};

struct nodeself {
    struct nr_core *core;               /* borrowed */
    struct nr_store *store;             /* borrowed */
    const char *node_id;                /* borrowed */
    const uint8_t *key;                 /* borrowed, NR_KEY_SIZE bytes */
    const struct nodeself_facts *facts; /* borrowed; NULL: none */
    unsigned metadata_left_out;         /* what the last registration left out, as far as it was said */
    size_t labels_left_out;
    bool registered; /* by this process */
};

/* Whether a record can hold what the configuration says. NR_E_INVALID: its metadata is too large, which the log says.
 */
int nodeself_check(const struct nr_conf *conf) NR_MUST_CHECK;
/* Registers by configuration and facts. A node that had left comes back, in maintenance or draining if it was so
 * declared before it left. Labels and facts beyond what a record holds are left out, which the log says. NR_E_INVALID
 * as nodeself_check, and what the core returns. */
int nodeself_register(struct nodeself *s, const struct nr_conf *conf, struct nr_now now) NR_MUST_CHECK;
/* The state that this node's own record declares; NR_E_NOT_FOUND without one. */
int nodeself_state(const struct nodeself *s, enum nr_state *state) NR_MUST_CHECK;
/* Before it leaves: notes the state to come back to. */
int nodeself_note_state(const struct nodeself *s) NR_MUST_CHECK;

#endif
