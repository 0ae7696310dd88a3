/* The store in memory. Writes go straight into the disk's tables, and what they replaced goes into a list: undoing the
 * list from its end is a call taken back, and is also what a crash does to what was not committed. */
#include <stdlib.h>

#include "base/assert.h"
#include "store/mem_records.h"
#include "store/mem_table.h"
#include "store/store_impl.h"

/* What one write replaced: a record's blob, or an item of a table. */
struct undo {
    struct nr_mem_item *item; /* NULL: a record */
    uint32_t key;             /* its number */
    uint32_t blob;
    uint8_t table;
};

struct undo_list {
    struct undo *at;
    size_t count, cap;
    size_t mark; /* where the present call began */
};

struct nr_memdisk {
    struct nr_blob_pool *pool;
    struct nr_mem_records records[NR_HALVES];
    struct nr_mem_table tables[NR_TABLE_COUNT];
    struct undo_list undo[NR_HALVES];
    int commit_error[NR_HALVES];
    uint64_t commits[NR_HALVES];
    int fail;           /* the error to be injected; 0: none */
    uint32_t fail_skip; /* calls that pass before */
    bool open;
};

struct nr_memdisk *nr_memdisk_new(struct nr_blob_pool *pool)
{
    struct nr_memdisk *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    d->pool = pool;
    for (int h = 0; h < NR_HALVES; h++) nr_mem_records_init(&d->records[h], pool, (enum nr_half)h);
    return d;
}

static void drop_undo(struct nr_memdisk *d, struct undo_list *u)
{
    for (size_t i = 0; i < u->count; i++) {
        free(u->at[i].item);
        if (!u->at[i].item) nr_blob_release(d->pool, u->at[i].blob);
    }
    free(u->at);
    *u = (struct undo_list){ 0 };
}

static void clear_half(struct nr_memdisk *d, enum nr_half half)
{
    drop_undo(d, &d->undo[half]);
    nr_mem_records_fini(&d->records[half]);
    for (int t = 0; t < NR_TABLE_COUNT; t++) {
        if (nr_table_halves[t] == half) nr_mem_table_fini(&d->tables[t]);
    }
}

void nr_memdisk_free(struct nr_memdisk *d)
{
    if (!d) return;
    nr_assert(!d->open);
    for (int h = 0; h < NR_HALVES; h++) clear_half(d, (enum nr_half)h);
    free(d);
}

void nr_memdisk_power_loss(struct nr_memdisk *d)
{
    nr_assert(!d->open);
    clear_half(d, NR_PULSE);
}

void nr_memdisk_fail(struct nr_memdisk *d, int err, uint32_t skip)
{
    d->fail = err;
    d->fail_skip = skip;
}

/* The injected error, when its turn has come. */
static int injected(struct nr_memdisk *d)
{
    if (!d->fail) return 0;
    if (d->fail_skip) {
        d->fail_skip--;
        return 0;
    }
    int err = d->fail;
    d->fail = 0;
    return err;
}

static void undo_to(struct nr_memdisk *d, enum nr_half half, size_t mark)
{
    struct undo_list *u = &d->undo[half];
    while (u->count > mark) {
        struct undo *last = &u->at[--u->count];
        if (last->item) {
            free(nr_mem_table_swap(&d->tables[last->table], last->item));
        } else {
            uint32_t put;
            nr_assert(nr_mem_records_swap(&d->records[half], last->key, last->blob, &put) == 0);
            nr_blob_release(d->pool, put);
        }
    }
}

static int reserve_undo(struct undo_list *u)
{
    if (u->count < u->cap) return 0;
    size_t cap = u->cap ? u->cap * 2 : 16;
    struct undo *at = realloc(u->at, cap * sizeof *at);
    if (!at) return NR_E_NOMEM;
    u->at = at;
    u->cap = cap;
    return 0;
}

static void kv_close(void *kv)
{
    struct nr_memdisk *d = kv;
    for (int h = 0; h < NR_HALVES; h++) {
        undo_to(d, (enum nr_half)h, 0);
        drop_undo(d, &d->undo[h]);
        d->commit_error[h] = 0;
    }
    d->open = false;
}

static int kv_begin(void *kv)
{
    struct nr_memdisk *d = kv;
    for (int h = 0; h < NR_HALVES; h++) d->undo[h].mark = d->undo[h].count;
    return injected(d);
}

static void kv_rollback(void *kv)
{
    struct nr_memdisk *d = kv;
    for (int h = 0; h < NR_HALVES; h++) undo_to(d, (enum nr_half)h, d->undo[h].mark);
}

static int kv_get(void *kv, enum nr_table t, struct nr_bytes key, struct nr_bytes *value)
{
    struct nr_memdisk *d = kv;
    const struct nr_mem_item *item = nr_mem_table_get(&d->tables[t], key);
    if (!item) return NR_E_NOT_FOUND;
    *value = nr_mem_item_value(item);
    return 0;
}

/* Puts `item` (taken; NULL: memory was short) and lists what it replaced. */
static int replace(struct nr_memdisk *d, enum nr_table t, struct nr_mem_item *item)
{
    struct undo_list *u = &d->undo[nr_table_halves[t]];
    struct nr_mem_item *none = item ? nr_mem_item_new_absent(nr_mem_item_key(item)) : NULL;
    int err = none ? reserve_undo(u) : NR_E_NOMEM;
    if (!err) err = nr_mem_table_reserve(&d->tables[t]);
    if (err) {
        free(item);
        free(none);
        return err;
    }
    struct nr_mem_item *old = nr_mem_table_swap(&d->tables[t], item);
    if (old) free(none);
    u->at[u->count++] = (struct undo){ .item = old ? old : none, .table = (uint8_t)t };
    return 0;
}

