/* The public face. Each writing call is: begin, its steps, and a rollback when a step failed. */
#include "store/store_impl.h"

#include <stdlib.h>

#include "base/assert.h"

#define DEFAULT_HISTORY  120
#define DEFAULT_LOG      10000
#define DEFAULT_EVIDENCE 256
#define META_NAME_MAX    63

int nr_store_new(struct nr_store **out, const struct nr_kv_ops *ops, void *kv, bool views,
                 const struct nr_store_options *options)
{
    int err = 0;
    struct nr_store *s = calloc(1, sizeof *s);
    if (!s) {
        ops->close(kv);
        return NR_E_NOMEM;
    }
    s->ops = ops;
    s->kv = kv;
    s->views = views;
    s->history_per_node = options && options->history_per_node ? options->history_per_node : DEFAULT_HISTORY;
    s->log_max = options && options->log_max ? options->log_max : DEFAULT_LOG;
    s->evidence_max = options && options->evidence_max ? options->evidence_max : DEFAULT_EVIDENCE;
    err = nr_peers_load_number(s);
    if (err) {
        nr_store_close(s);
        return err;
    }
    *out = s;
    return 0;
}

void nr_store_close(struct nr_store *s)
{
    if (!s) return;
    s->ops->close(s->kv);
    nr_buf_fini(&s->fresh);
    nr_buf_fini(&s->old);
    free(s);
}

static int end(struct nr_store *s, int err)
{
    if (err) s->ops->rollback(s->kv);
    return err;
}

int nr_store_put(struct nr_store *s, uint64_t key_hash, const struct nr_record *rec)
{
    int err = s->ops->begin(s->kv);
    return err ? err : end(s, s->ops->rec_put(s->kv, key_hash, rec));
}

int nr_store_get(struct nr_store *s, uint64_t key_hash, struct nr_bytes *raw)
{
    return s->ops->rec_get(s->kv, key_hash, raw);
}

int nr_store_del(struct nr_store *s, uint64_t key_hash, const struct nr_record *rec)
{
    int err = s->ops->begin(s->kv);
    return err ? err : end(s, s->ops->rec_del(s->kv, key_hash, rec));
}

int nr_store_each(struct nr_store *s, nr_store_record_fn *each, void *arg)
{
    int err = s->ops->rec_each(s->kv, NR_REGISTRY, each, arg);
    return err ? err : s->ops->rec_each(s->kv, NR_PULSE, each, arg);
}

int nr_store_each_of(struct nr_store *s, uint8_t kind, struct nr_bytes subject, nr_store_record_fn *each, void *arg)
{
    if (subject.len > NR_SUBJECT_MAX) return 0;
    return s->ops->rec_each_of(s->kv, kind, subject, each, arg);
}

int nr_store_refresh(struct nr_store *s, uint8_t kind, struct nr_bytes subject, const struct nr_record *cause,
                     int64_t wall_ms)
{
    uint8_t copy[NR_SUBJECT_MAX]; /* the caller's may lie in the store, where writing moves it */
    if (!s->views || subject.len > NR_SUBJECT_MAX) return 0;
    if (subject.len) memcpy(copy, subject.data, subject.len);
    int err = s->ops->begin(s->kv);
    return err ? err : end(s, nr_views_refresh(s, kind, nr_bytes(copy, subject.len), cause, wall_ms));
}

int nr_store_judge(struct nr_store *s, struct nr_bytes node_id, const uint8_t key[static NR_KEY_SIZE], int64_t until_ms)
{
    if (!s->views || node_id.len > NR_SUBJECT_MAX) return 0;
    int err = s->ops->begin(s->kv);
    return err ? err : end(s, nr_live_judge(s, node_id, key, until_ms));
}

int nr_store_unjudge(struct nr_store *s)
{
    if (!s->views) return 0;
    int err = s->ops->begin(s->kv);
    return err ? err : end(s, nr_live_unjudge(s));
}

int nr_store_history_add(struct nr_store *s, const struct nr_record *heartbeat)
{
    if (!s->views) return 0;
    bool counts;
    int err = s->ops->begin(s->kv);
    if (err) return err;
    err = nr_live_counts(s, heartbeat, &counts);
    return end(s, err || !counts ? err : nr_history_add(s, heartbeat));
}

int nr_store_evidence_add(struct nr_store *s, const struct nr_record *a, const struct nr_record *b)
{
    int err = s->ops->begin(s->kv);
    return err ? err : end(s, nr_evidence_add(s, a, b));
}

uint64_t nr_store_evidence_count(struct nr_store *s)
{
    return s->ops->count(s->kv, NR_T_EVIDENCE);
}

static bool meta_name_valid(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= META_NAME_MAX && name[0] != '.';
}

int nr_store_meta_put(struct nr_store *s, const char *name, struct nr_bytes value)
{
    if (!meta_name_valid(name)) return NR_E_INVALID;
    int err = s->ops->begin(s->kv);
    return err ? err : end(s, s->ops->put(s->kv, NR_T_META, nr_bytes_str(name), value));
}

int nr_store_meta_get(struct nr_store *s, const char *name, struct nr_bytes *value)
{
    if (!meta_name_valid(name)) return NR_E_INVALID;
    return s->ops->get(s->kv, NR_T_META, nr_bytes_str(name), value);
}

int nr_store_peer_put(struct nr_store *s, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr,
                      int64_t wall_ms)
{
    int err = s->ops->begin(s->kv);
    return err ? err : end(s, nr_peers_put(s, key, addr, wall_ms));
}

int nr_store_commit(struct nr_store *s)
{
    return s->ops->commit(s->kv, NR_REGISTRY);
}

int nr_store_commit_pulse(struct nr_store *s)
{
    return s->ops->commit(s->kv, NR_PULSE);
}

size_t nr_store_staged(const struct nr_store *s)
{
    return s->ops->staged(s->kv, NR_REGISTRY);
}

bool nr_store_dirty(const struct nr_store *s)
{
    return nr_store_staged(s) > 0;
}

bool nr_store_dirty_pulse(const struct nr_store *s)
{
    return s->ops->staged(s->kv, NR_PULSE) > 0;
}

int nr_store_clear_stale_readers(struct nr_store *s)
{
    return s->ops->clear_stale_readers(s->kv);
}

void nr_store_info(struct nr_store *s, struct nr_store_info *out)
{
    *out = (struct nr_store_info){ 0 };
    s->ops->info(s->kv, out);
    out->nodes = s->ops->count(s->kv, NR_T_NODES);
    out->profiles = s->ops->count(s->kv, NR_T_PROFILES);
    out->log_entries = s->ops->count(s->kv, NR_T_LOG);
    out->evidence = s->ops->count(s->kv, NR_T_EVIDENCE);
    out->log_seq = nr_changes_newest(s);
}
