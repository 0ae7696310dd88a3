/* Why a node has its status: the node as readers see it, its observers' word, and what noded adds. */
#include "nr/standing_parts.h"

#include "nr/impl.h"
#include "proto/body.h"
#include "proto/record.h"

static_assert(NR_STANDING_OBSERVERS_MAX == NR_VERDICT_RANKS, "all whose VERDICTs can count have room");

/* The VERDICTs about a node that count (proto/README.md A.9.3), as far as a reader can tell: whether their signers rank
 * among the candidates was asked when they were taken. */
struct verdicts {
    struct nr_node_standing *s;
    int64_t now_ms;
    uint64_t own_stamp; /* the newest of the node's own */
};

static int find_own(void *arg, const struct nr_signed_record *raw)
{
    struct verdicts *v = arg;
    struct nr_record rec;
    if (nr_record_decode(nr_bytes(raw->data, raw->len), &rec) != 0) return 0;
    if (rec.kind != NR_KIND_NODE && rec.kind != NR_KIND_HEARTBEAT) return 0;
    if (memcmp(rec.signer, v->s->node.signer, NR_KEY_SIZE) == 0 && rec.stamp > v->own_stamp) v->own_stamp = rec.stamp;
    return 0;
}

static bool counts(const struct verdicts *v, const struct nr_record *rec, struct nr_verdict_body *body)
{
    if (rec->kind != NR_KIND_VERDICT || rec->stamp <= v->own_stamp) return false;
    if (v->now_ms >= nr_record_ends_ms(rec->stamp, rec->lease_s)) return false;
    if (nr_stamp_is_ahead(rec->stamp, v->now_ms)) return false;
    return nr_verdict_body_decode(rec->body, body) == 0 && memcmp(body->key, v->s->node.signer, NR_KEY_SIZE) == 0;
}

static int find_verdict(void *arg, const struct nr_signed_record *raw)
{
    struct verdicts *v = arg;
    struct nr_node_standing *s = v->s;
    struct nr_record rec;
    struct nr_verdict_body body;
    if (nr_record_decode(nr_bytes(raw->data, raw->len), &rec) != 0 || !counts(v, &rec, &body)) return 0;
    if (s->observer_count == NR_STANDING_OBSERVERS_MAX) return 0;
    struct nr_observer *o = &s->observers[s->observer_count++];
    *o = (struct nr_observer){ .says = NR_SAYS_GONE, .since_ms = body.since_ms };
    memcpy(o->key, rec.signer, NR_KEY_SIZE);
    s->against++;
    return 0;
}

static int read_verdicts(struct nr_snapshot *snapshot, struct nr_node_standing *s, int64_t now_ms)
{
    struct verdicts v = { .s = s, .now_ms = now_ms };
    if (!s->node.self) return 0;
    const struct nr_text id = s->node.node_id;
    int err = nr_record_each(snapshot, id.data, id.len, find_own, &v);
    return err ? err : nr_record_each(snapshot, id.data, id.len, find_verdict, &v);
}

/* What struct nr_node does not say. */
static int read_rest(struct nr_snapshot *snapshot, struct nr_bytes node_id, int64_t now_ms, struct nr_node_standing *s,
                     enum nr_state *declared)
{
    struct nr_bytes value;
    struct nr_node_view view;
    struct nr_live live = { 0 };
    int err = nr_read_get(snapshot->cold, NR_T_NODES, node_id, &value);
    if (!err) err = nr_node_view_read(value, &view);
    if (err) return err;
    *declared = (enum nr_state)view.head.state;
    err = nr_read_get(snapshot->hot, NR_T_LIVE, node_id, &value);
    if (!err) err = nr_live_read(value, &live);
    if (err && err != NR_E_NOT_FOUND) return err;
    s->gone_until_ms = now_ms < live.gone_until_ms ? live.gone_until_ms : 0;
    return 0;
}

/* Gives the keys their nodes' names. */
static int read_names(struct nr_snapshot *snapshot, int64_t now_ms, struct nr_bytes through, struct nr_node_standing *s)
{
    struct nr_node_cursor c;
    struct nr_node n;
    if (!s->observer_count && !through.len) return 0;
    int err = nr_node_first(snapshot, NULL, now_ms, &c, &n);
    for (; !err; err = nr_node_next(&c, &n)) {
        if (!n.self) continue;
        if (nr_bytes_eq(nr_bytes(n.signer, NR_KEY_SIZE), through)) s->heard_through = n.node_id;
        for (uint32_t i = 0; i < s->observer_count; i++) {
            if (memcmp(s->observers[i].key, n.signer, NR_KEY_SIZE) == 0) s->observers[i].node_id = n.node_id;
        }
    }
    return err == NR_E_NOT_FOUND ? 0 : err;
}

int nr_standing_read(nr_snapshot *snapshot, const char *node_id, size_t len, int64_t now_ms, const void *reply,
                     size_t reply_len, struct nr_node_standing *out)
{
    struct nr_node_standing s = { .heard_ms_ago = -1 };
    struct nr_bytes through = { 0 };
    enum nr_state declared = NR_STATE_ONLINE;
    int err = nr_node_get(snapshot, node_id, len, now_ms, &s.node);
    if (!err) err = read_rest(snapshot, nr_bytes(node_id, len), now_ms, &s, &declared);
    if (!err) {
        err = reply ? nr_standing_reply(&s, nr_bytes(reply, reply_len), &through) : read_verdicts(snapshot, &s, now_ms);
    }
    if (!err) err = read_names(snapshot, now_ms, through, &s);
    if (err) return err;
    nr_standing_why(&s, declared, &snapshot->registry->thresholds, now_ms);
    *out = s;
    return 0;
}
