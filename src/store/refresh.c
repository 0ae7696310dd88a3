/* Views for readers. The winner among a subject's records is laid out as a value; where that differs from what stands
 * there, the value, its index entries and a log entry are staged. What was read is copied before anything is written.
 */
#include "store/store_impl.h"

#include "crypto/crypto.h"
#include "nr/registry.h"
#include "proto/body.h"

struct feed {
    struct nr_winner winner;
    int64_t wall_ms;
    const uint8_t *only; /* of one signer; NULL: of all */
};

static int feed(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    struct feed *f = arg;
    (void)key_hash;
    if (f->only && memcmp(f->only, rec->signer, NR_KEY_SIZE) != 0) return 0;
    nr_winner_feed(&f->winner, rec, nr_record_id(rec->raw), f->wall_ms);
    return 0;
}

/* Copies the value under `key` into s->old; empty when there is none. */
static int copy_old(struct nr_store *s, enum nr_table t, struct nr_bytes key)
{
    struct nr_bytes value;
    nr_buf_reset(&s->old);
    int err = s->ops->get(s->kv, t, key, &value);
    if (err) return err == NR_E_NOT_FOUND ? 0 : err;
    nr_buf_add(&s->old, value.data, value.len);
    return s->old.err;
}

static int index_entry(struct nr_store *s, enum nr_table t, struct nr_bytes word, struct nr_bytes node_id, bool there)
{
    struct nr_store_key key;
    nr_key_index(&key, word, node_id);
    return there ? s->ops->put(s->kv, t, nr_key_bytes(&key), nr_bytes(NULL, 0))
                 : s->ops->del(s->kv, t, nr_key_bytes(&key));
}

/* Sets (or removes) the index entries of `of` that `other` does not have as well. */
static int index_difference(struct nr_store *s, struct nr_bytes node_id, const struct nr_node_view *of,
                            const struct nr_node_view *other, bool there)
{
    int err = 0;
    struct nr_bytes label;
    if (!of) return 0;
    if (!other || !nr_bytes_eq(of->role, other->role)) err = index_entry(s, NR_T_ROLES, of->role, node_id, there);
    for (uint32_t i = 0; !err && (label = nr_label_at(of->labels, i)).len; i++) {
        if (!other || !nr_label_in(other->labels, label)) err = index_entry(s, NR_T_LABELS, label, node_id, there);
    }
    return err;
}

/* Whether readers see the same: who signed it, when and for how long aside. */
static bool same_content(const struct nr_node_view *a, const struct nr_node_view *b)
{
    return a->head.state == b->head.state && a->head.self == b->head.self &&
           a->head.created_at_ms == b->head.created_at_ms && a->head.updated_at_ms == b->head.updated_at_ms &&
           a->head.hostname_len == b->head.hostname_len && a->head.ip_len == b->head.ip_len &&
           a->head.role_len == b->head.role_len && a->head.labels_len == b->head.labels_len &&
           nr_bytes_eq(a->said, b->said);
}

static bool only_state_differs(const struct nr_node_view *a, struct nr_node_view b)
{
    if (a->head.state == b.head.state) return false;
    b.head.state = a->head.state;
    b.head.updated_at_ms = a->head.updated_at_ms;
    return same_content(a, &b);
}

static struct nr_change_draft draft_of(const struct nr_record *cause, bool profile, int64_t wall_ms)
{
    struct nr_change_draft d = { .at_ms = wall_ms, .profile = profile };
    if (!cause) return d;
    d.has_signer = true;
    d.stamp = cause->stamp;
    memcpy(d.signer, cause->signer, NR_KEY_SIZE);
    return d;
}

static uint8_t what_happened(bool was, bool is, const struct nr_record *cause)
{
    if (is) return was ? NR_CHANGE_UPDATED : NR_CHANGE_ADDED;
    return cause ? NR_CHANGE_DELETED : NR_CHANGE_ENDED;
}

static int write_value(struct nr_store *s, enum nr_table t, struct nr_bytes key, bool is)
{
    return is ? s->ops->put(s->kv, t, key, nr_buf_bytes(&s->fresh)) : s->ops->del(s->kv, t, key);
}

static int read_node(const struct nr_buf *b, struct nr_node_view *view, const struct nr_node_view **out)
{
    *out = NULL;
    if (!b->len) return 0;
    int err = nr_node_view_read(nr_buf_bytes(b), view);
    if (!err) *out = view;
    return err;
}

/* The registry goes on while the pulse half is full or lost: what it should have noted comes with the next heartbeat.
 */
static int despite_pulse(int err)
{
    return err == NR_E_FULL || err == NR_E_IO ? 0 : err;
}

static int write_node(struct nr_store *s, struct nr_bytes node_id, struct nr_change_draft *d)
{
    struct nr_node_view old_view, new_view;
    const struct nr_node_view *was, *is;
    int err = read_node(&s->old, &old_view, &was);
    if (!err) err = read_node(&s->fresh, &new_view, &is);
    if (err || (!was && !is)) return err;
    if (was && is && s->old.len == s->fresh.len && memcmp(s->old.data, s->fresh.data, s->old.len) == 0) return 0;

    bool silent = was && is && same_content(was, is);
    if (was && is && only_state_differs(was, *is)) d->what = NR_CHANGE_STATE;
    err = write_value(s, NR_T_NODES, node_id, is != NULL);
    if (!err) err = index_difference(s, node_id, was, is, false);
    if (!err) err = index_difference(s, node_id, is, was, true);
    if (!err && !is) err = despite_pulse(nr_history_drop(s, node_id));
    if (!err && !silent) err = nr_changes_add(s, d, node_id);
    return err;
}

