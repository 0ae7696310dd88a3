/* What the store's two implementations give: ordered tables (tables.h) in two halves, records with their index by
 * subject, staging and commit. store.c and its neighbours build everything else on this, once.
 *
 * Writes between `begin` and the next `begin` are one call: `rollback` takes back exactly these. What a half has staged
 * survives a failed commit and is tried again by the next; meanwhile `put` and `rec_put` answer with the commit's
 * error. Bytes handed out last until the next write. */
#ifndef NR_STORE_KV_H
#define NR_STORE_KV_H

#include "proto/record.h"
#include "store/store.h"
#include "store/tables.h"

/* Nonzero stops the scan and is what it returns. Must not write. */
typedef int nr_kv_scan_fn(void *arg, struct nr_bytes key, struct nr_bytes value);

struct nr_kv_ops {
    void (*close)(void *kv);
    int (*begin)(void *kv);
    void (*rollback)(void *kv);

    int (*get)(void *kv, enum nr_table t, struct nr_bytes key, struct nr_bytes *value); /* NR_E_NOT_FOUND */
    int (*put)(void *kv, enum nr_table t, struct nr_bytes key, struct nr_bytes value);
    int (*del)(void *kv, enum nr_table t, struct nr_bytes key); /* absent: 0 */
    /* Ascending from the first key that is not below `from`; with `last` only the table's last entry. */
    int (*scan)(void *kv, enum nr_table t, struct nr_bytes from, nr_kv_scan_fn *each, void *arg);
    int (*last)(void *kv, enum nr_table t, nr_kv_scan_fn *each, void *arg);
    uint64_t (*count)(void *kv, enum nr_table t);

    int (*rec_put)(void *kv, uint64_t key_hash, const struct nr_record *rec);
    int (*rec_get)(void *kv, uint64_t key_hash, struct nr_bytes *raw);
    int (*rec_del)(void *kv, uint64_t key_hash, const struct nr_record *rec);
    int (*rec_each)(void *kv, enum nr_half half, nr_store_record_fn *each, void *arg);
    int (*rec_each_of)(void *kv, uint8_t kind, struct nr_bytes subject, nr_store_record_fn *each, void *arg);

    int (*commit)(void *kv, enum nr_half half);
    size_t (*staged)(const void *kv, enum nr_half half); /* grows with each write; 0: nothing is */
    int (*clear_stale_readers)(void *kv);
    void (*info)(void *kv, struct nr_store_info *out); /* health, bytes, commits, readers, records */
};

static inline enum nr_half nr_kind_half(uint8_t kind)
{
    return nr_kind_plane(kind) == NR_PLANE_COLD ? NR_REGISTRY : NR_PULSE;
}

#endif
