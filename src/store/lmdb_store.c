#include "store/lmdb_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "store/store_impl.h"

#define REGISTRY_MAP_MAX ((size_t)8 << 30)
#define PULSE_MAP_MAX    ((size_t)4 << 30)
#define MAP_LEAST        ((size_t)256 << 10)
#define PAGE             ((size_t)4096)

static struct nr_db *db_of(struct nr_lmdb *l, enum nr_table t)
{
    return &l->db[nr_table_halves[t]];
}

/* A damaged pulse half never stops the writer: it is replaced, and what was asked is asked again of the empty one. */
static bool healed(struct nr_lmdb *l, enum nr_half half, int err)
{
    return err == NR_E_CORRUPT && half == NR_PULSE && nr_pulse_replace(l) == 0;
}

static void kv_close(void *kv)
{
    struct nr_lmdb *l = kv;
    for (int h = 0; h < NR_HALVES; h++) nr_db_close(&l->db[h]);
    if (l->lock_fd >= 0) close(l->lock_fd);
    free(l->dir);
    free(l);
}

static int kv_begin(void *kv)
{
    struct nr_lmdb *l = kv;
    (void)!nr_pulse_tell(l); /* where the registry is full, the next call tries again */
    for (int h = 0; h < NR_HALVES; h++) nr_db_mark(&l->db[h]);
    return 0;
}

static void kv_rollback(void *kv)
{
    struct nr_lmdb *l = kv;
    for (int h = 0; h < NR_HALVES; h++) nr_db_rollback(&l->db[h]);
}

static int kv_get(void *kv, enum nr_table t, struct nr_bytes key, struct nr_bytes *value)
{
    int err = nr_db_get(db_of(kv, t), t, key, value);
    return healed(kv, nr_table_halves[t], err) ? NR_E_NOT_FOUND : err;
}

static int kv_put(void *kv, enum nr_table t, struct nr_bytes key, struct nr_bytes value)
{
    int err = nr_db_put(db_of(kv, t), t, key, value);
    return healed(kv, nr_table_halves[t], err) ? nr_db_put(db_of(kv, t), t, key, value) : err;
}

static int kv_del(void *kv, enum nr_table t, struct nr_bytes key)
{
    int err = nr_db_del(db_of(kv, t), t, key);
    return healed(kv, nr_table_halves[t], err) ? 0 : err;
}

static int kv_scan(void *kv, enum nr_table t, struct nr_bytes from, nr_kv_scan_fn *each, void *arg)
{
    int err = nr_db_scan(db_of(kv, t), t, from, each, arg);
    return healed(kv, nr_table_halves[t], err) ? 0 : err;
}

static int kv_last(void *kv, enum nr_table t, nr_kv_scan_fn *each, void *arg)
{
    return nr_db_last(db_of(kv, t), t, each, arg);
}

static uint64_t kv_count(void *kv, enum nr_table t)
{
    return nr_db_count(db_of(kv, t), t);
}

static enum nr_table records_of(enum nr_half half)
{
    return half == NR_REGISTRY ? NR_T_RECORDS : NR_T_PULSE_RECORDS;
}

static enum nr_table subjects_of(enum nr_half half)
{
    return half == NR_REGISTRY ? NR_T_SUBJECTS : NR_T_PULSE_SUBJECTS;
}

static int rec_put(void *kv, uint64_t key_hash, const struct nr_record *rec)
{
    enum nr_half half = nr_kind_half(rec->kind);
    struct nr_store_key key, subject;
    struct nr_bytes old;
    nr_key_number(&key, key_hash);
    nr_key_subject(&subject, rec->kind, rec->subject, rec->signer);
    int err = kv_get(kv, subjects_of(half), nr_key_bytes(&subject), &old);
    if (err == NR_E_NOT_FOUND) err = kv_put(kv, subjects_of(half), nr_key_bytes(&subject), nr_key_bytes(&key));
    return err ? err : kv_put(kv, records_of(half), nr_key_bytes(&key), rec->raw);
}

static int rec_get(void *kv, uint64_t key_hash, struct nr_bytes *raw)
{
    struct nr_store_key key;
    nr_key_number(&key, key_hash);
    int err = kv_get(kv, NR_T_RECORDS, nr_key_bytes(&key), raw);
    return err == NR_E_NOT_FOUND ? kv_get(kv, NR_T_PULSE_RECORDS, nr_key_bytes(&key), raw) : err;
}

