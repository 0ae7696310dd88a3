#include "store/db.h"

#include <stdlib.h>

#include "base/assert.h"

/* Then a call commits what the calls before it have staged: LMDB keeps the memory of the most pages that a transaction
 * ever changed. */
#define STAGED_MAX         ((size_t)256 << 10)
#define TRIES_MAX          64                 /* of growing and doing again; the map doubles each time */
#define ENTRY_COST         64                 /* what an entry takes beside its bytes, about */
#define BUDGET_SPARE       ((size_t)32 << 12) /* of the room that is left, kept for the tree's own pages */
#define DEAD_READERS_EVERY 8                  /* commits */

int nr_db_open(struct nr_db *db, enum nr_half half, const char *path, bool durable, size_t map_max)
{
    *db = (struct nr_db){ .half = half, .durable = durable, .map_max = map_max };
    nr_oplog_init(&db->staged);
    db->path = strdup(path);
    int err = db->path ? nr_db_env_open(db) : NR_E_NOMEM;
    if (err) nr_db_close(db);
    return err;
}

void nr_db_close(struct nr_db *db)
{
    nr_db_env_close(db);
    nr_oplog_fini(&db->staged);
    free(db->path);
    *db = (struct nr_db){ 0 };
}

static void stop_reading(struct nr_db *db)
{
    if (db->reading) mdb_txn_reset(db->reader);
    db->reading = false;
}

static void abort_txn(struct nr_db *db)
{
    if (db->txn) mdb_txn_abort(db->txn);
    db->txn = NULL;
}

/* The transaction to read in: the open one, so that what is staged is seen. */
static int read_txn(struct nr_db *db, MDB_txn **out)
{
    if (!db->env) return NR_E_IO; /* a pulse half that could not be replaced */
    if (!db->txn && !db->reading) {
        int err = nr_lmdb_error(mdb_txn_renew(db->reader));
        if (err) return err;
        db->reading = true;
    }
    *out = db->txn ? db->txn : db->reader;
    return 0;
}

/* Puts may take what is left up to map_max, less what the tree needs to be changed at all. */
static size_t budget(struct nr_db *db)
{
    size_t room = nr_db_env_room(db);
    return room > BUDGET_SPARE ? (room - BUDGET_SPARE) / 2 : 0;
}

static int begin_txn(struct nr_db *db)
{
    int err;
    if (!db->env) return NR_E_IO;
    stop_reading(db);
    if (nr_db_env_crowded(db)) {
        err = nr_db_env_grow(db, db->map_max);
        if (err && err != NR_E_FULL) return err;
    }
    err = nr_lmdb_error(mdb_txn_begin(db->env, NULL, 0, &db->txn));
    if (!err) db->budget = budget(db);
    return err;
}

