/* Walks over nodes. The plan is one table: the index of the filter's first label, else of its role, else all nodes;
 * what the plan does not settle is asked of each node. A cursor remembers its last node_id and the number of the step
 * it took; when somebody else has moved the snapshot's position since, it finds its place by a search. */
#include "nr/impl.h"
#include "proto/mp.h"
#include "store/mpmap.h"

enum plan { PLAN_ALL, PLAN_ROLE, PLAN_LABEL };

static enum plan choose(const struct nr_node_filter *f)
{
    if (f && f->label_count) return PLAN_LABEL;
    return f && f->role ? PLAN_ROLE : PLAN_ALL;
}

static enum nr_table table_of(enum plan plan)
{
    return plan == PLAN_LABEL ? NR_T_LABELS : plan == PLAN_ROLE ? NR_T_ROLES : NR_T_NODES;
}

/* What the plan's keys begin with. NR_E_NOT_FOUND for a word that no index can hold. */
static int prefix_of(const struct nr_node_cursor *c, struct nr_store_key *key)
{
    key->len = 0;
    if (c->plan == PLAN_ALL) return 0;
    struct nr_bytes word = nr_bytes_str(c->plan == PLAN_LABEL ? c->filter->labels[0] : c->filter->role);
    if (word.len > NR_LABEL_MAX) return NR_E_NOT_FOUND;
    nr_key_index(key, word, nr_bytes(NULL, 0));
    return 0;
}

static void append(struct nr_store_key *key, const unsigned char *data, size_t len)
{
    if (len) memcpy(key->data + key->len, data, len); /* a word, a 00 and a node_id fit: tables.h */
    key->len += len;
}

/* Steps to the entry after the cursor's last one (or to the first), wherever the position is now. */
static int step(struct nr_node_cursor *c, const struct nr_store_key *prefix, struct nr_bytes *key,
                struct nr_bytes *value)
{
    struct nr_snapshot *s = c->snapshot;
    enum nr_table t = table_of((enum plan)c->plan);
    struct nr_store_key from = *prefix;
    int err;
    if (c->last_len && (uintptr_t)c->position == s->walk_serial) {
        *key = nr_bytes(NULL, 0);
        err = nr_read_move(s->cold, t, NR_READ_WALK, NR_READ_NEXT, key, value);
    } else {
        append(&from, c->last, c->last_len);
        *key = nr_key_bytes(&from);
        err = nr_read_move(s->cold, t, NR_READ_WALK, NR_READ_FROM, key, value);
        if (!err && c->last_len && nr_bytes_eq(*key, nr_key_bytes(&from))) {
            err = nr_read_move(s->cold, t, NR_READ_WALK, NR_READ_NEXT, key, value);
        }
    }
    c->position = (void *)(uintptr_t)++s->walk_serial;
    if (err) return err;
    return nr_has_prefix(*key, nr_key_bytes(prefix)) ? 0 : NR_E_NOT_FOUND;
}

/* Whether an item of metadata.capabilities counts as there: no nil, false or empty array, nor a map that says of itself
 * that it is not available. */
static bool is_set(struct nr_bytes item)
{
    struct nr_bytes available;
    if (nr_mp_find(item, "available", &available)) item = available;
    return item.len && item.data[0] != 0xc0 && item.data[0] != 0xc2 && item.data[0] != 0x90;
}

static bool array_has(struct nr_bytes array, struct nr_bytes word)
{
    struct nr_reader r;
    nr_reader_init(&r, array);
    uint32_t n = nr_mp_read_array(&r);
    for (uint32_t i = 0; i < n && !r.err; i++) {
        struct nr_bytes item = nr_mp_skip(&r, NR_DEPTH_MAX, false);
        struct nr_reader ir;
        nr_reader_init(&ir, item);
        struct nr_bytes text = nr_mp_read_str(&ir);
        if (!ir.err && nr_bytes_eq(text, word)) return true;
    }
    return false;
}

