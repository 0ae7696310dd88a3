/* The values of the tables: a fixed head, then texts one after another. Heads are copied out (LMDB aligns values to two
 * bytes only) and are in the machine's byte order, as LMDB's own files are. */
#ifndef NR_STORE_LAYOUT_H
#define NR_STORE_LAYOUT_H

#include "base/bytes.h"
#include "base/err.h"
#include "proto/limits.h"

/* NODES: then hostname, ip, role, labels (each a length byte and its bytes), metadata, JSON head, tail, full. */
struct nr_node_head {
    int64_t created_at_ms, updated_at_ms; /* 0: not said */
    int64_t ends_ms;
    uint64_t stamp;
    uint32_t metadata_len, json_head_len, json_tail_len, json_full_len;
    uint16_t hostname_len, role_len, labels_len, label_count;
    uint8_t ip_len;
    uint8_t state; /* enum nr_state */
    uint8_t self;
    char id[37];
    uint8_t signer[NR_KEY_SIZE];
};
static_assert(sizeof(struct nr_node_head) == 128, "no padding");

struct nr_node_view {
    struct nr_node_head head;
    struct nr_bytes hostname, ip, role, labels, metadata, json_head, json_tail, json_full;
    struct nr_bytes said; /* hostname to metadata in one run */
};
/* Borrows from `value`. NR_E_CORRUPT when the lengths do not add up. */
int nr_node_view_read(struct nr_bytes value, struct nr_node_view *out) NR_MUST_CHECK;
/* Label number `i` of a run of labels; empty beyond the last. */
struct nr_bytes nr_label_at(struct nr_bytes labels, uint32_t i);
bool nr_label_in(struct nr_bytes labels, struct nr_bytes label);

/* PROFILES: then config, its JSON. */
struct nr_profile_head {
    int64_t created_at_ms, updated_at_ms;
    int64_t ends_ms;
    uint64_t stamp;
    uint32_t config_len, json_len;
    uint8_t signer[NR_KEY_SIZE];
};
static_assert(sizeof(struct nr_profile_head) == 72, "no padding");

struct nr_profile_view {
    struct nr_profile_head head;
    struct nr_bytes config, json;
};
int nr_profile_view_read(struct nr_bytes value, struct nr_profile_view *out) NR_MUST_CHECK;

/* LOG: then the subject. `what` is enum nr_change_what of nr/registry.h. */
struct nr_change_head {
    int64_t at_ms;
    uint64_t stamp;
    uint8_t what, profile, has_signer, reserved[5];
    uint8_t signer[NR_KEY_SIZE];
};
static_assert(sizeof(struct nr_change_head) == 56, "no padding");

/* EVIDENCE: then record a, record b; a has the lower id. */
struct nr_evidence_head {
    uint64_t id_a, id_b;
    uint32_t len_a, len_b;
};
static_assert(sizeof(struct nr_evidence_head) == 24, "no padding");
struct nr_evidence_view {
    struct nr_evidence_head head;
    struct nr_bytes a, b;
};
int nr_evidence_view_read(struct nr_bytes value, struct nr_evidence_view *out) NR_MUST_CHECK;

/* LIVE. What stands behind `reserved` came later: an older reader takes no notice of it, and where an older writer left
 * it out it is 0. */
struct nr_live {
    int64_t last_ms;      /* 0: never heard */
    uint32_t interval_ms; /* 0: not known */
    uint32_t reserved;
    int64_t gone_until_ms; /* what nr_store_judge was told last; 0: not gone */
    uint8_t gone_key8[8];  /* of whom: its key's first bytes */
};
#define NR_LIVE_SIZE_MIN 16
static_assert(sizeof(struct nr_live) == 32, "no padding");
/* NR_E_CORRUPT when it is too short. */
int nr_live_read(struct nr_bytes value, struct nr_live *out) NR_MUST_CHECK;

/* HISTORY: then the metrics. */
struct nr_beat_head {
    uint32_t interval_ms;
    uint8_t has_status, status, reserved[2]; /* enum nr_state */
};
static_assert(sizeof(struct nr_beat_head) == 8, "no padding");

/* Copies a head out. NR_E_CORRUPT when the value is shorter; *rest is what follows. */
int nr_head_read(struct nr_bytes value, void *head, size_t size, struct nr_bytes *rest) NR_MUST_CHECK;

#endif