static int write_profile(struct nr_store *s, struct nr_bytes role, const struct nr_change_draft *d)
{
    struct nr_profile_view was, is;
    int err = 0;
    if (!s->old.len && !s->fresh.len) return 0;
    if (s->old.len && s->fresh.len) {
        if (s->old.len == s->fresh.len && memcmp(s->old.data, s->fresh.data, s->old.len) == 0) return 0;
        err = nr_profile_view_read(nr_buf_bytes(&s->old), &was);
        if (!err) err = nr_profile_view_read(nr_buf_bytes(&s->fresh), &is);
        if (err) return err;
    }
    bool silent = s->old.len && s->fresh.len && nr_bytes_eq(was.config, is.config) &&
                  was.head.created_at_ms == is.head.created_at_ms && was.head.updated_at_ms == is.head.updated_at_ms;
    err = write_value(s, NR_T_PROFILES, role, s->fresh.len != 0);
    return err || silent ? err : nr_changes_add(s, d, role);
}

static int refresh_view(struct nr_store *s, uint8_t kind, struct nr_bytes subject, const struct nr_record *cause,
                        int64_t wall_ms)
{
    enum nr_table t = kind == NR_KIND_NODE ? NR_T_NODES : NR_T_PROFILES;
    struct nr_change_draft d = draft_of(cause, kind == NR_KIND_PROFILE, wall_ms);
    struct feed f = { .wall_ms = wall_ms };
    nr_winner_init(&f.winner);
    int err = s->ops->rec_each_of(s->kv, kind, subject, feed, &f);
    if (err) return err;
    nr_buf_reset(&s->fresh);
    if (f.winner.any && !f.winner.deleted) {
        err =
            kind == NR_KIND_NODE ? nr_node_value(&s->fresh, &f.winner.rec) : nr_profile_value(&s->fresh, &f.winner.rec);
    }
    if (!err) err = copy_old(s, t, subject);
    if (err) return err;
    d.what = what_happened(s->old.len != 0, s->fresh.len != 0, cause);
    return kind == NR_KIND_NODE ? write_node(s, subject, &d) : write_profile(s, subject, &d);
}

/* Whose heartbeats count (proto/README.md A.7): a node's that speaks for itself only its own, else everybody's. *there:
 * readers see the node. */
static int heard_from(struct nr_store *s, struct nr_bytes node_id, uint8_t signer[static NR_KEY_SIZE],
                      const uint8_t **only, bool *there)
{
    struct nr_bytes value;
    struct nr_node_view view;
    *only = NULL;
    int err = s->ops->get(s->kv, NR_T_NODES, node_id, &value);
    *there = err == 0;
    if (err) return err == NR_E_NOT_FOUND ? 0 : err;
    err = nr_node_view_read(value, &view);
    if (err || !view.head.self) return err;
    memcpy(signer, view.head.signer, NR_KEY_SIZE);
    *only = signer;
    return 0;
}

int nr_views_heartbeat_counts(struct nr_store *s, const struct nr_record *beat, bool *counts)
{
    uint8_t signer[NR_KEY_SIZE];
    const uint8_t *only;
    bool there;
    int err = heard_from(s, beat->subject, signer, &only, &there);
    *counts = !err && (!only || memcmp(only, beat->signer, NR_KEY_SIZE) == 0);
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

int nr_views_judge(struct nr_store *s, struct nr_bytes node_id, int64_t until_ms)
{
    struct nr_live live;
    int err = read_live(s, node_id, &live);
    if (err || live.gone_until_ms == until_ms) return err;
    live.gone_until_ms = until_ms;
    return write_live(s, node_id, &live);
}

/* When a node was last heard: the newest living heartbeat of those that count. What its observers say stays, but for a
 * node that is not there. */
static int refresh_live(struct nr_store *s, struct nr_bytes node_id, int64_t wall_ms)
{
    struct nr_heartbeat_body body = { 0 };
    uint8_t signer[NR_KEY_SIZE];
    bool there;
    struct nr_live live;
    struct feed f = { .wall_ms = wall_ms };
    nr_winner_init(&f.winner);
    int err = heard_from(s, node_id, signer, &f.only, &there);
    if (!err) err = s->ops->rec_each_of(s->kv, NR_KIND_HEARTBEAT, node_id, feed, &f);
    if (!err && f.winner.any) err = nr_heartbeat_body_decode(f.winner.rec.body, &body);
    if (!err) err = read_live(s, node_id, &live);
    if (err) return err;
    live.last_ms = f.winner.any ? nr_stamp_ms(f.winner.rec.stamp) : 0;
    live.interval_ms = body.interval_ms;
    if (!there) live.gone_until_ms = 0;
    err = write_live(s, node_id, &live);
    return err || there || f.winner.any ? err : nr_history_drop(s, node_id);
}

/* Who speaks for a node also settles whose heartbeats count. */
static int refresh_node(struct nr_store *s, struct nr_bytes node_id, const struct nr_record *cause, int64_t wall_ms)
{
    int err = refresh_view(s, NR_KIND_NODE, node_id, cause, wall_ms);
    return err ? err : despite_pulse(refresh_live(s, node_id, wall_ms));
}

int nr_views_refresh(struct nr_store *s, uint8_t kind, struct nr_bytes subject, const struct nr_record *cause,
                     int64_t wall_ms)
{
    switch (kind) {
    case NR_KIND_NODE: return refresh_node(s, subject, cause, wall_ms);
    case NR_KIND_PROFILE: return refresh_view(s, kind, subject, cause, wall_ms);
    case NR_KIND_HEARTBEAT: return refresh_live(s, subject, wall_ms);
    default: return 0;
    }
}
