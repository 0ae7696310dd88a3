#include "tools/nodectl/names.h"

#include <stdlib.h>

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, NR_KEY_SIZE);
}

int ctl_names_init(struct ctl_names *names, nr_snapshot *snapshot, int64_t now_ms)
{
    nr_buf_init(&names->entries, 0);
    const struct nr_node_filter all = { 0 };
    struct nr_node_cursor cursor;
    struct nr_node node;
    int err = nr_node_first(snapshot, &all, now_ms, &cursor, &node);
    for (; err == 0; err = nr_node_next(&cursor, &node)) {
        if (!node.self || node.node_id.len > NR_SUBJECT_MAX) continue;
        struct ctl_name name = { 0 };
        memcpy(name.key, node.signer, sizeof name.key);
        memcpy(name.node_id, node.node_id.data, node.node_id.len);
        nr_buf_add(&names->entries, &name, sizeof name);
    }
    if (names->entries.err) return names->entries.err;
    if (names->entries.len > 0)
        qsort(names->entries.data, names->entries.len / sizeof(struct ctl_name), sizeof(struct ctl_name), by_key);
    return err == NR_ERR_NOT_FOUND ? 0 : err;
}

void ctl_names_fini(struct ctl_names *names)
{
    nr_buf_fini(&names->entries);
}

const char *ctl_name_of(const struct ctl_names *names, const uint8_t *key)
{
    if (!key || names->entries.len == 0) return NULL;
    const struct ctl_name *name =
        bsearch(key, names->entries.data, names->entries.len / sizeof *name, sizeof *name, by_key);
    return name ? name->node_id : NULL;
}
