/* Taking a record (proto/README.md C.6): the cheap checks first, the signature last, and nothing changed before all
 * have passed and the host has saved it. */
#include "core/state.h"

#include "base/assert.h"
#include "proto/body.h"

#define CATCH_UP_US 5000000 /* what the last page of a walk names comes a little later */

struct nr_entry *nr_core_find_id(const struct nr_core *core, uint64_t id)
{
    for (int i = 0; i < NR_PLANES; i++) {
        struct nr_entry *e = nr_set_find_id(&core->sets[i], id);
        if (e) return e;
    }
    return NULL;
}

uint64_t nr_core_key_hash(const struct nr_core *core, uint8_t kind, const uint8_t signer[static NR_KEY_SIZE],
                          struct nr_bytes subject)
{
    uint8_t buf[NR_KEY_PREIMAGE_MAX];
    struct nr_writer w;
    nr_writer_init(&w, buf, sizeof buf);
    nr_record_key_preimage(&w, kind, signer, subject);
    return core->host.hash8(core->host.ctx, nr_writer_bytes(&w));
}

uint8_t nr_core_flags_of(const struct nr_core *core, const struct nr_record *rec)
{
    uint8_t flags = memcmp(rec->signer, core->key, NR_KEY_SIZE) == 0 ? NR_ENTRY_OWN : 0;
    struct nr_node_body body;
    if (rec->kind != NR_KIND_NODE || nr_node_body_decode(rec->body, &body)) return flags;
    if (body.deleted)
        flags |= NR_ENTRY_DELETED;
    else if (body.self && body.gossip_count && body.state != NR_STATE_LEFT)
        flags |= NR_ENTRY_PEER;
    return flags;
}

static void event_record(struct nr_core *core, enum nr_event_type type, const struct nr_record *rec, uint64_t id)
{
    struct nr_event *e = nr_events_add(&core->events, type);
    if (!e) return;
    e->kind = rec->kind;
    e->own = memcmp(rec->signer, core->key, NR_KEY_SIZE) == 0;
    memcpy(e->signer, rec->signer, NR_KEY_SIZE);
    e->subject_len = (uint8_t)rec->subject.len;
    memcpy(e->subject, rec->subject.data, rec->subject.len);
    e->stamp = rec->stamp;
    e->id = id;
}

static int refuse(uint64_t *counter, int err)
{
    ++*counter;
    return err;
}

/* Refused for good: these very bytes need not be asked for again. */
static int refuse_id(struct nr_core *core, struct nr_now now, uint64_t id, uint64_t *counter, int err)
{
    nr_seen_add(&core->seen, id, now.mono_us);
    return refuse(counter, err);
}

static bool within_budget(struct nr_core *core, struct nr_now now, const struct nr_record *rec,
                          const struct nr_origin *origin)
{
    struct nr_token_bucket *signer = &core->signers[rec->signer[NR_KEY_SIZE - 1] % NR_SIGNER_BUCKETS];
    return nr_token_bucket_take(&origin->from->records, 1, now.mono_us) && nr_token_bucket_take(signer, 1, now.mono_us);
}

/* What this node said before its clock was set back is refused everywhere (A.6.2), and gives way to what it says now.
 */
static bool gives_way(const struct nr_entry *held, struct nr_now now, const struct nr_origin *origin)
{
    return !origin->from && nr_stamp_is_ahead(held->stamp, now.wall_ms);
}

static int check(struct nr_core *core, struct nr_now now, const struct nr_record *rec, uint64_t id,
                 const struct nr_entry *held, const struct nr_origin *origin)
{
    struct nr_core_stats *stats = &core->stats;
    if (held && held->stamp > rec->stamp && !gives_way(held, now, origin))
        return refuse_id(core, now, id, &stats->records_stale, NR_E_STALE);
    if (nr_record_ends_ms(rec->stamp, rec->lease_s) <= now.wall_ms)
        return refuse_id(core, now, id, &stats->records_expired, NR_E_EXPIRED);
    if (nr_stamp_is_ahead(rec->stamp, now.wall_ms)) return refuse(&stats->records_ahead, NR_E_AHEAD);
    if (!origin->from) return 0;
    if (!within_budget(core, now, rec, origin)) return refuse(&stats->records_limited, NR_E_BUSY);
    /* Without certificates in the cluster, membership is the cluster key: every member may speak for itself, sponsor
     * and operate. Who may judge changes with the peers known, and such a record may be asked for again. */
    if (rec->kind == NR_KIND_VERDICT && !nr_core_may_judge(core, now, rec))
        return refuse(&stats->records_denied, NR_E_DENIED);
    stats->signatures_checked++;
    if (core->host.verify(core->host.ctx, rec->signer, NR_RECORD_DOMAIN, nr_record_signed_part(rec), rec->sig))
        return refuse_id(core, now, id, &stats->records_bad_signature, NR_E_SIGNATURE);
    return 0;
}