static bool has_capability(const struct nr_node *node, const char *capability)
{
    struct nr_bytes all, item;
    struct nr_reader r;
    if (!nr_mp_find(nr_bytes(node->metadata, node->metadata_len), "capabilities", &all)) return false;
    if (nr_mp_find(all, capability, &item)) return is_set(item);
    if (array_has(all, nr_bytes_str(capability))) return true;
    nr_reader_init(&r, all);
    uint32_t pairs = nr_mp_read_map(&r);
    for (uint32_t i = 0; i < pairs && !r.err; i++) {
        (void)nr_mp_read_str(&r);
        if (array_has(nr_mp_skip(&r, NR_DEPTH_MAX, false), nr_bytes_str(capability))) return true;
    }
    return false;
}

static bool has_type(const struct nr_node *node, const char *type)
{
    struct nr_bytes text;
    return nr_mp_find_str(nr_bytes(node->metadata, node->metadata_len), "node_type", &text) &&
           nr_bytes_eq(text, nr_bytes_str(type));
}

static bool passes(const struct nr_node_filter *f, const struct nr_node *n)
{
    if (!f) return true;
    if (f->by_status && n->status != f->status) return false;
    if (f->role && !nr_bytes_eq(nr_bytes(n->role.data, n->role.len), nr_bytes_str(f->role))) return false;
    for (size_t i = 0; i < f->label_count; i++) {
        if (!nr_node_has_label(n, f->labels[i], strlen(f->labels[i]))) return false;
    }
    if (f->type && !has_type(n, f->type)) return false;
    return !f->capability || has_capability(n, f->capability);
}

/* The entry of NODES that an entry of the plan's table stands for. */
static int resolve(struct nr_node_cursor *c, size_t prefix_len, struct nr_bytes *key, struct nr_bytes *value)
{
    if (c->plan == PLAN_ALL) return 0;
    *key = nr_bytes(key->data + prefix_len, key->len - prefix_len);
    int err = nr_read_move(c->snapshot->cold, NR_T_NODES, NR_READ_LOOK, NR_READ_AT, key, value);
    return err == NR_E_NOT_FOUND ? NR_E_CORRUPT : err;
}

int nr_node_next(struct nr_node_cursor *c, struct nr_node *out)
{
    struct nr_store_key prefix;
    struct nr_bytes key, value;
    int err = prefix_of(c, &prefix);
    while (!err) {
        err = step(c, &prefix, &key, &value);
        if (err) break;
        if (key.len - prefix.len > NR_SUBJECT_MAX) return NR_E_CORRUPT;
        c->last_len = key.len - prefix.len;
        memcpy(c->last, key.data + prefix.len, c->last_len);
        err = resolve(c, prefix.len, &key, &value);
        if (!err) err = nr_node_fill(c->snapshot, key, value, c->now_ms, true, out);
        if (!err && passes(c->filter, out)) return 0;
        if (err == NR_E_NOT_FOUND) err = 0; /* ended or forgotten: not for this moment */
    }
    return err;
}

int nr_node_first(nr_snapshot *s, const struct nr_node_filter *filter, int64_t now_ms, struct nr_node_cursor *c,
                  struct nr_node *out)
{
    if (!s->begun) return NR_E_INVALID;
    *c = (struct nr_node_cursor){ .snapshot = s, .filter = filter, .now_ms = now_ms, .plan = (int)choose(filter) };
    return nr_node_next(c, out);
}

/* A node that is forgotten now changes no more; so what is counted is all that can turn. */
int nr_node_count(nr_snapshot *s, int64_t now_ms, struct nr_node_counts *out)
{
    struct nr_node_cursor c;
    struct nr_node n;
    struct nr_node_counts counts = { .turns_at_ms = INT64_MAX };
    int err = nr_node_first(s, NULL, now_ms, &c, &n);
    for (; !err; err = nr_node_next(&c, &n)) {
        counts.total++;
        counts.by_status[n.status]++;
        if (n.status_turns_at_ms < counts.turns_at_ms) counts.turns_at_ms = n.status_turns_at_ms;
    }
    if (err != NR_E_NOT_FOUND) return err;
    *out = counts;
    return 0;
}
