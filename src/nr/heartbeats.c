/* A node's history: its entries in HISTORY, walked from the newest down to the one that holds their number. */
#include "nr/impl.h"
#include "proto/record.h"

/* Puts the position on the newest entry: the one before the first key that cannot be this node's. */
static int newest(struct nr_snapshot *s, const struct nr_store_key *prefix, struct nr_bytes *key,
                  struct nr_bytes *value)
{
    struct nr_store_key beyond = *prefix;
    beyond.data[beyond.len - 1] = 1;
    *key = nr_key_bytes(&beyond);
    int err = nr_read_move(s->hot, NR_T_HISTORY, NR_READ_WALK, NR_READ_FROM, key, value);
    if (err && err != NR_E_NOT_FOUND) return err;
    return nr_read_move(s->hot, NR_T_HISTORY, NR_READ_WALK, err ? NR_READ_LAST : NR_READ_PREV, key, value);
}

/* What a node declares, as what a reader sees. */
static enum nr_node_status status_of(uint8_t state)
{
    switch ((enum nr_state)state) {
    case NR_STATE_DEGRADED: return NR_NODE_DEGRADED;
    case NR_STATE_MAINTENANCE: return NR_NODE_MAINTENANCE;
    case NR_STATE_DRAINING: return NR_NODE_DRAINING;
    case NR_STATE_LEFT: return NR_NODE_LEFT;
    case NR_STATE_OFFLINE: return NR_NODE_OFFLINE;
    case NR_STATE_ONLINE: break;
    }
    return NR_NODE_ONLINE;
}

static int read_beat(struct nr_bytes key, size_t prefix_len, struct nr_bytes value, struct nr_heartbeat *out)
{
    struct nr_beat_head head;
    struct nr_bytes metrics;
    int err = nr_head_read(value, &head, sizeof head, &metrics);
    if (err || key.len != prefix_len + 8 + NR_KEY_SIZE) return NR_E_CORRUPT;
    *out = (struct nr_heartbeat){
        .at_ms = nr_stamp_ms(nr_be64(key.data + prefix_len)),
        .has_status = head.has_status,
        .status = status_of(head.status),
        .interval_ms = head.interval_ms,
        .signer = key.data + prefix_len + 8,
        .metrics = metrics.len ? metrics.data : NULL,
        .metrics_len = metrics.len,
    };
    return 0;
}

int nr_heartbeat_each(nr_snapshot *s, const char *node_id, size_t len, int64_t since_ms, size_t limit,
                      int (*each)(void *arg, const struct nr_heartbeat *heartbeat), void *arg)
{
    struct nr_store_key prefix;
    struct nr_bytes key, value;
    if (!s->begun) return NR_E_INVALID;
    if (len == 0 || len > NR_SUBJECT_MAX) return 0;
    nr_key_index(&prefix, nr_bytes(node_id, len), nr_bytes(NULL, 0));
    int err = newest(s, &prefix, &key, &value);
    for (size_t n = 0; !err && (limit == 0 || n < limit); n++) {
        struct nr_heartbeat beat;
        if (!nr_has_prefix(key, nr_key_bytes(&prefix)) || key.len == prefix.len) return 0;
        err = read_beat(key, prefix.len, value, &beat);
        if (err) return err;
        if (beat.at_ms < since_ms) return 0;
        err = each(arg, &beat);
        if (err) return err;
        err = nr_read_move(s->hot, NR_T_HISTORY, NR_READ_WALK, NR_READ_PREV, &key, &value);
    }
    return err == NR_E_NOT_FOUND ? 0 : err;
}
