/* Every table of the store, in one list: name, half, what the key is and what the value is. Keys are ordered bytes;
 * numbers in them are big-endian, parts of variable length end with a 00 (no subject, role or label holds one). Values
 * are laid out in layout.h. */
#ifndef NR_STORE_TABLES_H
#define NR_STORE_TABLES_H

#include "base/cursor.h"
#include "proto/limits.h"

#define NR_SCHEMA 1

enum nr_half { NR_REGISTRY, NR_PULSE };
#define NR_HALVES 2

/*    symbol         half         name        key                                   value */
#define NR_TABLES(X)                                                                                                   \
    X(META, NR_REGISTRY, "meta")          /* name                                  bytes */                            \
    X(RECORDS, NR_REGISTRY, "records")    /* key hash 8                            the signed record */                \
    X(SUBJECTS, NR_REGISTRY, "subjects")  /* kind 1, subject, 00, signer 32        key hash 8 */                       \
    X(NODES, NR_REGISTRY, "nodes")        /* node_id                               nr_node_head and its texts */       \
    X(ROLES, NR_REGISTRY, "roles")        /* role, 00, node_id                     nothing */                          \
    X(LABELS, NR_REGISTRY, "labels")      /* label, 00, node_id                    nothing */                          \
    X(PROFILES, NR_REGISTRY, "profiles")  /* role                                  nr_profile_head and its texts */    \
    X(LOG, NR_REGISTRY, "log")            /* number 8                              nr_change_head, subject */          \
    X(EVIDENCE, NR_REGISTRY, "evidence")  /* number 8                              nr_evidence_head, both records */   \
    X(PEERS, NR_REGISTRY, "peers")        /* public key 32                         address 19, wall ms 8, number 8 */  \
    X(PULSE_META, NR_PULSE, "meta")       /* as META */                                                                \
    X(PULSE_RECORDS, NR_PULSE, "records") /* as RECORDS */                                                             \
    X(PULSE_SUBJECTS, NR_PULSE, "subjects") /* as SUBJECTS */                                                          \
    X(LIVE, NR_PULSE, "live")               /* node_id                               nr_live */                        \
    X(HISTORY, NR_PULSE, "history")         /* node_id, 00                           how many follow 4                 \
                                               node_id, 00, stamp 8, signer 32       nr_beat_head, metrics */

enum nr_table {
#define X(sym, half, name) NR_T_##sym,
    NR_TABLES(X)
#undef X
        NR_TABLE_COUNT
};

extern const char *const nr_table_names[NR_TABLE_COUNT];
extern const enum nr_half nr_table_halves[NR_TABLE_COUNT];

/* The longest is that of LABELS. LMDB takes up to 511 bytes. */
#define NR_STORE_KEY_MAX (NR_LABEL_MAX + 1 + NR_SUBJECT_MAX)
static_assert(NR_STORE_KEY_MAX <= 511, "LMDB's own limit");
static_assert(NR_ROLE_MAX <= NR_LABEL_MAX, "a role's index entry fits");
static_assert(1 + NR_SUBJECT_MAX + 1 + NR_KEY_SIZE <= NR_STORE_KEY_MAX, "a subject's entry fits");
static_assert(NR_SUBJECT_MAX + 1 + 8 + NR_KEY_SIZE <= NR_STORE_KEY_MAX, "a heartbeat's entry fits");

struct nr_store_key {
    uint8_t data[NR_STORE_KEY_MAX];
    size_t len;
};
static inline struct nr_bytes nr_key_bytes(const struct nr_store_key *k)
{
    return nr_bytes(k->data, k->len);
}

/* Names in META that the store keeps for itself begin with a dot. */
#define NR_META_SCHEMA ".schema"
#define NR_META_EPOCH  ".pulse_epoch"
#define NR_META_BOOT   ".pulse_boot"

void nr_key_number(struct nr_store_key *k, uint64_t number);
/* Without a signer (NULL): what all entries of the subject begin with. */
void nr_key_subject(struct nr_store_key *k, uint8_t kind, struct nr_bytes subject, const uint8_t *signer);
/* word, 00, node_id; an empty node_id: what all entries of the word begin with. */
void nr_key_index(struct nr_store_key *k, struct nr_bytes word, struct nr_bytes node_id);
void nr_key_beat(struct nr_store_key *k, struct nr_bytes node_id, uint64_t stamp,
                 const uint8_t signer[static NR_KEY_SIZE]);

static inline bool nr_has_prefix(struct nr_bytes key, struct nr_bytes prefix)
{
    return key.len >= prefix.len && memcmp(key.data, prefix.data, prefix.len) == 0;
}

#endif
