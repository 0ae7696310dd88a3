/* LIVE: when each node was last heard, and what its observers say of it. */
#include "store/store_impl.h"

#include "crypto/crypto.h"
#include "proto/body.h"

/* Whose word counts for a node (proto/README.md A.7). */
struct speaker {
    bool there; /* readers see the node */
    bool self;  /* only this signer's heartbeats count; else everybody's */
    uint8_t signer[NR_KEY_SIZE];
};

static int find_speaker(struct nr_store *s, struct nr_bytes node_id, struct speaker *out)
{
    struct nr_bytes value;
    struct nr_node_view view;
    *out = (struct speaker){ 0 };
    int err = s->ops->get(s->kv, NR_T_NODES, node_id, &value);
    if (err) return err == NR_E_NOT_FOUND ? 0 : err;
    err = nr_node_view_read(value, &view);
    if (err) return err;
    out->there = true;
    out->self = view.head.self;
    memcpy(out->signer, view.head.signer, NR_KEY_SIZE);
    return 0;
}

static bool counts(const struct speaker *sp, const uint8_t signer[static NR_KEY_SIZE])
{
    return !sp->self || memcmp(sp->signer, signer, NR_KEY_SIZE) == 0;
}

int nr_live_counts(struct nr_store *s, const struct nr_record *beat, bool *out)
{
    struct speaker sp;
    int err = find_speaker(s, beat->subject, &sp);
    *out = !err && counts(&sp, beat->signer);
    return err;
}

/* Zeroed where there is none. */
static int read_live(struct nr_store *s, struct nr_bytes node_id, struct nr_live *live)
{
    struct nr_bytes value;
    *live = (struct nr_live){ 0 };
    int err = s->ops->get(s->kv, NR_T_LIVE, node_id, &value);
    if (err) return err == NR_E_NOT_FOUND ? 0 : err;
    return nr_live_read(value, live);
}

/* A row that says nothing goes. */
static int write_live(struct nr_store *s, struct nr_bytes node_id, const struct nr_live *live)
{
    if (!live->last_ms && !live->gone_until_ms) return s->ops->del(s->kv, NR_T_LIVE, node_id);
    return s->ops->put(s->kv, NR_T_LIVE, node_id, nr_bytes(live, sizeof *live));
}

static bool is_judged(const struct nr_live *live, const struct speaker *sp)
{
    return live->gone_until_ms && sp->self && memcmp(live->gone_key8, sp->signer, sizeof live->gone_key8) == 0;
}

struct newest {
    struct nr_winner winner;
    const struct speaker *speaker;
    int64_t wall_ms;
};

static int feed(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    struct newest *n = arg;
    (void)key_hash;
    if (counts(n->speaker, rec->signer)) nr_winner_feed(&n->winner, rec, nr_record_id(rec->raw), n->wall_ms);
    return 0;
}

/* The newest living heartbeat of those that count. What observers say stays while it is about who speaks for the node.
 */
int nr_live_refresh(struct nr_store *s, struct nr_bytes node_id, int64_t wall_ms)
{
    struct nr_heartbeat_body body = { 0 };
    struct speaker sp;
    struct nr_live live;
    struct newest n = { .speaker = &sp, .wall_ms = wall_ms };
    nr_winner_init(&n.winner);
    int err = find_speaker(s, node_id, &sp);
    if (!err) err = s->ops->rec_each_of(s->kv, NR_KIND_HEARTBEAT, node_id, feed, &n);
    if (!err && n.winner.any) err = nr_heartbeat_body_decode(n.winner.rec.body, &body);
    if (!err) err = read_live(s, node_id, &live);
    if (err) return err;
    live.last_ms = n.winner.any ? nr_stamp_ms(n.winner.rec.stamp) : 0;
    live.interval_ms = body.interval_ms;
    if (!is_judged(&live, &sp)) live.gone_until_ms = 0;
    err = write_live(s, node_id, &live);
    return err || sp.there || n.winner.any ? err : nr_history_drop(s, node_id);
}

int nr_live_judge(struct nr_store *s, struct nr_bytes node_id, const uint8_t key[static NR_KEY_SIZE], int64_t until_ms)
{
    struct speaker sp;
    struct nr_live live;
    int err = find_speaker(s, node_id, &sp);
    if (err || !sp.self || memcmp(sp.signer, key, NR_KEY_SIZE) != 0) return err;
    err = read_live(s, node_id, &live);
    if (err || live.gone_until_ms == until_ms) return err;
    live.gone_until_ms = until_ms;
    memcpy(live.gone_key8, key, sizeof live.gone_key8);
    return write_live(s, node_id, &live);
}

struct judged {
    struct nr_store_key key;
    struct nr_live live;
};

static int find_judged(void *arg, struct nr_bytes key, struct nr_bytes value)
{
    struct judged *j = arg;
    if (nr_live_read(value, &j->live) || key.len > sizeof j->key.data) return NR_E_CORRUPT;
    if (!j->live.gone_until_ms) return 0;
    memcpy(j->key.data, key.data, key.len);
    j->key.len = key.len;
    return 1;
}

int nr_live_unjudge(struct nr_store *s)
{
    struct judged j = { 0 };
    int err;
    while ((err = s->ops->scan(s->kv, NR_T_LIVE, nr_key_bytes(&j.key), find_judged, &j)) == 1) {
        j.live.gone_until_ms = 0;
        err = write_live(s, nr_key_bytes(&j.key), &j.live);
        if (err) return err;
    }
    return err;
}
