#include "store/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "store/lmdb_util.h"

struct nr_read_env {
    MDB_env *env;
    MDB_dbi dbi[NR_TABLE_COUNT];
    enum nr_half half;
    char *path;
    uint32_t begun; /* transactions */
};

struct place {
    MDB_cursor *cursor;
    uint64_t begun_as; /* the `serial` under which it was renewed last */
};

struct nr_read {
    struct nr_read_env *env;
    MDB_txn *txn;
    bool begun;
    uint64_t serial; /* of begins */
    struct place places[NR_READ_USES][NR_TABLE_COUNT];
};

/* Address space only: what is never looked at takes no memory. */
static size_t wide_map(enum nr_half half)
{
    return sizeof(size_t) < 8 ? 0 : (size_t)(half == NR_REGISTRY ? 16 : 8) << 30;
}

static int open_tables(struct nr_read_env *e)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(e->env, NULL, MDB_RDONLY, &txn);
    if (rc) return nr_lmdb_error(rc);
    for (int t = 0; t < NR_TABLE_COUNT && !rc; t++) {
        if (nr_table_halves[t] == e->half) rc = mdb_dbi_open(txn, nr_table_names[t], 0, &e->dbi[t]);
    }
    if (rc) {
        mdb_txn_abort(txn);
        return nr_lmdb_error(rc);
    }
    return nr_lmdb_error(mdb_txn_commit(txn)); /* keeps the tables' handles */
}

static int check_length(const struct nr_read_env *e)
{
    struct stat st;
    struct nr_read_env_facts facts;
    mdb_filehandle_t fd;
    int err = nr_lmdb_error(mdb_env_get_fd(e->env, &fd));
    if (err) return err;
    if (fstat(fd, &st)) return nr_lmdb_error(errno);
    nr_read_env_facts((struct nr_read_env *)(uintptr_t)e, &facts);
    return (uint64_t)st.st_size < facts.used_bytes ? NR_E_CORRUPT : 0;
}

static int open_env(struct nr_read_env *e, size_t map)
{
    int rc = mdb_env_create(&e->env);
    if (rc) return nr_lmdb_error(rc);
    rc = mdb_env_set_maxdbs(e->env, NR_LMDB_MAX_TABLES);
    if (!rc && map) rc = mdb_env_set_mapsize(e->env, map);
    if (!rc) rc = mdb_env_open(e->env, e->path, MDB_RDONLY | MDB_NOTLS | MDB_NORDAHEAD, 0);
    if (rc) {
        mdb_env_close(e->env);
        e->env = NULL;
    }
    if (rc == EBADF) return NR_E_NOT_FOUND; /* an empty file: it is being made this moment */
    return nr_lmdb_error(rc);
}

int nr_read_env_open(struct nr_read_env **out, const char *state_dir, enum nr_half half)
{
    struct nr_read_env *e = calloc(1, sizeof *e);
    if (!e) return NR_E_NOMEM;
    e->half = half;
    int err = 0;
    if (asprintf(&e->path, "%s/%s", state_dir, half == NR_REGISTRY ? "registry" : "pulse") < 0) {
        e->path = NULL;
        err = NR_E_NOMEM;
    }
    if (!err) err = open_env(e, wide_map(half));
    if (err == NR_E_NOMEM && e->path) err = open_env(e, 0);
    if (!err) err = check_length(e);
    if (!err) err = open_tables(e);
    if (err) {
        nr_read_env_close(e);
        return err;
    }
    *out = e;
    return 0;
}

void nr_read_env_close(struct nr_read_env *e)
{
    if (!e) return;
    nr_assert(!e->begun);
    if (e->env) mdb_env_close(e->env);
    free(e->path);
    free(e);
}

bool nr_read_env_current(const struct nr_read_env *e)
{
    struct stat open_one, there;
    mdb_filehandle_t fd;
    char *path;
    if (mdb_env_get_fd(e->env, &fd) || fstat(fd, &open_one)) return false;
    if (asprintf(&path, "%s/data.mdb", e->path) < 0) return true;
    int rc = stat(path, &there);
    free(path);
    return rc == 0 && there.st_dev == open_one.st_dev && there.st_ino == open_one.st_ino;
}

uint64_t nr_read_env_newest(const struct nr_read_env *e)
{
    MDB_envinfo info;
    nr_assert(mdb_env_info(e->env, &info) == 0);
    return info.me_last_txnid;
}

int nr_read_env_copy(struct nr_read_env *e, const char *to_dir)
{
    char *file;
    int rc = mdb_env_copy2(e->env, to_dir, MDB_CP_COMPACT);
    if (rc) return nr_lmdb_error(rc);
    if (asprintf(&file, "%s/data.mdb", to_dir) < 0) return NR_E_NOMEM;
    int err = chmod(file, 0640) ? nr_lmdb_error(errno) : 0;
    free(file);
    return err;
}

