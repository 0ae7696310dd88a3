/* What the files that include lmdb.h share: errors mapped once, and values as bytes. */
#ifndef NR_STORE_LMDB_UTIL_H
#define NR_STORE_LMDB_UTIL_H

#include <errno.h>
#include <lmdb.h>

#include "base/bytes.h"
#include "base/err.h"

/* 0 for 0. errno is set to a system error's number. */
int nr_lmdb_error(int rc);

static inline MDB_val nr_val(struct nr_bytes b)
{
    return (MDB_val){ .mv_size = b.len, .mv_data = (void *)(uintptr_t)b.data };
}
static inline struct nr_bytes nr_val_bytes(MDB_val v)
{
    return nr_bytes(v.mv_data, v.mv_size);
}

#define NR_LMDB_MAX_TABLES  32
#define NR_LMDB_MAX_READERS 510

#endif
