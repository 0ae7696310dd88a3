/* Who wins among the records of a subject, and what silence makes of a node. Both are functions of their arguments
 * alone, so that every peer and every reader comes to the same answer from the same records. */
#include "core/view.h"

#include "base/assert.h"

void nr_winner_init(struct nr_winner *w)
{
    *w = (struct nr_winner){ 0 };
}

/* A record of a kind that has neither flag, or whose body does not decode, counts as neither. */
static void read_flags(const struct nr_record *rec, bool *self, bool *deleted)
{
    struct nr_node_body node;
    struct nr_profile_body profile;
    *self = *deleted = false;
    if (rec->kind == NR_KIND_NODE && nr_node_body_decode(rec->body, &node) == 0) {
        *self = node.self;
        *deleted = node.deleted;
    } else if (rec->kind == NR_KIND_PROFILE && nr_profile_body_decode(rec->body, &profile) == 0) {
        *deleted = profile.deleted;
    }
}

static bool beats(const struct nr_winner *w, bool self, uint64_t stamp, uint64_t id)
{
    if (!w->any) return true;
    if (self != w->self) return self;
    if (stamp != w->rec.stamp) return stamp > w->rec.stamp;
    return id > w->id;
}

void nr_winner_feed(struct nr_winner *w, const struct nr_record *rec, uint64_t id, int64_t wall_ms)
{
    bool self, deleted;
    if (wall_ms >= nr_record_ends_ms(rec->stamp, rec->lease_s)) return;
    read_flags(rec, &self, &deleted);
    if (!beats(w, self, rec->stamp, id)) return;
    *w = (struct nr_winner){ .any = true, .self = self, .deleted = deleted, .id = id, .rec = *rec };
}

static const char *const status_names[NR_STATUS_COUNT] = {
    [NR_STATUS_ONLINE] = "online",           [NR_STATUS_DEGRADED] = "degraded", [NR_STATUS_OFFLINE] = "offline",
    [NR_STATUS_MAINTENANCE] = "maintenance", [NR_STATUS_DRAINING] = "draining", [NR_STATUS_LEFT] = "left",
    [NR_STATUS_FORGOTTEN] = "forgotten",
};

const char *nr_status_name(enum nr_status s)
{
    nr_assert((unsigned)s < NR_STATUS_COUNT);
    return status_names[s];
}

bool nr_status_parse(struct nr_bytes word, enum nr_status *out)
{
    for (unsigned i = 0; i < NR_STATUS_FORGOTTEN; i++) {
        if (!nr_bytes_eq(word, nr_bytes_str(status_names[i]))) continue;
        *out = (enum nr_status)i;
        return true;
    }
    return false;
}

static int64_t degraded_after_ms(const struct nr_liveness *l, const struct nr_thresholds *t)
{
    return l->interval_ms ? t->missed_heartbeats * (int64_t)l->interval_ms : t->degraded_after_ms;
}

/* Of an interval longer than a minute the bound may be less than the three that make a node degraded. */
static int64_t offline_after_ms(const struct nr_liveness *l, const struct nr_thresholds *t)
{
    int64_t missed_ms = (t->missed_heartbeats + NR_OFFLINE_MISSED_MORE) * (int64_t)l->interval_ms;
    return l->interval_ms > NR_INTERVAL_LONG_MS && missed_ms > t->offline_after_ms ? missed_ms : t->offline_after_ms;
}

static enum nr_status status_of(const struct nr_liveness *l, const struct nr_thresholds *t, int64_t wall_ms)
{
    int64_t silence_ms = wall_ms > l->last_heartbeat_ms ? wall_ms - l->last_heartbeat_ms : 0;
    if (silence_ms >= t->forget_after_ms) return NR_STATUS_FORGOTTEN;
    if (l->declared == NR_STATE_LEFT) return NR_STATUS_LEFT;
    if (l->declared == NR_STATE_MAINTENANCE) return NR_STATUS_MAINTENANCE;
    if (l->declared == NR_STATE_DRAINING) return NR_STATUS_DRAINING;
    if (l->declared == NR_STATE_OFFLINE || wall_ms < l->gone_until_ms) return NR_STATUS_OFFLINE;
    if (silence_ms >= offline_after_ms(l, t)) return NR_STATUS_OFFLINE;
    if (l->declared == NR_STATE_DEGRADED || silence_ms >= degraded_after_ms(l, t)) return NR_STATUS_DEGRADED;
    return NR_STATUS_ONLINE;
}

enum nr_status nr_status_at(const struct nr_liveness *l, const struct nr_thresholds *t, int64_t wall_ms,
                            int64_t *turns_at_ms)
{
    enum nr_status now = status_of(l, t, wall_ms);
    if (!turns_at_ms) return now;

    const int64_t moments[] = { l->last_heartbeat_ms + degraded_after_ms(l, t),
                                l->last_heartbeat_ms + offline_after_ms(l, t),
                                l->last_heartbeat_ms + t->forget_after_ms, l->gone_until_ms };
    *turns_at_ms = INT64_MAX;
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        int64_t at = moments[i];
        if (at > wall_ms && at < *turns_at_ms && status_of(l, t, at) != now) *turns_at_ms = at;
    }
    return now;
}
