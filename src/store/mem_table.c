#include "store/mem_table.h"

#include <stdlib.h>

#include "base/assert.h"

void nr_mem_table_fini(struct nr_mem_table *t)
{
    for (size_t i = 0; i < t->count; i++) free(t->items[i]);
    free(t->items);
    *t = (struct nr_mem_table){ 0 };
}

struct nr_mem_item *nr_mem_item_new(struct nr_bytes key, struct nr_bytes value)
{
    struct nr_mem_item *item = malloc(sizeof *item + key.len + value.len);
    if (!item) return NULL;
    item->key_len = (uint32_t)key.len;
    item->value_len = (uint32_t)value.len;
    item->absent = false;
    if (key.len) memcpy(item->bytes, key.data, key.len);
    if (value.len) memcpy(item->bytes + key.len, value.data, value.len);
    return item;
}

struct nr_mem_item *nr_mem_item_new_absent(struct nr_bytes key)
{
    struct nr_mem_item *item = nr_mem_item_new(key, nr_bytes(NULL, 0));
    if (item) item->absent = true;
    return item;
}

struct nr_bytes nr_mem_item_key(const struct nr_mem_item *item)
{
    return nr_bytes(item->bytes, item->key_len);
}

struct nr_bytes nr_mem_item_value(const struct nr_mem_item *item)
{
    return nr_bytes(item->bytes + item->key_len, item->value_len);
}

/* The place of the first item whose key is not below `key`. */
static size_t place(const struct nr_mem_table *t, struct nr_bytes key)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (nr_bytes_cmp(nr_mem_item_key(t->items[mid]), key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool stands_at(const struct nr_mem_table *t, size_t i, struct nr_bytes key)
{
    return i < t->count && nr_bytes_eq(nr_mem_item_key(t->items[i]), key);
}

const struct nr_mem_item *nr_mem_table_get(const struct nr_mem_table *t, struct nr_bytes key)
{
    size_t i = place(t, key);
    return stands_at(t, i, key) ? t->items[i] : NULL;
}

int nr_mem_table_reserve(struct nr_mem_table *t)
{
    if (t->count < t->cap) return 0;
    size_t cap = t->cap ? t->cap * 2 : 8;
    struct nr_mem_item **items = realloc(t->items, cap * sizeof(*items));
    if (!items) return NR_E_NOMEM;
    t->items = items;
    t->cap = cap;
    return 0;
}

struct nr_mem_item *nr_mem_table_swap(struct nr_mem_table *t, struct nr_mem_item *item)
{
    size_t i = place(t, nr_mem_item_key(item));
    struct nr_mem_item *old = stands_at(t, i, nr_mem_item_key(item)) ? t->items[i] : NULL;
    if (item->absent) {
        if (old) memmove(t->items + i, t->items + i + 1, (--t->count - i) * sizeof *t->items);
        free(item);
        return old;
    }
    if (!old) {
        nr_assert(t->count < t->cap);
        memmove(t->items + i + 1, t->items + i, (t->count++ - i) * sizeof *t->items);
    }
    t->items[i] = item;
    return old;
}

int nr_mem_table_scan(const struct nr_mem_table *t, struct nr_bytes from, nr_kv_scan_fn *each, void *arg)
{
    int err = 0;
    for (size_t i = place(t, from); i < t->count && !err; i++) {
        err = each(arg, nr_mem_item_key(t->items[i]), nr_mem_item_value(t->items[i]));
    }
    return err;
}

int nr_mem_table_last(const struct nr_mem_table *t, nr_kv_scan_fn *each, void *arg)
{
    if (!t->count) return 0;
    const struct nr_mem_item *item = t->items[t->count - 1];
    return each(arg, nr_mem_item_key(item), nr_mem_item_value(item));
}