static int apply(struct nr_db *db, const struct nr_op *op)
{
    MDB_val key = nr_val(op->key), value = nr_val(op->value);
    if (op->put) return mdb_put(db->txn, db->dbi[op->table], &key, &value, 0);
    int rc = mdb_del(db->txn, db->dbi[op->table], &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int apply_staged(struct nr_db *db)
{
    struct nr_op op;
    size_t at = 0;
    int rc = 0;
    while (!rc && nr_oplog_next(&db->staged, &at, &op)) rc = apply(db, &op);
    return rc;
}

/* Does all that is staged in a new transaction, growing the map up to `limit` where it does not fit. On failure there
 * is no transaction, and what is staged is still listed. */
static int redo(struct nr_db *db, size_t limit)
{
    int err = 0;
    abort_txn(db);
    if (!nr_db_dirty(db)) return 0;
    for (int i = 0; i < TRIES_MAX; i++) {
        err = begin_txn(db);
        if (err) return err;
        int rc = apply_staged(db);
        if (!rc) return 0;
        abort_txn(db);
        if (rc != MDB_MAP_FULL) return nr_lmdb_error(rc);
        err = nr_db_env_grow(db, limit);
        if (err) return err;
    }
    return NR_E_FULL;
}

static size_t limit_with_reserve(const struct nr_db *db)
{
    return db->map_max + nr_db_env_reserve(db);
}

void nr_db_mark(struct nr_db *db)
{
    db->mark = nr_oplog_len(&db->staged);
}

/* Takes back what was listed after `mark`. Where even that fails, reads see the last commit, and the next write or
 * commit tries again. */
static void back_to(struct nr_db *db, size_t mark)
{
    if (!nr_db_dirty(db)) abort_txn(db);
    if (nr_oplog_len(&db->staged) == mark && (db->txn || !nr_db_dirty(db))) return;
    nr_oplog_truncate(&db->staged, mark);
    (void)!redo(db, limit_with_reserve(db));
}

void nr_db_rollback(struct nr_db *db)
{
    back_to(db, db->mark);
}

/* Does one write that is listed last already, or all of them in a larger map. */
static int apply_last(struct nr_db *db, const struct nr_op *op, size_t limit)
{
    if (!db->txn) return redo(db, limit);
    int rc = apply(db, op);
    if (rc != MDB_MAP_FULL) return nr_lmdb_error(rc);
    abort_txn(db);
    int err = nr_db_env_grow(db, limit);
    return err ? err : redo(db, limit);
}

/* Stages one write: listed first, then done. One that cannot be done is not listed either. */
static int stage(struct nr_db *db, const struct nr_op *op, size_t limit)
{
    size_t before = nr_oplog_len(&db->staged);
    int err = nr_oplog_add(&db->staged, op);
    if (err) return err;
    err = apply_last(db, op, limit);
    if (err) back_to(db, before);
    return err;
}

static int charge(struct nr_db *db, size_t bytes)
{
    if (db->txn && bytes > db->budget) return NR_E_FULL;
    if (db->txn) db->budget -= bytes;
    return 0;
}

int nr_db_put(struct nr_db *db, enum nr_table t, struct nr_bytes key, struct nr_bytes value)
{
    const struct nr_op op = { .table = t, .put = true, .key = key, .value = value };
    if (db->commit_error) return db->commit_error;
    int err = 0;
    if (nr_oplog_len(&db->staged) > STAGED_MAX && db->mark == nr_oplog_len(&db->staged)) {
        err = nr_db_commit(db);
        db->mark = 0;
        if (err) return err;
    }
    if (!db->txn) {
        err = nr_db_dirty(db) ? redo(db, db->map_max) : begin_txn(db);
        if (err) return err;
    }
    err = charge(db, key.len + value.len + ENTRY_COST);
    if (!err) err = stage(db, &op, db->map_max);
    db->put_error = err;
    return err;
}

int nr_db_del(struct nr_db *db, enum nr_table t, struct nr_bytes key)
{
    const struct nr_op op = { .table = t, .key = key };
    struct nr_bytes old;
    int err = nr_db_get(db, t, key, &old);
    if (err) return err == NR_E_NOT_FOUND ? 0 : err;
    return stage(db, &op, limit_with_reserve(db));
}

int nr_db_get(struct nr_db *db, enum nr_table t, struct nr_bytes key, struct nr_bytes *value)
{
    MDB_txn *txn;
    MDB_val k = nr_val(key), v;
    int err = read_txn(db, &txn);
    if (err) return err;
    err = nr_lmdb_error(mdb_get(txn, db->dbi[t], &k, &v));
    if (!err) *value = nr_val_bytes(v);
    return err;
}

static int walk(struct nr_db *db, enum nr_table t, struct nr_bytes from, MDB_cursor_op first, nr_kv_scan_fn *each,
                void *arg)
{
    MDB_txn *txn;
    MDB_cursor *c;
    MDB_val k = nr_val(from), v;
    int err = read_txn(db, &txn);
    if (err) return err;
    err = nr_lmdb_error(mdb_cursor_open(txn, db->dbi[t], &c));
    if (err) return err;
    int rc = mdb_cursor_get(c, &k, &v, first);
    while (!rc) {
        err = each(arg, nr_val_bytes(k), nr_val_bytes(v));
        if (err || first == MDB_LAST) break;
        rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
    }
    mdb_cursor_close(c);
    return rc && rc != MDB_NOTFOUND ? nr_lmdb_error(rc) : err;
}

int nr_db_scan(struct nr_db *db, enum nr_table t, struct nr_bytes from, nr_kv_scan_fn *each, void *arg)
{
    return walk(db, t, from, from.len ? MDB_SET_RANGE : MDB_FIRST, each, arg);
}

int nr_db_last(struct nr_db *db, enum nr_table t, nr_kv_scan_fn *each, void *arg)
{
    return walk(db, t, nr_bytes(NULL, 0), MDB_LAST, each, arg);
}

uint64_t nr_db_count(struct nr_db *db, enum nr_table t)
{
    MDB_txn *txn;
    MDB_stat st;
    if (read_txn(db, &txn) || mdb_stat(txn, db->dbi[t], &st)) return 0;
    return st.ms_entries;
}

/* After a write of the environment's head that failed LMDB refuses everything: it has to be opened anew. */
static int reopen_after_panic(struct nr_db *db)
{
    MDB_txn *probe;
    stop_reading(db);
    int rc = mdb_txn_begin(db->env, NULL, 0, &probe);
    if (!rc) mdb_txn_abort(probe);
    if (rc != MDB_PANIC) return 0;
    nr_db_env_close(db);
    return nr_db_env_open(db);
}

static int commit_once(struct nr_db *db)
{
    int err = db->txn ? 0 : redo(db, limit_with_reserve(db));
    if (err) return err;
    int rc = mdb_txn_commit(db->txn);
    db->txn = NULL;
    if (rc != MDB_MAP_FULL) return nr_db_env_disk_error(db, nr_lmdb_error(rc));
    err = nr_db_env_grow(db, limit_with_reserve(db));
    if (err) return err;
    err = redo(db, limit_with_reserve(db));
    if (err) return err;
    rc = mdb_txn_commit(db->txn);
    db->txn = NULL;
    return nr_db_env_disk_error(db, nr_lmdb_error(rc));
}

/* A reader that was killed in its snapshot keeps every page freed since: looked for often enough that few commits pile
 * up. */
static void forget_dead_readers(struct nr_db *db)
{
    int dead;
    if (db->commits % DEAD_READERS_EVERY == 0) (void)mdb_reader_check(db->env, &dead);
}

int nr_db_commit(struct nr_db *db)
{
    if (!nr_db_dirty(db)) {
        abort_txn(db);
        return 0;
    }
    int err = commit_once(db);
    db->commit_error = err;
    db->mark = 0;
    if (!err) {
        nr_oplog_truncate(&db->staged, 0);
        db->put_error = 0;
        db->commits++;
        forget_dead_readers(db);
        return 0;
    }
    db->mark = nr_oplog_len(&db->staged);
    if (reopen_after_panic(db) == 0) (void)!redo(db, limit_with_reserve(db)); /* so that reads see it */
    return err;
}

void nr_db_facts(struct nr_db *db, struct nr_db_facts *out)
{
    MDB_envinfo info;
    MDB_stat st;
    *out = (struct nr_db_facts){ 0 };
    if (!db->env || mdb_env_info(db->env, &info) || mdb_env_stat(db->env, &st)) return;
    out->map_bytes = info.me_mapsize;
    out->used_bytes = (info.me_last_pgno + 1) * st.ms_psize;
    out->readers = info.me_numreaders;
}
