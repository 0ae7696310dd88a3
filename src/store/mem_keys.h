/* The keys of records, numbered once for all disks of a pool: in a simulated world all nodes hold the same keys, so a
 * disk needs no table of its own but an array by these numbers. Numbers are dense, from 0, and never given back: a pool
 * grows with the keys that it has ever seen. */
#ifndef NR_STORE_MEM_KEYS_H
#define NR_STORE_MEM_KEYS_H

#include "proto/record.h"
#include "store/mem_index.h"

struct nr_mem_key {
    uint64_t key_hash;
    uint32_t next; /* of the same kind and subject, in ascending order of signer; NR_NO_INDEX: the last */
    uint8_t kind;
    uint8_t subject_len;
    uint8_t signer[NR_KEY_SIZE];
    uint8_t subject[];
};

struct nr_mem_keys {
    struct nr_mem_key **at;
    uint32_t count, cap;
    struct nr_mem_index by_hash;
    struct nr_mem_index by_subject; /* the first of each subject */
    uint32_t *sorted;               /* by key hash; valid while it has them all */
    uint32_t sorted_count;
};

void nr_mem_keys_fini(struct nr_mem_keys *k);
/* The number of a key, or NR_NO_INDEX. */
uint32_t nr_mem_keys_find(const struct nr_mem_keys *k, uint64_t key_hash);
/* The number of a record's key, a new one where it has none. NR_E_NOMEM; NR_E_INVALID: another key has this hash. */
int nr_mem_keys_take(struct nr_mem_keys *k, uint64_t key_hash, const struct nr_record *rec,
                     uint32_t *number) NR_MUST_CHECK;
/* The first key of a subject, or NR_NO_INDEX. */
uint32_t nr_mem_keys_of(const struct nr_mem_keys *k, uint8_t kind, struct nr_bytes subject);
/* All numbers in ascending order of key hash, borrowed until the next call of this; NULL: memory is short. */
const uint32_t *nr_mem_keys_sorted(struct nr_mem_keys *k);

#endif