static int kv_put(void *kv, enum nr_table t, struct nr_bytes key, struct nr_bytes value)
{
    struct nr_memdisk *d = kv;
    int err = d->commit_error[nr_table_halves[t]];
    return err ? err : replace(d, t, nr_mem_item_new(key, value));
}

static int kv_del(void *kv, enum nr_table t, struct nr_bytes key)
{
    struct nr_memdisk *d = kv;
    if (!nr_mem_table_get(&d->tables[t], key)) return 0;
    return replace(d, t, nr_mem_item_new_absent(key));
}

static int kv_scan(void *kv, enum nr_table t, struct nr_bytes from, nr_kv_scan_fn *each, void *arg)
{
    return nr_mem_table_scan(&((struct nr_memdisk *)kv)->tables[t], from, each, arg);
}

static int kv_last(void *kv, enum nr_table t, nr_kv_scan_fn *each, void *arg)
{
    return nr_mem_table_last(&((struct nr_memdisk *)kv)->tables[t], each, arg);
}

static uint64_t kv_count(void *kv, enum nr_table t)
{
    return ((struct nr_memdisk *)kv)->tables[t].count;
}

/* Swaps a record's blob (its hold is taken over, also on failure) and lists the old one. */
static int swap_record(struct nr_memdisk *d, enum nr_half half, uint32_t key, uint32_t blob)
{
    struct undo_list *u = &d->undo[half];
    uint32_t old = NR_NO_BLOB;
    int err = reserve_undo(u);
    if (!err) err = nr_mem_records_swap(&d->records[half], key, blob, &old);
    if (err) {
        nr_blob_release(d->pool, blob);
        return err;
    }
    u->at[u->count++] = (struct undo){ .key = key, .blob = old };
    return 0;
}

static int rec_put(void *kv, uint64_t key_hash, const struct nr_record *rec)
{
    struct nr_memdisk *d = kv;
    enum nr_half half = nr_kind_half(rec->kind);
    uint32_t blob, key;
    int err = d->commit_error[half];
    if (!err) err = nr_mem_keys_take(nr_blob_pool_keys(d->pool, half), key_hash, rec, &key);
    if (!err) err = nr_blob_take(d->pool, rec->raw, &blob);
    return err ? err : swap_record(d, half, key, blob);
}

static uint32_t blob_under(const struct nr_memdisk *d, enum nr_half half, uint64_t key_hash)
{
    return nr_mem_records_get(&d->records[half], nr_mem_keys_find(d->records[half].keys, key_hash));
}

static int rec_get(void *kv, uint64_t key_hash, struct nr_bytes *raw)
{
    struct nr_memdisk *d = kv;
    for (int h = 0; h < NR_HALVES; h++) {
        uint32_t blob = blob_under(d, (enum nr_half)h, key_hash);
        if (blob == NR_NO_BLOB) continue;
        *raw = nr_blob_bytes(d->pool, blob);
        return 0;
    }
    return NR_E_NOT_FOUND;
}

static int rec_del(void *kv, uint64_t key_hash, const struct nr_record *rec)
{
    struct nr_memdisk *d = kv;
    enum nr_half half = nr_kind_half(rec->kind);
    if (blob_under(d, half, key_hash) == NR_NO_BLOB) return 0;
    return swap_record(d, half, nr_mem_keys_find(d->records[half].keys, key_hash), NR_NO_BLOB);
}

static int rec_each(void *kv, enum nr_half half, nr_store_record_fn *each, void *arg)
{
    return nr_mem_records_each(&((struct nr_memdisk *)kv)->records[half], each, arg);
}

static int rec_each_of(void *kv, uint8_t kind, struct nr_bytes subject, nr_store_record_fn *each, void *arg)
{
    return nr_mem_records_each_of(&((struct nr_memdisk *)kv)->records[nr_kind_half(kind)], kind, subject, each, arg);
}

static int kv_commit(void *kv, enum nr_half half)
{
    struct nr_memdisk *d = kv;
    if (!d->undo[half].count) return 0;
    d->commit_error[half] = injected(d);
    if (d->commit_error[half]) return d->commit_error[half];
    drop_undo(d, &d->undo[half]);
    d->commits[half]++;
    return 0;
}

static size_t kv_staged(const void *kv, enum nr_half half)
{
    return ((const struct nr_memdisk *)kv)->undo[half].count;
}

static int kv_clear_stale_readers(void *kv)
{
    (void)kv;
    return 0; /* nobody else can read it */
}

static void kv_info(void *kv, struct nr_store_info *out)
{
    const struct nr_memdisk *d = kv;
    out->health = d->commit_error[NR_REGISTRY] ? d->commit_error[NR_REGISTRY] : d->commit_error[NR_PULSE];
    out->records = d->records[NR_REGISTRY].living + d->records[NR_PULSE].living;
    out->commits = d->commits[NR_REGISTRY];
    out->pulse_commits = d->commits[NR_PULSE];
}

static const struct nr_kv_ops mem_ops = {
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

int nr_store_open_memory(struct nr_store **out, struct nr_memdisk *disk, bool views,
                         const struct nr_store_options *options)
{
    if (disk->open) return NR_E_BUSY;
    disk->open = true;
    return nr_store_new(out, &mem_ops, disk, views, options);
}