static int rec_del(void *kv, uint64_t key_hash, const struct nr_record *rec)
{
    enum nr_half half = nr_kind_half(rec->kind);
    struct nr_store_key key, subject;
    nr_key_number(&key, key_hash);
    nr_key_subject(&subject, rec->kind, rec->subject, rec->signer);
    int err = kv_del(kv, subjects_of(half), nr_key_bytes(&subject));
    return err ? err : kv_del(kv, records_of(half), nr_key_bytes(&key));
}

struct records {
    struct nr_lmdb *l;
    enum nr_half half;
    uint8_t kind; /* 0: of all */
    struct nr_bytes prefix;
    nr_store_record_fn *each;
    void *arg;
    int answer; /* what `each` returned, kept apart from errors of the store */
};

static int hand_out(struct records *r, uint64_t key_hash, struct nr_bytes raw)
{
    struct nr_record rec;
    if (nr_record_decode(raw, &rec)) return NR_E_CORRUPT;
    if (r->kind && rec.kind != r->kind) return 0;
    r->answer = r->each(r->arg, key_hash, &rec);
    return r->answer ? 1 : 0;
}

static int each_record(void *arg, struct nr_bytes key, struct nr_bytes value)
{
    return key.len == 8 ? hand_out(arg, nr_be64(key.data), value) : NR_E_CORRUPT;
}

static int each_subject(void *arg, struct nr_bytes key, struct nr_bytes value)
{
    struct records *r = arg;
    struct nr_bytes raw;
    if (!nr_has_prefix(key, r->prefix)) return 1;
    if (key.len != r->prefix.len + NR_KEY_SIZE || value.len != 8) return NR_E_CORRUPT;
    int err = nr_db_get(&r->l->db[r->half], records_of(r->half), value, &raw);
    return err ? NR_E_CORRUPT : hand_out(r, nr_be64(value.data), raw);
}

static int answer(const struct records *r, int err)
{
    return err < 0 ? err : r->answer;
}

static int rec_each(void *kv, enum nr_half half, nr_store_record_fn *each, void *arg)
{
    struct records r = { .l = kv, .half = half, .each = each, .arg = arg };
    return answer(&r, kv_scan(kv, records_of(half), nr_bytes(NULL, 0), each_record, &r));
}

static int rec_each_of(void *kv, uint8_t kind, struct nr_bytes subject, nr_store_record_fn *each, void *arg)
{
    enum nr_half half = nr_kind_half(kind);
    struct nr_store_key prefix;
    nr_key_subject(&prefix, kind, subject, NULL);
    struct records r = {
        .l = kv, .half = half, .kind = kind, .prefix = nr_key_bytes(&prefix), .each = each, .arg = arg
    };
    return answer(&r, kv_scan(kv, subjects_of(half), r.prefix, each_subject, &r));
}

static int kv_commit(void *kv, enum nr_half half)
{
    struct nr_lmdb *l = kv;
    if (half == NR_REGISTRY) (void)!nr_pulse_tell(l);
    if (!l->db[half].env) return nr_pulse_replace(l); /* it could not be replaced when it had to */
    int err = nr_db_commit(&l->db[half]);
    return healed(l, half, err) ? 0 : err;
}

static size_t kv_staged(const void *kv, enum nr_half half)
{
    const struct nr_lmdb *l = kv;
    return nr_oplog_len(&l->db[half].staged) + (half == NR_REGISTRY && l->epoch_pending);
}

static int kv_clear_stale_readers(void *kv)
{
    struct nr_lmdb *l = kv;
    int all = 0;
    for (int h = 0; h < NR_HALVES; h++) {
        int dead = 0;
        if (l->db[h].env && mdb_reader_check(l->db[h].env, &dead) == 0) all += dead;
    }
    return all;
}

static void kv_info(void *kv, struct nr_store_info *out)
{
    struct nr_lmdb *l = kv;
    struct nr_db_facts facts[NR_HALVES];
    for (int h = 0; h < NR_HALVES; h++) {
        const struct nr_db *db = &l->db[h];
        nr_db_facts(&l->db[h], &facts[h]);
        if (!out->health) out->health = db->commit_error ? db->commit_error : db->put_error;
    }
    out->records = kv_count(l, NR_T_RECORDS) + kv_count(l, NR_T_PULSE_RECORDS);
    out->registry_bytes = facts[NR_REGISTRY].used_bytes;
    out->registry_map_bytes = facts[NR_REGISTRY].map_bytes;
    out->pulse_bytes = facts[NR_PULSE].used_bytes;
    out->pulse_map_bytes = facts[NR_PULSE].map_bytes;
    out->commits = l->db[NR_REGISTRY].commits;
    out->pulse_commits = l->db[NR_PULSE].commits;
    out->readers = facts[NR_REGISTRY].readers;
}

