/* Records' bytes, held once however many disks hold the record, and counted; and the numbers of their keys. */
#ifndef NR_STORE_BLOB_POOL_H
#define NR_STORE_BLOB_POOL_H

#include "store/mem_keys.h"
#include "store/store.h"
#include "store/tables.h"

#define NR_NO_BLOB UINT32_MAX

/* Takes one hold of the blob with these bytes, making it when it is new. NR_E_NOMEM. */
int nr_blob_take(struct nr_blob_pool *pool, struct nr_bytes bytes, uint32_t *blob) NR_MUST_CHECK;
void nr_blob_hold(struct nr_blob_pool *pool, uint32_t blob);
void nr_blob_release(struct nr_blob_pool *pool, uint32_t blob); /* takes NR_NO_BLOB */
struct nr_bytes nr_blob_bytes(const struct nr_blob_pool *pool, uint32_t blob);
struct nr_mem_keys *nr_blob_pool_keys(struct nr_blob_pool *pool, enum nr_half half);
size_t nr_blob_count(const struct nr_blob_pool *pool);

#endif
