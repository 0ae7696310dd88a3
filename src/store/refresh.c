/* Views for readers. The winner among a subject's records is laid out as a value; where that differs from what stands
 * there, the value, its index entries and a log entry are staged. What was read is copied before anything is written.
 */
#include "store/store_impl.h"

#include "crypto/crypto.h"
#include "nr/registry.h"

struct feed {
    struct nr_winner winner;
    int64_t wall_ms;
};

static int feed(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    struct feed *f = arg;
    (void)key_hash;
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

/* Who speaks for a node also settles whose heartbeats count. */
static int refresh_node(struct nr_store *s, struct nr_bytes node_id, const struct nr_record *cause, int64_t wall_ms)
{
    int err = refresh_view(s, NR_KIND_NODE, node_id, cause, wall_ms);
    return err ? err : despite_pulse(nr_live_refresh(s, node_id, wall_ms));
}

int nr_views_refresh(struct nr_store *s, uint8_t kind, struct nr_bytes subject, const struct nr_record *cause,
                     int64_t wall_ms)
{
    switch (kind) {
    case NR_KIND_NODE: return refresh_node(s, subject, cause, wall_ms);
    case NR_KIND_PROFILE: return refresh_view(s, kind, subject, cause, wall_ms);
    case NR_KIND_HEARTBEAT: return nr_live_refresh(s, subject, wall_ms);
    default: return 0;
    }
}