void nr_read_env_facts(struct nr_read_env *e, struct nr_read_env_facts *out)
{
    MDB_envinfo info;
    MDB_stat st;
    nr_assert(mdb_env_info(e->env, &info) == 0 && mdb_env_stat(e->env, &st) == 0);
    out->used_bytes = (info.me_last_pgno + 1) * st.ms_psize;
    out->map_bytes = info.me_mapsize;
    out->readers = info.me_numreaders;
}

/* Takes a slot in the table of readers. When all are taken, those of processes that are gone are freed first. */
int nr_read_new(struct nr_read **out, struct nr_read_env *env)
{
    struct nr_read *r = calloc(1, sizeof *r);
    int dead;
    if (!r) return NR_E_NOMEM;
    r->env = env;
    int rc = mdb_txn_begin(env->env, NULL, MDB_RDONLY, &r->txn);
    if (rc == MDB_READERS_FULL && mdb_reader_check(env->env, &dead) == 0) {
        rc = mdb_txn_begin(env->env, NULL, MDB_RDONLY, &r->txn);
    }
    if (rc == MDB_MAP_RESIZED && !env->begun && (rc = mdb_env_set_mapsize(env->env, 0)) == 0) {
        rc = mdb_txn_begin(env->env, NULL, MDB_RDONLY, &r->txn);
    }
    if (rc) {
        free(r);
        return rc == MDB_MAP_RESIZED ? NR_E_UNAVAILABLE : nr_lmdb_error(rc);
    }
    mdb_txn_reset(r->txn);
    *out = r;
    return 0;
}

void nr_read_free(struct nr_read *r)
{
    if (!r) return;
    nr_read_end(r);
    for (int u = 0; u < NR_READ_USES; u++) {
        for (int t = 0; t < NR_TABLE_COUNT; t++) {
            if (r->places[u][t].cursor) mdb_cursor_close(r->places[u][t].cursor);
        }
    }
    mdb_txn_abort(r->txn);
    free(r);
}

int nr_read_begin(struct nr_read *r)
{
    nr_read_end(r);
    int rc = mdb_txn_renew(r->txn);
    if (rc == MDB_MAP_RESIZED) {
        if (r->env->begun) return NR_E_UNAVAILABLE;
        rc = mdb_env_set_mapsize(r->env->env, 0);
        if (!rc) rc = mdb_txn_renew(r->txn);
    }
    if (rc) return nr_lmdb_error(rc);
    r->begun = true;
    r->serial++;
    r->env->begun++;
    return 0;
}

void nr_read_end(struct nr_read *r)
{
    if (!r->begun) return;
    mdb_txn_reset(r->txn);
    r->begun = false;
    r->env->begun--;
}

uint64_t nr_read_number(const struct nr_read *r)
{
    nr_assert(r->begun);
    return mdb_txn_id(r->txn);
}

int nr_read_get(struct nr_read *r, enum nr_table t, struct nr_bytes key, struct nr_bytes *value)
{
    MDB_val k = nr_val(key), v;
    nr_assert(r->begun && nr_table_halves[t] == r->env->half);
    int err = nr_lmdb_error(mdb_get(r->txn, r->env->dbi[t], &k, &v));
    if (!err) *value = nr_val_bytes(v);
    return err;
}

uint64_t nr_read_count(struct nr_read *r, enum nr_table t)
{
    MDB_stat st;
    nr_assert(r->begun && nr_table_halves[t] == r->env->half);
    return mdb_stat(r->txn, r->env->dbi[t], &st) ? 0 : st.ms_entries;
}

/* A cursor is made at a table's first use and renewed at its first use in each transaction. */
static int cursor_of(struct nr_read *r, enum nr_table t, enum nr_read_use use, MDB_cursor **out)
{
    struct place *p = &r->places[use][t];
    int rc = 0;
    nr_assert(r->begun && nr_table_halves[t] == r->env->half);
    if (!p->cursor)
        rc = mdb_cursor_open(r->txn, r->env->dbi[t], &p->cursor);
    else if (p->begun_as != r->serial)
        rc = mdb_cursor_renew(r->txn, p->cursor);
    if (rc) return nr_lmdb_error(rc);
    p->begun_as = r->serial;
    *out = p->cursor;
    return 0;
}

int nr_read_move(struct nr_read *r, enum nr_table t, enum nr_read_use use, enum nr_read_move move, struct nr_bytes *key,
                 struct nr_bytes *value)
{
    static const MDB_cursor_op ops[] = {
        [NR_READ_FIRST] = MDB_FIRST,    [NR_READ_LAST] = MDB_LAST, [NR_READ_AT] = MDB_SET_KEY,
        [NR_READ_FROM] = MDB_SET_RANGE, [NR_READ_NEXT] = MDB_NEXT, [NR_READ_PREV] = MDB_PREV
    };
    MDB_cursor *c = NULL;
    MDB_val k = nr_val(*key), v;
    int err = cursor_of(r, t, use, &c);
    if (err) return err;
    if (move == NR_READ_FROM && !key->len) move = NR_READ_FIRST;
    err = nr_lmdb_error(mdb_cursor_get(c, &k, &v, ops[move]));
    if (err) return err;
    *key = nr_val_bytes(k);
    *value = nr_val_bytes(v);
    return 0;
}
