/* One half's records on a memory disk: 16 bytes each and two index slots, the bytes themselves in the pool. */
#ifndef NR_STORE_MEM_RECORDS_H
#define NR_STORE_MEM_RECORDS_H

#include "store/blob_pool.h"

struct nr_mem_record {
    uint64_t key_hash;
    uint32_t blob; /* NR_NO_BLOB: a free place */
    uint32_t next; /* of the same subject, in ascending order of signer; or the next free place */
};

struct nr_mem_records {
    struct nr_blob_pool *pool; /* borrowed */
    struct nr_mem_record *at;
    uint32_t count, cap, free_head, living;
    struct nr_mem_index by_key;
    struct nr_mem_index by_subject; /* heads of the chains */
};

void nr_mem_records_init(struct nr_mem_records *r, struct nr_blob_pool *pool);
void nr_mem_records_fini(struct nr_mem_records *r);
/* The blob under a key hash, or NR_NO_BLOB. */
uint32_t nr_mem_records_get(const struct nr_mem_records *r, uint64_t key_hash);
/* Puts a blob under a key hash (its hold is taken over) and hands out the one that stood there, with its hold;
 * NR_NO_BLOB: none, also as what is put, which removes. NR_E_NOMEM: nothing has changed. Putting back what was handed
 * out, after it was replaced or removed and nothing was put since, cannot fail. */
int nr_mem_records_swap(struct nr_mem_records *r, uint64_t key_hash, uint32_t blob, uint32_t *old) NR_MUST_CHECK;
int nr_mem_records_each(const struct nr_mem_records *r, nr_store_record_fn *each, void *arg) NR_MUST_CHECK;
int nr_mem_records_each_of(const struct nr_mem_records *r, uint8_t kind, struct nr_bytes subject,
                           nr_store_record_fn *each, void *arg) NR_MUST_CHECK;

#endif
