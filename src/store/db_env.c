/* The environment: made, checked, grown. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/assert.h"
#include "store/db.h"

#define MAP_START   ((size_t)16 << 20)
#define RESERVE_MIN ((size_t)1 << 20)
#define FILE_MODE   0640
#define LOCK_MODE   0660 /* readers of the group write their slot into it */

int nr_lmdb_error(int rc)
{
    switch (rc) {
    case 0: return 0;
    case MDB_NOTFOUND: return NR_E_NOT_FOUND;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return NR_E_FULL;
    case MDB_READERS_FULL: return NR_E_BUSY;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL: return NR_E_CORRUPT;
    case MDB_VERSION_MISMATCH: return NR_E_VERSION;
    case MDB_PANIC:
    case EIO: return NR_E_IO;
    case ENOMEM: return NR_E_NOMEM;
    case EACCES:
    case EPERM:
    case EROFS: return NR_E_DENIED;
    case ENOENT: return NR_E_NOT_FOUND;
    default: break;
    }
    if (rc > 0) errno = rc;
    return NR_E_SYSTEM;
}

size_t nr_db_env_reserve(const struct nr_db *db)
{
    return db->map_max / 16 > RESERVE_MIN ? db->map_max / 16 : RESERVE_MIN;
}

static size_t map_size(const struct nr_db *db)
{
    MDB_envinfo info;
    nr_assert(mdb_env_info(db->env, &info) == 0);
    return info.me_mapsize;
}

static size_t used_size(const struct nr_db *db)
{
    MDB_envinfo info;
    MDB_stat st;
    nr_assert(mdb_env_info(db->env, &info) == 0);
    nr_assert(mdb_env_stat(db->env, &st) == 0);
    return (info.me_last_pgno + 1) * st.ms_psize;
}

bool nr_db_env_crowded(struct nr_db *db)
{
    return used_size(db) > map_size(db) / 4 * 3;
}

int nr_db_env_grow(struct nr_db *db, size_t limit)
{
    size_t now = map_size(db);
    nr_assert(!db->txn && !db->reading);
    if (now >= limit) return NR_E_FULL;
    size_t want = now < limit / 2 ? now * 2 : limit;
    return nr_lmdb_error(mdb_env_set_mapsize(db->env, want));
}

/* Pages on LMDB's free list: table 0 of an environment holds a counted list of page numbers for each transaction. */
static size_t free_pages(struct nr_db *db)
{
    MDB_cursor *c;
    MDB_val key, data;
    size_t pages = 0, n;
    if (mdb_cursor_open(db->txn, 0, &c)) return 0;
    while (mdb_cursor_get(c, &key, &data, MDB_NEXT) == 0) {
        if (data.mv_size < sizeof n) continue;
        memcpy(&n, data.mv_data, sizeof n);
        pages += n;
    }
    mdb_cursor_close(c);
    return pages;
}

size_t nr_db_env_room(struct nr_db *db)
{
    MDB_stat st;
    nr_assert(mdb_env_stat(db->env, &st) == 0);
    size_t used = used_size(db);
    if (used < db->map_max / 2) return db->map_max - used; /* the free list need not be walked */
    size_t free_bytes = free_pages(db) * st.ms_psize;
    return used > db->map_max + free_bytes ? 0 : db->map_max + free_bytes - used;
}

int nr_db_env_disk_error(const struct nr_db *db, int err)
{
    struct statvfs fs;
    if (err != NR_E_IO || statvfs(db->path, &fs)) return err;
    return (uint64_t)fs.f_bavail * fs.f_frsize < RESERVE_MIN / 4 ? NR_E_FULL : err;
}

