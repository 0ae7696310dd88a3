#include "store/mem_records.h"

#include <stdlib.h>

#include "base/assert.h"

void nr_mem_records_init(struct nr_mem_records *r, struct nr_blob_pool *pool, enum nr_half half)
{
    *r = (struct nr_mem_records){ .pool = pool, .keys = nr_blob_pool_keys(pool, half) };
}

void nr_mem_records_fini(struct nr_mem_records *r)
{
    for (uint32_t i = 0; i < r->cap; i++)
        if (r->at[i]) nr_blob_release(r->pool, r->at[i] - 1);
    free(r->at);
    *r = (struct nr_mem_records){ .pool = r->pool, .keys = r->keys };
}

uint32_t nr_mem_records_get(const struct nr_mem_records *r, uint32_t key)
{
    return key < r->cap && r->at[key] ? r->at[key] - 1 : NR_NO_BLOB;
}

/* By an eighth: thousands of these grow to one size and stay there. */
static int make_room(struct nr_mem_records *r, uint32_t key)
{
    if (key < r->cap) return 0;
    uint32_t cap = key + key / 8 + 16;
    uint32_t *at = realloc(r->at, cap * sizeof *at);
    if (!at) return NR_E_NOMEM;
    memset(at + r->cap, 0, (cap - r->cap) * sizeof *at);
    r->at = at;
    r->cap = cap;
    return 0;
}

int nr_mem_records_swap(struct nr_mem_records *r, uint32_t key, uint32_t blob, uint32_t *old)
{
    *old = nr_mem_records_get(r, key);
    int err = blob == NR_NO_BLOB ? 0 : make_room(r, key);
    if (err) return err;
    r->living += (uint32_t)(blob != NR_NO_BLOB) - (uint32_t)(*old != NR_NO_BLOB);
    if (key < r->cap) r->at[key] = blob == NR_NO_BLOB ? 0 : blob + 1;
    return 0;
}

static int hand_out(const struct nr_mem_records *r, uint32_t key, nr_store_record_fn *each, void *arg)
{
    struct nr_record rec;
    uint32_t blob = nr_mem_records_get(r, key);
    if (blob == NR_NO_BLOB) return 0;
    nr_record_reread(nr_blob_bytes(r->pool, blob), &rec);
    return each(arg, r->keys->at[key]->key_hash, &rec);
}

int nr_mem_records_each(const struct nr_mem_records *r, nr_store_record_fn *each, void *arg)
{
    int err = 0;
    if (!r->living) return 0;
    const uint32_t *sorted = nr_mem_keys_sorted(r->keys);
    if (!sorted) return NR_E_NOMEM;
    for (uint32_t i = 0, n = r->keys->sorted_count; i < n && !err; i++) err = hand_out(r, sorted[i], each, arg);
    return err;
}

int nr_mem_records_each_of(const struct nr_mem_records *r, uint8_t kind, struct nr_bytes subject,
                           nr_store_record_fn *each, void *arg)
{
    uint32_t key = nr_mem_keys_of(r->keys, kind, subject);
    int err = 0;
    for (; key != NR_NO_INDEX && !err; key = r->keys->at[key]->next) err = hand_out(r, key, each, arg);
    return err;
}
