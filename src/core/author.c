/* What this node says: registrations, heartbeats, declared states, deletions and profiles, for itself and for the nodes
 * that it sponsors. Each statement is made over what a reader sees of the subject now (core/view.h), and takes a stamp
 * above all that is known of it, so that it wins everywhere. */
#include "core/state.h"

#include "core/view.h"

#include <stdlib.h>

#define TOMBSTONE_MARGIN_S   60
#define RESTATE_PAUSE_MAX_US 60000000

/* All that is known of one subject: the winner, copied, and the bounds over all its living records. */
struct knowledge {
    const struct nr_core *core;
    struct nr_now now;
    struct nr_winner winner;
    uint64_t newest_stamp;
    int64_t last_end_ms;
    uint8_t raw[NR_RECORD_MAX];
};

static int know_one(void *arg, const struct nr_record *rec)
{
    struct knowledge *k = arg;
    int64_t end = nr_record_ends_ms(rec->stamp, rec->lease_s);
    if (rec->stamp > k->newest_stamp) k->newest_stamp = rec->stamp;
    if (end > k->last_end_ms) k->last_end_ms = end;
    nr_winner_feed(&k->winner, rec, k->core->host.hash8(k->core->host.ctx, rec->raw), k->now.wall_ms);
    if (k->winner.any && k->winner.rec.raw.data == rec->raw.data) {
        memcpy(k->raw, rec->raw.data, rec->raw.len);
        if (nr_record_decode(nr_bytes(k->raw, rec->raw.len), &k->winner.rec)) return NR_E_CORRUPT;
    }
    return 0;
}

static int know(const struct nr_core *core, struct nr_now now, uint8_t kind, struct nr_bytes subject,
                struct knowledge *k)
{
    k->core = core;
    k->now = now;
    k->newest_stamp = 0;
    k->last_end_ms = 0;
    nr_winner_init(&k->winner);
    return core->host.subject(core->host.ctx, kind, subject, know_one, k);
}

static bool there(const struct knowledge *k)
{
    return k->winner.any && !k->winner.deleted;
}

static bool signed_here(const struct nr_core *core, const struct knowledge *k)
{
    return k->winner.any && memcmp(k->winner.rec.signer, core->key, NR_KEY_SIZE) == 0;
}

static bool is_self(const struct nr_core *core, struct nr_bytes node_id)
{
    return nr_bytes_eq(node_id, nr_bytes(core->node_id, core->node_id_len));
}

/* 0, NR_E_NOT_FOUND, or NR_E_DENIED for a node that speaks for itself elsewhere. */
static int may_speak_for(const struct nr_core *core, struct nr_bytes node_id, const struct knowledge *k)
{
    if (!there(k)) return NR_E_NOT_FOUND;
    return k->winner.self && !is_self(core, node_id) ? NR_E_DENIED : 0;
}

static int take_stamp(struct nr_core *core, struct nr_now now, uint64_t above, uint64_t *stamp)
{
    uint64_t resets = core->clock.resets;
    int err = nr_clock_next(&core->clock, &core->host, now, above, stamp);
    if (core->clock.resets != resets) {
        core->stats.clock_resets++;
        (void)nr_events_add(&core->events, NR_EVENT_CLOCK_RESET);
        nr_core_restate_soon(core, now);
    }
    return err;
}

