/* The change log, named values, and what the store says of itself. */
#include "nr/impl.h"

static int read_change(struct nr_bytes key, struct nr_bytes value, struct nr_change *out)
{
    struct nr_change_head h;
    struct nr_bytes subject;
    int err = nr_head_read(value, &h, sizeof h, &subject);
    if (err || key.len != 8) return NR_E_CORRUPT;
    *out = (struct nr_change){
        .seq = nr_be64(key.data),
        .at_ms = h.at_ms,
        .what = (enum nr_change_what)h.what,
        .profile = h.profile,
        .subject = nr_text_of(subject),
        .signer = h.has_signer ? value.data + offsetof(struct nr_change_head, signer) : NULL,
        .stamp = h.stamp,
    };
    return 0;
}

int nr_change_each(nr_snapshot *s, uint64_t after, int (*each)(void *arg, const struct nr_change *c), void *arg)
{
    struct nr_store_key from;
    struct nr_bytes key, value;
    struct nr_change c;
    if (!s->begun) return NR_E_INVALID;
    if (after == UINT64_MAX) return 0;
    nr_key_number(&from, after + 1);
    key = nr_key_bytes(&from);
    int err = nr_read_move(s->cold, NR_T_LOG, NR_READ_WALK, NR_READ_FROM, &key, &value);
    while (!err) {
        err = read_change(key, value, &c);
        if (!err) err = each(arg, &c);
        if (err) return err;
        err = nr_read_move(s->cold, NR_T_LOG, NR_READ_WALK, NR_READ_NEXT, &key, &value);
    }
    return err == NR_E_NOT_FOUND ? 0 : err;
}

uint64_t nr_change_newest(nr_snapshot *s)
{
    struct nr_bytes key = { 0 }, value;
    if (!s->begun || nr_read_move(s->cold, NR_T_LOG, NR_READ_LOOK, NR_READ_LAST, &key, &value) || key.len != 8)
        return 0;
    return nr_be64(key.data);
}

int nr_meta_get(nr_snapshot *s, const char *name, const void **data, size_t *len)
{
    struct nr_bytes value;
    if (!s->begun) return NR_E_INVALID;
    if (name[0] == '.' || name[0] == 0) return NR_E_NOT_FOUND; /* the store's own */
    if (strlen(name) > NR_SUBJECT_MAX) return NR_E_NOT_FOUND;
    int err = nr_read_get(s->cold, NR_T_META, nr_bytes_str(name), &value);
    if (err) return err;
    *data = value.data;
    *len = value.len;
    return 0;
}

int nr_store_facts(nr_snapshot *s, struct nr_store_facts *out)
{
    struct nr_read_env_facts cold, hot;
    if (!s->begun) return NR_E_INVALID;
    nr_read_env_facts(s->registry->cold, &cold);
    nr_read_env_facts(s->pulse->env, &hot);
    *out = (struct nr_store_facts){
        .registry_bytes = cold.used_bytes,
        .pulse_bytes = hot.used_bytes,
        .registry_map_bytes = cold.map_bytes,
        .pulse_map_bytes = hot.map_bytes,
        .records = nr_read_count(s->cold, NR_T_RECORDS),
        .heartbeats = nr_read_count(s->hot, NR_T_PULSE_RECORDS),
        .nodes = nr_read_count(s->cold, NR_T_NODES),
        .profiles = nr_read_count(s->cold, NR_T_PROFILES),
        .evidence = nr_read_count(s->cold, NR_T_EVIDENCE),
        .changes = nr_read_count(s->cold, NR_T_LOG),
        .schema = NR_SCHEMA, /* another one would not have been opened */
        .readers = cold.readers,
    };
    return 0;
}

int nr_store_table_each(nr_snapshot *s, int (*each)(void *arg, const char *half, const char *table, uint64_t entries),
                        void *arg)
{
    if (!s->begun) return NR_E_INVALID;
    for (int t = 0; t < NR_TABLE_COUNT; t++) {
        bool hot = nr_table_halves[t] == NR_PULSE;
        uint64_t entries = nr_read_count(hot ? s->hot : s->cold, (enum nr_table)t);
        int err = each(arg, hot ? "pulse" : "registry", nr_table_names[t], entries);
        if (err) return err;
    }
    return 0;
}