/* Two records under one stamp: both are evidence, the one with the higher id is current (A.3). 0: go on and take it. */
static int conflict(struct nr_core *core, struct nr_now now, const struct nr_record *rec, uint64_t id,
                    const struct nr_entry *held)
{
    struct nr_bytes raw;
    struct nr_record other;
    uint8_t copy[NR_RECORD_MAX]; /* loaded bytes last only until the host is called again */
    core->stats.records_conflicting++;
    if (core->host.load(core->host.ctx, held->key_hash, &raw) == 0 && raw.len <= sizeof copy) {
        memcpy(copy, raw.data, raw.len);
        if (nr_record_decode(nr_bytes(copy, raw.len), &other) == 0)
            (void)!core->host.evidence(core->host.ctx, &other, rec);
    }
    event_record(core, NR_EVENT_CONFLICT, rec, id);
    if (id > held->id) return 0;
    nr_seen_add(&core->seen, id, now.mono_us);
    return NR_E_STALE;
}

/* Somebody holds a newer statement of ours than we do: our disk or clock went back (A.6.4). */
static void own_newer(struct nr_core *core, struct nr_now now, const struct nr_record *rec, uint64_t id)
{
    core->stats.own_newer_met++;
    nr_clock_follow(&core->clock, now, rec->stamp);
    event_record(core, NR_EVENT_OWN_NEWER, rec, id);
    bool about_self = nr_bytes_eq(rec->subject, nr_bytes(core->node_id, core->node_id_len));
    if (rec->kind == NR_KIND_NODE && about_self) nr_core_restate_soon(core, now);
}

static enum nr_counted_origin counted_origin(const struct nr_record *rec, const struct nr_origin *origin)
{
    if (!origin->from) return NR_FROM_SELF;
    return origin->repair && nr_kind_plane(rec->kind) == NR_PLANE_COLD ? NR_FROM_REPAIR : NR_FROM_GOSSIP;
}

static void count_heartbeat(struct nr_core *core, struct nr_now now, const struct nr_record *rec)
{
    core->stats.heartbeats_gossip++;
    if (core->repair.catching_up || core->walk.wanted || now.mono_us - core->walk.at_us < CATCH_UP_US) return;
    int64_t spread_ms = now.wall_ms - nr_stamp_ms(rec->stamp);
    nr_histogram_add(&core->stats.heartbeat_spread_us, &nr_heartbeat_spread_bounds_us, spread_ms * 1000);
}

/* A record that was taken, by what it is and where it came from. */
static void count_accepted(struct nr_core *core, struct nr_now now, const struct nr_record *rec,
                           const struct nr_entry *facts, const struct nr_origin *origin)
{
    struct nr_core_stats *stats = &core->stats;
    enum nr_counted_origin from = counted_origin(rec, origin);
    stats->records_accepted++;
    stats->accepted[nr_counted_kind(rec->kind)][from]++;
    stats->repair_records_in += from == NR_FROM_REPAIR;
    if (from == NR_FROM_SELF) return;
    if (rec->kind == NR_KIND_HEARTBEAT) count_heartbeat(core, now, rec);
    if (rec->kind != NR_KIND_NODE || facts->flags & NR_ENTRY_DELETED) return;
    ++*(from == NR_FROM_REPAIR ? &stats->registrations_repair : &stats->registrations_gossip);
}

static int save(struct nr_core *core, struct nr_now now, const struct nr_record *rec, const struct nr_entry *facts,
                const struct nr_origin *origin)
{
    struct nr_set *set = nr_core_set(core, rec->kind);
    const struct nr_entry *held = nr_set_find(set, facts->key_hash);
    uint64_t superseded = held ? held->id : 0;
    if ((facts->flags & NR_ENTRY_PEER) && nr_roster_reserve(&core->roster))
        return refuse(&core->stats.records_limited, NR_E_NOMEM);
    if (!held && nr_set_reserve(set)) return refuse(&core->stats.records_limited, NR_E_FULL);
    int err = core->host.save(core->host.ctx, rec, now);
    if (err) return refuse(&core->stats.records_not_stored, err);
    if (superseded) nr_seen_add(&core->seen, superseded, now.mono_us);
    nr_set_put(set, facts);
    nr_clock_follow(&core->clock, now, rec->stamp);
    if (!held && (facts->flags & NR_ENTRY_PEER)) nr_core_eager(core, now);
    if (!held) core->stats.held[nr_counted_kind(rec->kind)]++;
    count_accepted(core, now, rec, facts, origin);
    event_record(core, NR_EVENT_RECORD, rec, facts->id);
    return 0;
}

