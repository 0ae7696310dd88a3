/* One node: its entry in NODES, when it was last heard from LIVE, and its status at the moment asked for. */
#include "nr/impl.h"

/* Looks up by a search. */
static int find_live(struct nr_snapshot *s, struct nr_bytes node_id, struct nr_live *live)
{
    struct nr_bytes value;
    int err = nr_read_get(s->hot, NR_T_LIVE, node_id, &value);
    return err ? err : nr_live_read(value, live);
}

/* Moves the place so that its key is the first that is not below node_id. */
static int move_live(struct nr_snapshot *s, struct nr_bytes node_id)
{
    struct nr_live_place *p = &s->live_place;
    struct nr_bytes value;
    enum nr_read_move move = NR_READ_FROM;
    if (p->valid && !p->at_end && nr_bytes_cmp(p->key, node_id) < 0)
        move = NR_READ_NEXT; /* most likely the very next */
    for (;;) {
        p->valid = false;
        struct nr_bytes key = node_id;
        int err = nr_read_move(s->hot, NR_T_LIVE, NR_READ_WALK, move, &key, &value);
        if (err && err != NR_E_NOT_FOUND) return err;
        p->at_end = err == NR_E_NOT_FOUND;
        p->key = key;
        p->floor = node_id;
        if (!p->at_end && nr_live_read(value, &p->live)) return NR_E_CORRUPT;
        p->valid = true;
        if (p->at_end || nr_bytes_cmp(p->key, node_id) >= 0) return 0;
        move = NR_READ_FROM;
    }
}

/* Looks up by stepping on from the last one. */
static int walk_live(struct nr_snapshot *s, struct nr_bytes node_id, struct nr_live *live)
{
    struct nr_live_place *p = &s->live_place;
    bool between =
        p->valid && nr_bytes_cmp(p->floor, node_id) <= 0 && (p->at_end || nr_bytes_cmp(node_id, p->key) <= 0);
    if (!between) {
        int err = move_live(s, node_id);
        if (err) return err;
    }
    if (p->at_end || !nr_bytes_eq(p->key, node_id)) return NR_E_NOT_FOUND;
    *live = p->live;
    return 0;
}

static void copy_texts(struct nr_node *out, const struct nr_node_view *v)
{
    memcpy(out->id, v->head.id, sizeof out->id);
    out->hostname = nr_text_of(v->hostname);
    out->ip = nr_text_of(v->ip);
    out->role = nr_text_of(v->role);
    out->label_count = v->head.label_count;
    out->labels_ = v->labels.data;
    out->metadata = v->metadata.len ? v->metadata.data : NULL;
    out->metadata_len = v->metadata.len;
    out->json_head = nr_text_of(v->json_head);
    out->json_tail = nr_text_of(v->json_tail);
    out->json_full = nr_text_of(v->json_full);
}

int nr_node_fill(struct nr_snapshot *s, struct nr_bytes node_id, struct nr_bytes value, int64_t now_ms, bool walking,
                 struct nr_node *out)
{
    struct nr_node_view v;
    struct nr_live live = { 0 };
    int err = nr_node_view_read(value, &v);
    if (err) return err;
    if (now_ms >= v.head.ends_ms) return NR_E_NOT_FOUND;
    err = walking ? walk_live(s, node_id, &live) : find_live(s, node_id, &live);
    if (err && err != NR_E_NOT_FOUND) return err;

    struct nr_liveness l = {
        .last_heartbeat_ms = live.last_ms > v.head.updated_at_ms ? live.last_ms : v.head.updated_at_ms,
        .interval_ms = live.interval_ms,
        .declared = (enum nr_state)v.head.state,
        .gone_until_ms = live.gone_until_ms,
    };
    int64_t turns_at;
    enum nr_status status = nr_status_at(&l, &s->registry->thresholds, now_ms, &turns_at);
    if (status == NR_STATUS_FORGOTTEN) return NR_E_NOT_FOUND;

    copy_texts(out, &v);
    out->node_id = nr_text_of(node_id);
    out->status = (enum nr_node_status)status;
    out->status_turns_at_ms = turns_at < v.head.ends_ms ? turns_at : v.head.ends_ms;
    out->last_heartbeat_ms = l.last_heartbeat_ms;
    out->created_at_ms = v.head.created_at_ms;
    out->updated_at_ms = v.head.updated_at_ms;
    out->interval_ms = live.interval_ms;
    out->self = v.head.self;
    out->signer = value.data + offsetof(struct nr_node_head, signer);
    return 0;
}

int nr_node_get(nr_snapshot *s, const char *node_id, size_t len, int64_t now_ms, struct nr_node *out)
{
    struct nr_bytes key = nr_bytes(node_id, len), value;
    if (!s->begun) return NR_E_INVALID;
    if (len == 0 || len > NR_SUBJECT_MAX) return NR_E_NOT_FOUND;
    int err = nr_read_move(s->cold, NR_T_NODES, NR_READ_LOOK, NR_READ_AT, &key, &value);
    return err ? err : nr_node_fill(s, key, value, now_ms, false, out);
}

/* A label is a length byte and its bytes. */
struct nr_text nr_node_label(const struct nr_node *node, uint32_t index)
{
    const uint8_t *p = node->labels_;
    if (index >= node->label_count) return (struct nr_text){ 0 };
    for (; index; index--) p += 1 + *p;
    return (struct nr_text){ .data = (const char *)p + 1, .len = *p };
}

bool nr_node_has_label(const struct nr_node *node, const char *label, size_t len)
{
    const uint8_t *p = node->labels_;
    for (uint32_t i = 0; i < node->label_count; i++, p += 1 + *p) {
        if (*p == len && memcmp(p + 1, label, len) == 0) return true;
    }
    return false;
}
