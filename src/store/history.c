/* The last heartbeats of each node: `node_id 00` holds how many follow it, the oldest first. */
#include "store/store_impl.h"

#include "base/assert.h"

/* Up to so many nodes each has its full history. Beyond, where heartbeats are made more seldom too, all together have
 * no more than these would: what is kept of a node reaches back as far as before. */
#define FULL_NODES 2000u
#define LEAST      2u

static uint32_t most_of_one(struct nr_store *s)
{
    uint64_t nodes = s->ops->count(s->kv, NR_T_NODES);
    if (nodes <= FULL_NODES) return s->history_per_node;
    uint64_t share = (uint64_t)s->history_per_node * FULL_NODES / nodes;
    uint32_t least = s->history_per_node < LEAST ? s->history_per_node : LEAST;
    return share > least ? (uint32_t)share : least;
}

static int read_count(struct nr_store *s, struct nr_bytes count_key, uint32_t *count)
{
    struct nr_bytes value, rest;
    int err = s->ops->get(s->kv, NR_T_HISTORY, count_key, &value);
    *count = 0;
    if (err) return err == NR_E_NOT_FOUND ? 0 : err;
    return nr_head_read(value, count, sizeof *count, &rest);
}

struct first {
    struct nr_bytes prefix;
    struct nr_store_key key;
    bool found;
};

static int take_first(void *arg, struct nr_bytes key, struct nr_bytes value)
{
    struct first *f = arg;
    (void)value;
    if (!nr_has_prefix(key, f->prefix)) return 1;
    if (key.len == f->prefix.len) return 0;
    if (key.len > sizeof f->key.data) return NR_E_CORRUPT;
    memcpy(f->key.data, key.data, key.len);
    f->key.len = key.len;
    f->found = true;
    return 1;
}

/* Removes the oldest entry of a node; *found says whether there was one. */
static int drop_oldest(struct nr_store *s, struct nr_bytes count_key, bool *found)
{
    struct first f = { .prefix = count_key };
    int err = s->ops->scan(s->kv, NR_T_HISTORY, count_key, take_first, &f);
    *found = f.found;
    if (err < 0) return err;
    return f.found ? s->ops->del(s->kv, NR_T_HISTORY, nr_key_bytes(&f.key)) : 0;
}

static int put_beat(struct nr_store *s, struct nr_bytes key, const struct nr_heartbeat_body *body)
{
    struct nr_beat_head head = { .interval_ms = body->interval_ms,
                                 .has_status = body->has_status,
                                 .status = (uint8_t)body->status };
    nr_buf_reset(&s->fresh);
    nr_buf_add(&s->fresh, &head, sizeof head);
    if (body->metrics.len) nr_buf_add(&s->fresh, body->metrics.data, body->metrics.len);
    if (s->fresh.err) return s->fresh.err;
    return s->ops->put(s->kv, NR_T_HISTORY, key, nr_buf_bytes(&s->fresh));
}

int nr_history_add(struct nr_store *s, const struct nr_record *beat)
{
    struct nr_heartbeat_body body;
    struct nr_store_key key, count_key;
    struct nr_bytes old;
    uint32_t count, most = most_of_one(s);
    bool found = true;
    int err = nr_heartbeat_body_decode(beat->body, &body);
    if (err) return err;
    nr_key_beat(&key, beat->subject, beat->stamp, beat->signer);
    nr_key_index(&count_key, beat->subject, nr_bytes(NULL, 0));

    err = s->ops->get(s->kv, NR_T_HISTORY, nr_key_bytes(&key), &old);
    if (err != NR_E_NOT_FOUND) return err; /* there already, or an error */
    err = read_count(s, nr_key_bytes(&count_key), &count);
    if (err) return err;
    err = put_beat(s, nr_key_bytes(&key), &body);
    if (err) return err;
    count++;
    while (!err && found && count > most) {
        err = drop_oldest(s, nr_key_bytes(&count_key), &found);
        count--;
    }
    return err ? err : s->ops->put(s->kv, NR_T_HISTORY, nr_key_bytes(&count_key), nr_bytes(&count, sizeof count));
}

int nr_history_drop(struct nr_store *s, struct nr_bytes node_id)
{
    struct nr_store_key count_key;
    bool found = true;
    int err = 0;
    nr_key_index(&count_key, node_id, nr_bytes(NULL, 0));
    while (!err && found) err = drop_oldest(s, nr_key_bytes(&count_key), &found);
    return err ? err : s->ops->del(s->kv, NR_T_HISTORY, nr_key_bytes(&count_key));
}