/* What was announced and asked for is news, also while a repair is under way with who sent it. */
static struct nr_origin origin_by_want(struct nr_core *core, uint64_t id, const struct nr_origin *origin)
{
    struct nr_origin out = *origin;
    const struct nr_want *want = nr_wants_find(&core->wants, id);
    if (want && !want->repair) out.repair = false;
    return out;
}

int nr_core_accept(struct nr_core *core, struct nr_now now, struct nr_bytes raw, const struct nr_origin *said)
{
    struct nr_record rec;
    if (raw.len > NR_RECORD_MAX) return refuse(&core->stats.records_malformed, NR_E_TOO_LARGE);
    uint64_t id = core->host.hash8(core->host.ctx, raw);
    struct nr_origin by_want = origin_by_want(core, id, said);
    const struct nr_origin *origin = &by_want;
    nr_wants_remove(&core->wants, id);
    if (nr_core_find_id(core, id) || nr_seen_has(&core->seen, id))
        return refuse(&core->stats.records_known, NR_E_EXISTS);
    int err = nr_record_decode(raw, &rec);
    if (err) return refuse_id(core, now, id, &core->stats.records_malformed, err);

    struct nr_entry facts = { .key_hash = nr_core_key_hash(core, rec.kind, rec.signer, rec.subject),
                              .id = id,
                              .stamp = rec.stamp,
                              .lease_s = rec.lease_s,
                              .size = (uint16_t)raw.len,
                              .kind = rec.kind,
                              .flags = nr_core_flags_of(core, &rec) };
    struct nr_set *set = nr_core_set(core, rec.kind);
    const struct nr_entry *held = nr_set_find(set, facts.key_hash);
    if (!held) {
        nr_core_aside_meet(core, now, facts.key_hash);
        held = nr_set_find(set, facts.key_hash);
        if (held && held->id == id) return refuse(&core->stats.records_known, NR_E_EXISTS);
    }
    bool newcomer = !held && (facts.flags & NR_ENTRY_PEER);
    uint64_t before = held ? held->stamp : 0;
    err = check(core, now, &rec, id, held, origin);
    if (!err && held && held->stamp == rec.stamp) err = conflict(core, now, &rec, id, held);
    if (!err) err = nr_events_reserve(&core->events);
    if (!err) err = save(core, now, &rec, &facts, origin);
    if (err) return err;
    by_want.urgent = nr_core_overrules(core, &rec, before) || nr_core_was_late(&rec, before);
    if (origin->from && (facts.flags & NR_ENTRY_OWN)) own_newer(core, now, &rec, id);
    by_want.newcomer = newcomer && origin->from;
    nr_core_spread(core, now, nr_set_find(set, facts.key_hash), raw, origin);
    nr_core_verdict_follow(core, now, &rec, &facts, origin);
    if (newcomer) nr_core_introduce(core, now, id, origin);
    return 0;
}

/* What has ended by a clock that nobody confirms stays in the store, aside: with the clock set right it may live. */
static void drop_one(struct nr_core *core, struct nr_now now, struct nr_set *set, const struct nr_entry *e,
                     bool confirmed)
{
    bool known = false;
    struct nr_bytes raw;
    struct nr_record rec;
    uint8_t copy[NR_RECORD_MAX];
    if (core->host.load(core->host.ctx, e->key_hash, &raw) == 0 && raw.len <= sizeof copy &&
        nr_record_decode(nr_bytes(memcpy(copy, raw.data, raw.len), raw.len), &rec) == 0) {
        event_record(core, NR_EVENT_ENDED, &rec, e->id);
        known = true;
    }
    if (!confirmed || !known || core->host.drop(core->host.ctx, &rec)) nr_core_aside_one(core, now);
    core->stats.records_ended++;
    core->stats.held[nr_counted_kind(e->kind)]--;
    uint64_t key_hash = e->key_hash;
    nr_set_remove(set, key_hash);
    nr_core_verdict_ended(core, now, known ? &rec : NULL, key_hash);
}

void nr_core_drop_ended(struct nr_core *core, struct nr_now now)
{
    for (int i = 0; i < NR_PLANES; i++)
        for (struct nr_entry *e; (e = nr_set_ended(&core->sets[i], now.wall_ms));) {
            if (nr_events_reserve(&core->events)) return; /* the host drains, and we come back at once */
            drop_one(core, now, &core->sets[i], e, nr_core_wall_confirmed(core, now));
        }
}
