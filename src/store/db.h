/* One half of the store as an LMDB environment with one writer: the transaction, what is staged, the map that grows.
 *
 * Writes go into one open transaction and into a list of what is staged. Where LMDB gives a transaction up (a map that
 * is too small, a commit that the disk refused) the list is done again in a new one: a transaction in memory needs no
 * disk, so what is staged stays readable. After a failed commit `put` answers with its error until a commit succeeds.
 *
 * The map grows to map_max on behalf of puts. Deletions and commits may take a reserve beyond it, so that a full store
 * can be emptied (LMDB copies pages in order to delete). */
#ifndef NR_STORE_DB_H
#define NR_STORE_DB_H

#include "store/kv.h"
#include "store/lmdb_util.h"
#include "store/oplog.h"

struct nr_db {
    enum nr_half half;
    char *path;
    bool durable; /* a commit reaches the disk before it returns */
    size_t map_max;

    MDB_env *env;
    MDB_dbi dbi[NR_TABLE_COUNT];
    MDB_txn *reader; /* made once, renewed for reads while nothing is staged */
    bool reading;
    MDB_txn *txn; /* open while something is staged */
    struct nr_oplog staged;
    size_t mark;      /* where the present call began in `staged` */
    size_t budget;    /* bytes that puts may still take in this transaction */
    int commit_error; /* of the last commit, until one succeeds */
    int put_error;    /* of the last put, until one succeeds */
    uint64_t commits;
};

/* Opens (and makes, on its first use) the environment in `path`, an existing directory. Takes nothing on failure.
 * NR_E_CORRUPT, NR_E_VERSION, NR_E_FULL, NR_E_DENIED, NR_E_NOMEM, NR_E_SYSTEM. */
int nr_db_open(struct nr_db *db, enum nr_half half, const char *path, bool durable, size_t map_max) NR_MUST_CHECK;
void nr_db_close(struct nr_db *db); /* drops what is staged; takes a zeroed one */

void nr_db_mark(struct nr_db *db);
void nr_db_rollback(struct nr_db *db);
int nr_db_get(struct nr_db *db, enum nr_table t, struct nr_bytes key, struct nr_bytes *value) NR_MUST_CHECK;
int nr_db_put(struct nr_db *db, enum nr_table t, struct nr_bytes key, struct nr_bytes value) NR_MUST_CHECK;
int nr_db_del(struct nr_db *db, enum nr_table t, struct nr_bytes key) NR_MUST_CHECK;
int nr_db_scan(struct nr_db *db, enum nr_table t, struct nr_bytes from, nr_kv_scan_fn *each, void *arg) NR_MUST_CHECK;
int nr_db_last(struct nr_db *db, enum nr_table t, nr_kv_scan_fn *each, void *arg) NR_MUST_CHECK;
uint64_t nr_db_count(struct nr_db *db, enum nr_table t);
int nr_db_commit(struct nr_db *db) NR_MUST_CHECK;
static inline bool nr_db_dirty(const struct nr_db *db)
{
    return nr_oplog_len(&db->staged) > 0;
}
struct nr_db_facts {
    uint64_t used_bytes, map_bytes;
    uint32_t readers;
};
void nr_db_facts(struct nr_db *db, struct nr_db_facts *out);

/* The environment itself (db_env.c). */
int nr_db_env_open(struct nr_db *db) NR_MUST_CHECK;
void nr_db_env_close(struct nr_db *db);
int nr_db_env_grow(struct nr_db *db,
                   size_t limit) NR_MUST_CHECK; /* NR_E_FULL at the limit; no transaction may be open */
size_t nr_db_env_reserve(const struct nr_db *db);
/* Bytes that are not used yet up to map_max, in a transaction. */
size_t nr_db_env_room(struct nr_db *db);
/* More than three quarters of the map are used. */
bool nr_db_env_crowded(struct nr_db *db);
/* An input or output error on a disk that has no room left is a full disk. */
int nr_db_env_disk_error(const struct nr_db *db, int err);

#endif