static const struct nr_kv_ops lmdb_ops = {
    .close = kv_close,
    .begin = kv_begin,
    .rollback = kv_rollback,
    .get = kv_get,
    .put = kv_put,
    .del = kv_del,
    .scan = kv_scan,
    .last = kv_last,
    .count = kv_count,
    .rec_put = rec_put,
    .rec_get = rec_get,
    .rec_del = rec_del,
    .rec_each = rec_each,
    .rec_each_of = rec_each_of,
    .commit = kv_commit,
    .staged = kv_staged,
    .clear_stale_readers = kv_clear_stale_readers,
    .info = kv_info,
};

static size_t map_max(size_t asked, size_t otherwise)
{
    if (!asked) return otherwise;
    if (asked < MAP_LEAST) asked = MAP_LEAST;
    return (asked + PAGE - 1) / PAGE * PAGE;
}

static int make_dir(const char *path)
{
    return mkdir(path, 0750) && errno != EEXIST ? nr_lmdb_error(errno) : 0;
}

/* The lock is the process's claim to be the only writer. The kernel drops it when the process ends, however it ends. */
static int take_lock(struct nr_lmdb *l)
{
    char *path;
    if (asprintf(&path, "%s/noded.lock", l->dir) < 0) return NR_E_NOMEM;
    l->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    int err = l->lock_fd < 0 ? nr_lmdb_error(errno) : 0;
    if (!err && flock(l->lock_fd, LOCK_EX | LOCK_NB)) err = errno == EWOULDBLOCK ? NR_E_BUSY : nr_lmdb_error(errno);
    free(path);
    return err;
}

static int open_registry(struct nr_lmdb *l, size_t max)
{
    char *path;
    if (asprintf(&path, "%s/registry", l->dir) < 0) return NR_E_NOMEM;
    int err = make_dir(path);
    if (!err) err = nr_db_open(&l->db[NR_REGISTRY], NR_REGISTRY, path, true, max);
    free(path);
    return err;
}

/* From no schema at all: the tables are there and must be empty. Records without a schema were not written by us. */
static int migrate_0_to_1(struct nr_db *db)
{
    return nr_db_count(db, NR_T_RECORDS) ? NR_E_CORRUPT : 0;
}

/* One step a version: migrations[n] brings schema n to n + 1, all in the one transaction that then says so. That is
 * the first that is committed: a store that is opened and closed again is left as it was. */
static int (*const migrations[NR_SCHEMA])(struct nr_db *db) = { migrate_0_to_1 };

static int migrate(struct nr_db *db)
{
    struct nr_bytes stored;
    uint8_t number[8];
    uint64_t version = 0;
    int err = nr_db_get(db, NR_T_META, nr_bytes_str(NR_META_SCHEMA), &stored);
    if (err && err != NR_E_NOT_FOUND) return err;
    if (!err) version = nr_be64(stored.data); /* its length was checked when the tables were opened */
    if (version == NR_SCHEMA) return 0;
    for (; version < NR_SCHEMA; version++) {
        err = migrations[version](db);
        if (err) return err;
    }
    nr_put_be64(number, version);
    nr_db_mark(db);
    return nr_db_put(db, NR_T_META, nr_bytes_str(NR_META_SCHEMA), nr_bytes(number, sizeof number));
}

int nr_store_open_lmdb(struct nr_store **out, const struct nr_store_options *options)
{
    struct nr_lmdb *l = calloc(1, sizeof *l);
    if (!l) return NR_E_NOMEM;
    l->lock_fd = -1;
    l->pulse_map_max = map_max(options->pulse_map_max, PULSE_MAP_MAX);
    l->dir = strdup(options->dir);
    int err = l->dir ? make_dir(l->dir) : NR_E_NOMEM;
    if (!err) err = take_lock(l);
    if (!err) err = open_registry(l, map_max(options->registry_map_max, REGISTRY_MAP_MAX));
    if (!err) err = migrate(&l->db[NR_REGISTRY]);
    if (!err) err = nr_pulse_open(l);
    if (err) {
        kv_close(l);
        return err;
    }
    return nr_store_new(out, &lmdb_ops, l, true, options);
}
