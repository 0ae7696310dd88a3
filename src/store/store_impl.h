/* The store behind its public face, and the parts that it is made of: one noun a file. */
#ifndef NR_STORE_STORE_IMPL_H
#define NR_STORE_STORE_IMPL_H

#include "base/buf.h"
#include "store/kv.h"
#include "store/layout.h"

struct nr_store {
    const struct nr_kv_ops *ops;
    void *kv;
    bool views;
    uint32_t history_per_node, log_max, evidence_max;
    uint64_t peer_number; /* of the last address put */
    struct nr_buf fresh;  /* the value being built */
    struct nr_buf old;    /* a copy of what it replaces: writing voids what was read */
};

/* Takes `kv`, also on failure. */
int nr_store_new(struct nr_store **out, const struct nr_kv_ops *ops, void *kv, bool views,
                 const struct nr_store_options *options) NR_MUST_CHECK;

/* Parts. They stage; the public call around them rolls back when one fails. */
struct nr_change_draft {
    int64_t at_ms;
    uint8_t what;
    bool profile;
    bool has_signer;
    uint8_t signer[NR_KEY_SIZE];
    uint64_t stamp;
};
int nr_changes_add(struct nr_store *s, const struct nr_change_draft *draft, struct nr_bytes subject) NR_MUST_CHECK;
uint64_t nr_changes_newest(struct nr_store *s);
int nr_history_add(struct nr_store *s, const struct nr_record *beat) NR_MUST_CHECK;
int nr_history_drop(struct nr_store *s, struct nr_bytes node_id) NR_MUST_CHECK;
int nr_evidence_add(struct nr_store *s, const struct nr_record *a, const struct nr_record *b) NR_MUST_CHECK;
int nr_peers_put(struct nr_store *s, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr,
                 int64_t wall_ms) NR_MUST_CHECK;
int nr_peers_load_number(struct nr_store *s) NR_MUST_CHECK;
int nr_views_refresh(struct nr_store *s, uint8_t kind, struct nr_bytes subject, const struct nr_record *cause,
                     int64_t wall_ms) NR_MUST_CHECK;
int nr_live_refresh(struct nr_store *s, struct nr_bytes node_id, int64_t wall_ms) NR_MUST_CHECK;
int nr_live_judge(struct nr_store *s, struct nr_bytes node_id, const uint8_t key[static NR_KEY_SIZE],
                  int64_t until_ms) NR_MUST_CHECK;
int nr_live_unjudge(struct nr_store *s) NR_MUST_CHECK;
/* Whether a heartbeat counts for its node (proto/README.md A.7). */
int nr_live_counts(struct nr_store *s, const struct nr_record *beat, bool *out) NR_MUST_CHECK;

/* Builds the NODES and PROFILES values (node_view.c). */
int nr_node_value(struct nr_buf *out, const struct nr_record *rec) NR_MUST_CHECK;
int nr_profile_value(struct nr_buf *out, const struct nr_record *rec) NR_MUST_CHECK;

#endif