static int state_record(struct nr_core *core, struct nr_now now, const struct nr_record_draft *draft, uint64_t above,
                        const struct nr_origin *here)
{
    uint8_t raw[NR_RECORD_MAX];
    uint8_t sig[NR_SIG_SIZE];
    struct nr_record_draft d = *draft;
    struct nr_record check;
    struct nr_writer w;
    d.signer = core->key;
    /* One of our own that was met at others may stand further ahead than the clock follows (A.6.4). */
    uint64_t key_hash = nr_core_key_hash(core, d.kind, d.signer, d.subject);
    const struct nr_entry *held = nr_set_find(nr_core_set(core, d.kind), key_hash);
    if (held && held->stamp > above) above = held->stamp;
    /* Above what stands beyond everybody's reach nothing can be said (A.6.1). */
    if (nr_stamp_is_ahead(above, now.wall_ms)) above = 0;
    int err = take_stamp(core, now, above, &d.stamp);
    if (err) return err;
    nr_writer_init(&w, raw, sizeof raw);
    nr_record_encode_unsigned(&w, &d);
    if (w.err) return NR_E_INVALID;
    core->host.sign(core->host.ctx, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    if (w.err || nr_record_decode(nr_writer_bytes(&w), &check)) return NR_E_INVALID;
    return nr_core_accept(core, now, nr_writer_bytes(&w), here);
}

int nr_core_state_record(struct nr_core *core, struct nr_now now, const struct nr_record_draft *draft, uint64_t above)
{
    return state_record(core, now, draft, above, &(struct nr_origin){ 0 });
}

/* Encodes a NODE body as this node says it of `node_id`. */
static int encode_node(const struct nr_core *core, struct nr_bytes node_id, struct nr_node_body *body,
                       struct nr_writer *w)
{
    body->self = is_self(core, node_id);
    body->gossip_count = body->self && !body->deleted ? core->advertise_count : 0;
    memcpy(body->gossip, core->advertise, body->gossip_count * sizeof body->gossip[0]);
    nr_node_body_encode(w, body);
    return w->err ? NR_E_INVALID : 0;
}

static int keep_self_body(struct nr_core *core, struct nr_bytes body)
{
    uint8_t *copy = malloc(body.len);
    if (!copy) return NR_E_NOMEM;
    memcpy(copy, body.data, body.len);
    free(core->self_body);
    core->self_body = copy;
    core->self_body_len = body.len;
    return 0;
}

static int state_node(struct nr_core *core, struct nr_now now, struct nr_bytes node_id, struct nr_node_body *body,
                      uint64_t above)
{
    uint8_t buf[NR_RECORD_MAX];
    struct nr_writer w;
    nr_writer_init(&w, buf, sizeof buf);
    int err = encode_node(core, node_id, body, &w);
    if (err) return err;
    struct nr_record_draft draft = {
        .kind = NR_KIND_NODE, .subject = node_id, .lease_s = core->lease_s, .body = nr_writer_bytes(&w)
    };
    err = nr_core_state_record(core, now, &draft, above);
    if (!err && body->self) err = keep_self_body(core, nr_writer_bytes(&w));
    return err;
}

static void complete_own(struct nr_core *core, struct nr_now now, struct nr_heartbeat_body *b)
{
    if (core->beat_interval_ms) b->interval_ms = nr_core_promise_beat(core, now);
    if (b->metrics.len == 0) b->metrics = nr_bytes(core->metrics, core->metrics_len);
}

/* `stated`: a new NODE record goes with it. Of a sponsored node's, those that come too often are kept here for this
 * node's readers alone, unless `stated`. This node's first waits a second then: the NODE record says that it lives, and
 * where many start together all have enough to do with these. */
static int state_heartbeat(struct nr_core *core, struct nr_now now, struct nr_bytes node_id,
                           const struct nr_heartbeat_body *body, bool stated)
{
    uint8_t buf[NR_METRICS_MAX + 128];
    struct nr_writer w;
    struct nr_heartbeat_body b = *body;
    bool self = is_self(core, node_id);
    if (self)
        complete_own(core, now, &b);
    else
        b.interval_ms = nr_core_sponsored_interval(core, b.interval_ms);
    nr_writer_init(&w, buf, sizeof buf);
    nr_heartbeat_body_encode(&w, &b);
    if (w.err) return NR_E_INVALID;
    uint64_t key_hash = nr_core_key_hash(core, NR_KIND_HEARTBEAT, core->key, node_id);
    const struct nr_entry *before = nr_set_find(&core->sets[NR_PLANE_HOT], key_hash);
    struct nr_record_draft draft = {
        .kind = NR_KIND_HEARTBEAT, .subject = node_id, .lease_s = core->lease_s, .body = nr_writer_bytes(&w)
    };
    const struct nr_origin here = { .quiet = !self && !stated && !nr_core_passes_on(core, now, before),
                                    .later = self && stated && !before };
    int err = state_record(core, now, &draft, 0, &here);
    if (!err) ++*(self ? &core->stats.heartbeats_self : &core->stats.heartbeats_sponsored);
    return err;
}

int nr_core_set_metrics(struct nr_core *core, struct nr_bytes metrics)
{
    uint8_t buf[NR_METRICS_MAX + 128], *copy = NULL;
    struct nr_heartbeat_body checked = { .metrics = metrics };
    struct nr_writer w;
    nr_writer_init(&w, buf, sizeof buf);
    nr_heartbeat_body_encode(&w, &checked);
    if (w.err || nr_heartbeat_body_decode(nr_writer_bytes(&w), &checked)) return NR_E_INVALID;
    if (metrics.len > 0) {
        copy = malloc(metrics.len);
        if (!copy) return NR_E_NOMEM;
        memcpy(copy, metrics.data, metrics.len);
    }
    free(core->metrics);
    core->metrics = copy;
    core->metrics_len = metrics.len;
    return 0;
}

/* Whether the winner is our own record and says the same as `body` would, had it not been registered anew. */
static bool says_the_same(struct nr_core *core, struct nr_bytes node_id, const struct nr_node_body *body,
                          const struct nr_node_body *held, const struct knowledge *k)
{
    uint8_t buf[NR_RECORD_MAX];
    struct nr_writer w;
    struct nr_node_body same = *body;
    same.updated_at_ms = held->updated_at_ms;
    nr_writer_init(&w, buf, sizeof buf);
    return signed_here(core, k) && encode_node(core, node_id, &same, &w) == 0 &&
           nr_bytes_eq(nr_writer_bytes(&w), k->winner.rec.body);
}

/* What outlives a new registration: when the node was first seen, and a declared absence that its owner wants. */
static void carry_over(struct nr_node_body *body, const struct nr_node_body *held)
{
    if (held->created_at_ms) body->created_at_ms = held->created_at_ms;
    bool wanted = held->state == NR_STATE_MAINTENANCE || held->state == NR_STATE_DRAINING;
    if (wanted && body->state == NR_STATE_ONLINE) body->state = held->state;
}

/* Half of its lease has passed unrenewed, or it was said before the clock was set back and nobody takes it: it is said
 * anew by whoever registers the node or beats for it here. */
static bool running_out(const struct nr_record *rec, struct nr_now now)
{
    return nr_stamp_is_ahead(rec->stamp, now.wall_ms) ||
           now.wall_ms > nr_stamp_ms(rec->stamp) + (int64_t)rec->lease_s * 500;
}

/* A newer record of this node's own was met, and what it said last is not said anew yet: that comes first, or the
 * record that was met would be taken for it. */
static int catch_up(struct nr_core *core, struct nr_now now, struct nr_bytes node_id)
{
    return is_self(core, node_id) && core->restate_us != NR_NEVER_US ? nr_core_restate_self(core, now) : 0;
}

int nr_core_register(struct nr_core *core, struct nr_now now, struct nr_bytes node_id, const struct nr_node_body *body)
{
    struct knowledge k;
    struct nr_node_body held = { 0 }, b = *body;
    if (!nr_node_id_valid(node_id)) return NR_E_INVALID;
    int err = catch_up(core, now, node_id);
    if (!err) err = know(core, now, NR_KIND_NODE, node_id, &k);
    if (err) return err;
    if (may_speak_for(core, node_id, &k) == NR_E_DENIED) return NR_E_DENIED;
    b.deleted = false;
    b.created_at_ms = b.updated_at_ms = now.wall_ms;
    if (there(&k) && nr_node_body_decode(k.winner.rec.body, &held) == 0) carry_over(&b, &held);
    bool same = there(&k) && !running_out(&k.winner.rec, now) && says_the_same(core, node_id, &b, &held, &k);
    if (same)
        err = is_self(core, node_id) ? keep_self_body(core, k.winner.rec.body) : 0;
    else
        err = state_node(core, now, node_id, &b, k.newest_stamp);
    if (err) return err;
    ++*(is_self(core, node_id) ? &core->stats.registrations_self : &core->stats.registrations_sponsored);
    return state_heartbeat(core, now, node_id, &(struct nr_heartbeat_body){ .has_status = true, .status = b.state },
                           !same);
}

/* The winner's content, said by us with another declared state. */
static int restate_with(struct nr_core *core, struct nr_now now, struct nr_bytes node_id, const struct knowledge *k,
                        enum nr_state state)
{
    struct nr_node_body b;
    if (nr_node_body_decode(k->winner.rec.body, &b)) return NR_E_CORRUPT;
    b.state = state;
    return state_node(core, now, node_id, &b, k->newest_stamp);
}

int nr_core_heartbeat(struct nr_core *core, struct nr_now now, struct nr_bytes node_id,
                      const struct nr_heartbeat_body *body, bool *durable)
{
    struct knowledge k;
    struct nr_node_body held;
    *durable = false;
    int err = body->has_status ? catch_up(core, now, node_id) : 0;
    if (!err) err = know(core, now, NR_KIND_NODE, node_id, &k);
    if (!err) err = may_speak_for(core, node_id, &k);
    if (!err && nr_node_body_decode(k.winner.rec.body, &held)) err = NR_E_CORRUPT;
    if (err) return err;
    /* Whatever it says, a node that was given up on is back. */
    enum nr_state state = held.state == NR_STATE_OFFLINE ? NR_STATE_ONLINE : held.state;
    if (body->has_status) state = body->status;
    bool declares = state != held.state;
    if (declares || running_out(&k.winner.rec, now)) {
        err = restate_with(core, now, node_id, &k, state);
        if (err) return err;
        *durable = declares;
    }
    return state_heartbeat(core, now, node_id, body, declares);
}

int nr_core_declare(struct nr_core *core, struct nr_now now, struct nr_bytes node_id, enum nr_state state)
{
    struct knowledge k;
    struct nr_node_body held;
    int err = catch_up(core, now, node_id);
    if (!err) err = know(core, now, NR_KIND_NODE, node_id, &k);
    if (!err && !k.winner.any && is_self(core, node_id) && core->self_body) {
        err = nr_core_restate_self(core, now); /* its lease has ended while this machine slept */
        if (!err) err = know(core, now, NR_KIND_NODE, node_id, &k);
    }
    if (!err) err = may_speak_for(core, node_id, &k);
    if (!err && nr_node_body_decode(k.winner.rec.body, &held)) err = NR_E_CORRUPT;
    if (err || (held.state == state && signed_here(core, &k))) return err;
    return restate_with(core, now, node_id, &k, state);
}

static bool presumed_there(enum nr_state state)
{
    return state == NR_STATE_ONLINE || state == NR_STATE_DEGRADED;
}

int nr_core_give_up(struct nr_core *core, struct nr_now now, struct nr_bytes node_id, int64_t silent_since_ms,
                    bool *declared)
{
    struct knowledge node, beats;
    struct nr_node_body held;
    *declared = false;
    int err = know(core, now, NR_KIND_NODE, node_id, &node);
    if (!err) err = know(core, now, NR_KIND_HEARTBEAT, node_id, &beats);
    if (!err) err = may_speak_for(core, node_id, &node);
    if (!err && node.winner.self) err = NR_E_DENIED;
    if (!err && nr_node_body_decode(node.winner.rec.body, &held)) err = NR_E_CORRUPT;
    if (err) return err;
    int64_t heard_ms = nr_stamp_ms(beats.newest_stamp);
    if (held.updated_at_ms > heard_ms) heard_ms = held.updated_at_ms;
    if (!presumed_there(held.state) || heard_ms > silent_since_ms) return 0;
    err = restate_with(core, now, node_id, &node, NR_STATE_OFFLINE);
    *declared = !err;
    return err;
}

/* Long enough to outlive all that it deletes (A.6.5). */
static uint32_t tombstone_lease(const struct knowledge *k, struct nr_now now, uint32_t at_least_s)
{
    int64_t s = (k->last_end_ms - now.wall_ms) / 1000 + 1 + TOMBSTONE_MARGIN_S;
    if (s < at_least_s) s = at_least_s;
    return (uint32_t)(s > NR_LEASE_MAX_S ? NR_LEASE_MAX_S : s);
}

static int state_tombstone(struct nr_core *core, struct nr_now now, uint8_t kind, struct nr_bytes subject,
                           const struct knowledge *k, struct nr_bytes body)
{
    struct nr_record_draft draft = {
        .kind = kind, .subject = subject, .body = body, .lease_s = tombstone_lease(k, now, core->lease_s)
    };
    return nr_core_state_record(core, now, &draft, k->newest_stamp);
}

int nr_core_delete_node(struct nr_core *core, struct nr_now now, struct nr_bytes node_id)
{
    struct knowledge k;
    uint8_t buf[64];
    struct nr_writer w;
    struct nr_node_body b = { .deleted = true };
    int err = know(core, now, NR_KIND_NODE, node_id, &k);
    if (!err) err = may_speak_for(core, node_id, &k);
    if (err) return err;
    nr_writer_init(&w, buf, sizeof buf);
    err = encode_node(core, node_id, &b, &w);
    if (!err) err = state_tombstone(core, now, NR_KIND_NODE, node_id, &k, nr_writer_bytes(&w));
    if (!err && b.self) {
        free(core->self_body);
        core->self_body = NULL;
    }
    return err;
}

int nr_core_put_profile(struct nr_core *core, struct nr_now now, struct nr_bytes role, struct nr_bytes config)
{
    struct knowledge k;
    uint8_t buf[NR_RECORD_MAX];
    struct nr_writer w;
    struct nr_profile_body held = { 0 };
    struct nr_profile_body b = { .config = config, .created_at_ms = now.wall_ms, .updated_at_ms = now.wall_ms };
    if (!nr_subject_valid(NR_KIND_PROFILE, role)) return NR_E_INVALID;
    int err = know(core, now, NR_KIND_PROFILE, role, &k);
    if (err) return err;
    if (there(&k) && nr_profile_body_decode(k.winner.rec.body, &held) == 0) {
        bool same = signed_here(core, &k) && nr_bytes_eq(held.config, config);
        if (same && !running_out(&k.winner.rec, now)) return 0;
        b.created_at_ms = held.created_at_ms;
    }
    nr_writer_init(&w, buf, sizeof buf);
    nr_profile_body_encode(&w, &b);
    if (w.err) return NR_E_INVALID;
    struct nr_record_draft draft = {
        .kind = NR_KIND_PROFILE, .subject = role, .lease_s = core->profile_lease_s, .body = nr_writer_bytes(&w)
    };
    return nr_core_state_record(core, now, &draft, k.newest_stamp);
}

int nr_core_delete_profile(struct nr_core *core, struct nr_now now, struct nr_bytes role)
{
    struct knowledge k;
    uint8_t buf[64];
    struct nr_writer w;
    int err = know(core, now, NR_KIND_PROFILE, role, &k);
    if (err) return err;
    if (!there(&k)) return NR_E_NOT_FOUND;
    nr_writer_init(&w, buf, sizeof buf);
    nr_profile_body_encode(&w, &(struct nr_profile_body){ .deleted = true });
    return state_tombstone(core, now, NR_KIND_PROFILE, role, &k, nr_writer_bytes(&w));
}

int nr_core_restate_self(struct nr_core *core, struct nr_now now)
{
    struct knowledge k;
    struct nr_node_body b;
    struct nr_bytes id = nr_bytes(core->node_id, core->node_id_len);
    core->restate_us = NR_NEVER_US;
    if (!core->started || !core->self_body) return 0;
    uint8_t copy[NR_RECORD_MAX]; /* state_node replaces self_body while b still borrows */
    memcpy(copy, core->self_body, core->self_body_len);
    int err = nr_node_body_decode(nr_bytes(copy, core->self_body_len), &b);
    if (err) return err;
    core->restated_us = now.mono_us;
    err = know(core, now, NR_KIND_NODE, id, &k);
    if (!err) err = state_node(core, now, id, &b, k.newest_stamp);
    if (err) nr_core_restate_soon(core, now); /* the store did not take it */
    return err;
}

void nr_core_restate_soon(struct nr_core *core, struct nr_now now)
{
    if (core->restate_us != NR_NEVER_US) return;
    int64_t *pause = &core->restate_pause_us;
    bool quiet = now.mono_us - core->restated_us > 5 * RESTATE_PAUSE_MAX_US;
    if (quiet || *pause == 0)
        *pause = nr_us(1);
    else if (*pause < RESTATE_PAUSE_MAX_US)
        *pause *= 2;
    core->restate_us = now.mono_us + *pause / 2 + nr_rng_below(&core->rng, (uint32_t)*pause);
}

void nr_core_own_beat(struct nr_core *core, struct nr_now now)
{
    struct knowledge k;
    struct nr_node_body held;
    struct nr_bytes id = nr_bytes(core->node_id, core->node_id_len);
    if (!core->self_body || know(core, now, NR_KIND_NODE, id, &k)) return;
    /* Its lease has ended while this machine slept, or the clock was set back. */
    if (!k.winner.any || (signed_here(core, &k) && running_out(&k.winner.rec, now)))
        (void)nr_core_restate_self(core, now); /* tried again soon */
    if (know(core, now, NR_KIND_NODE, id, &k) || !there(&k) || !signed_here(core, &k)) return;
    if (nr_node_body_decode(k.winner.rec.body, &held)) return;
    struct nr_heartbeat_body beat = { .has_status = true, .status = held.state };
    if (state_heartbeat(core, now, id, &beat, false)) core->stats.records_not_stored++;
}

int nr_core_leave(struct nr_core *core, struct nr_now now)
{
    struct nr_bytes id = nr_bytes(core->node_id, core->node_id_len);
    struct knowledge k;
    int err = core->self_body ? nr_core_declare(core, now, id, NR_STATE_LEFT) : 0;
    if (err == NR_E_NOT_FOUND) err = 0;
    bool said = core->self_body && !err && know(core, now, NR_KIND_NODE, id, &k) == 0 && signed_here(core, &k);
    uint64_t record_id = said ? core->host.hash8(core->host.ctx, k.winner.rec.raw) : 0;
    for (size_t i = core->paths.count; i-- > 0;) {
        struct nr_path *path = core->paths.list[i];
        struct nr_writer w;
        if (said) nr_core_send_record(core, path, k.winner.rec.raw, record_id, NR_HOPS_MAX - 1);
        if (nr_core_message(core, path, NR_MSG_BYE, 0, &w)) nr_bye_encode(&w);
    }
    core->left = true;
    return err;
}