static int set_modes(const struct nr_db *db)
{
    int err = 0;
    int dir = open(db->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return nr_lmdb_error(errno);
    if (fchmodat(dir, "data.mdb", FILE_MODE, 0) || fchmodat(dir, "lock.mdb", LOCK_MODE, 0)) err = nr_lmdb_error(errno);
    close(dir);
    return err;
}

/* A file that ends before its last page would kill the process at the first look there. */
static int check_length(const struct nr_db *db)
{
    struct stat st;
    mdb_filehandle_t fd;
    int err = nr_lmdb_error(mdb_env_get_fd(db->env, &fd));
    if (err) return err;
    if (fstat(fd, &st)) return nr_lmdb_error(errno);
    return (size_t)st.st_size < used_size(db) ? NR_E_CORRUPT : 0;
}

/* Nothing is changed in a store that a newer version has written. */
static int check_schema(const struct nr_db *db, MDB_txn *txn)
{
    MDB_dbi meta;
    MDB_val key = nr_val(nr_bytes_str(NR_META_SCHEMA)), value;
    if (db->half != NR_REGISTRY) return 0;
    int rc = mdb_dbi_open(txn, nr_table_names[NR_T_META], 0, &meta);
    if (!rc) rc = mdb_get(txn, meta, &key, &value);
    if (rc == MDB_NOTFOUND) return 0;
    if (rc) return nr_lmdb_error(rc);
    if (value.mv_size != 8) return NR_E_CORRUPT;
    return nr_be64(value.mv_data) > NR_SCHEMA ? NR_E_VERSION : 0;
}

/* Opens the tables, making those that are missing. */
static int open_tables(struct nr_db *db)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(db->env, NULL, 0, &txn);
    if (rc) return nr_lmdb_error(rc);
    int err = check_schema(db, txn);
    if (err) {
        mdb_txn_abort(txn);
        return err;
    }
    for (int t = 0; t < NR_TABLE_COUNT && !rc; t++) {
        if (nr_table_halves[t] == db->half) rc = mdb_dbi_open(txn, nr_table_names[t], MDB_CREATE, &db->dbi[t]);
    }
    if (rc) {
        mdb_txn_abort(txn);
        return nr_lmdb_error(rc);
    }
    return nr_db_env_disk_error(db, nr_lmdb_error(mdb_txn_commit(txn)));
}

/* The reading transaction is made once; renewing it takes no memory. */
static int make_reader(struct nr_db *db)
{
    int dead;
    int rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &db->reader);
    if (rc == MDB_READERS_FULL && mdb_reader_check(db->env, &dead) == 0) {
        rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &db->reader);
    }
    if (rc) return nr_lmdb_error(rc);
    mdb_txn_reset(db->reader);
    db->reading = false;
    return 0;
}

int nr_db_env_open(struct nr_db *db)
{
    int dead, err;
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (db->durable ? 0 : MDB_NOSYNC);
    size_t start = db->map_max < MAP_START ? db->map_max : MAP_START;
    int rc = mdb_env_create(&db->env);
    if (rc) return nr_lmdb_error(rc);
    if (!rc) rc = mdb_env_set_maxdbs(db->env, NR_LMDB_MAX_TABLES);
    if (!rc) rc = mdb_env_set_maxreaders(db->env, NR_LMDB_MAX_READERS);
    if (!rc) rc = mdb_env_set_mapsize(db->env, start);
    if (!rc) rc = mdb_env_open(db->env, db->path, flags, FILE_MODE);
    if (!rc) rc = mdb_reader_check(db->env, &dead);
    err = nr_lmdb_error(rc);
    if (!err) err = check_length(db);
    if (!err) err = set_modes(db);
    if (!err) err = open_tables(db);
    if (!err) err = make_reader(db);
    if (err) nr_db_env_close(db);
    return err;
}

void nr_db_env_close(struct nr_db *db)
{
    if (db->txn) mdb_txn_abort(db->txn);
    if (db->reader) mdb_txn_abort(db->reader);
    if (db->env) mdb_env_close(db->env);
    db->txn = NULL;
    db->reader = NULL;
    db->reading = false;
    db->env = NULL;
}
