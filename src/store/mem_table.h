/* A table in memory: items in the order of their keys. */
#ifndef NR_STORE_MEM_TABLE_H
#define NR_STORE_MEM_TABLE_H

#include "store/kv.h"

struct nr_mem_item {
    uint32_t key_len, value_len;
    bool absent; /* stands for "there was none" in a list of what to undo */
    uint8_t bytes[];
};

struct nr_mem_table {
    struct nr_mem_item **items;
    size_t count, cap;
};

void nr_mem_table_fini(struct nr_mem_table *t);
/* NULL when memory is short. */
struct nr_mem_item *nr_mem_item_new(struct nr_bytes key, struct nr_bytes value);
struct nr_mem_item *nr_mem_item_new_absent(struct nr_bytes key);
struct nr_bytes nr_mem_item_key(const struct nr_mem_item *item);
struct nr_bytes nr_mem_item_value(const struct nr_mem_item *item);
const struct nr_mem_item *nr_mem_table_get(const struct nr_mem_table *t, struct nr_bytes key); /* or NULL */
/* Makes room for one more, so that the next swap cannot fail. */
int nr_mem_table_reserve(struct nr_mem_table *t) NR_MUST_CHECK;
/* Takes `item`; an absent one removes. Hands out what stood there, or NULL. */
struct nr_mem_item *nr_mem_table_swap(struct nr_mem_table *t, struct nr_mem_item *item);
int nr_mem_table_scan(const struct nr_mem_table *t, struct nr_bytes from, nr_kv_scan_fn *each, void *arg) NR_MUST_CHECK;
int nr_mem_table_last(const struct nr_mem_table *t, nr_kv_scan_fn *each, void *arg) NR_MUST_CHECK;

#endif
