/* One half's records on a memory disk: four bytes for each key that the pool knows, the bytes themselves in the pool.
 */
#ifndef NR_STORE_MEM_RECORDS_H
#define NR_STORE_MEM_RECORDS_H

#include "store/blob_pool.h"

struct nr_mem_records {
    struct nr_blob_pool *pool; /* borrowed */
    struct nr_mem_keys *keys;  /* of this half: the pool's */
    uint32_t *at;              /* by the key's number: the blob's number + 1; 0: none */
    uint32_t cap, living;
};

void nr_mem_records_init(struct nr_mem_records *r, struct nr_blob_pool *pool, enum nr_half half);
void nr_mem_records_fini(struct nr_mem_records *r); /* can be used again */
/* The blob under a key, or NR_NO_BLOB. */
uint32_t nr_mem_records_get(const struct nr_mem_records *r, uint32_t key);
/* Puts a blob under a key (its hold is taken over) and hands out the one that stood there, with its hold;
 * NR_NO_BLOB: none, also as what is put, which removes. NR_E_NOMEM: nothing has changed; only for a key that never
 * stood here, so that putting back what was handed out cannot fail. */
int nr_mem_records_swap(struct nr_mem_records *r, uint32_t key, uint32_t blob, uint32_t *old) NR_MUST_CHECK;
int nr_mem_records_each(const struct nr_mem_records *r, nr_store_record_fn *each, void *arg) NR_MUST_CHECK;
int nr_mem_records_each_of(const struct nr_mem_records *r, uint8_t kind, struct nr_bytes subject,
                           nr_store_record_fn *each, void *arg) NR_MUST_CHECK;

#endif
