/* Who is gone (proto/README.md A.9): verdicts are counted anew whenever one comes, ends or is overruled, and when the
 * candidates have become others. Each counting stands alone: it reads what is held, and remembers its outcome only. */
#include "core/state.h"

#include "core/view.h"

#define JUDGE_EVERY_US  1000000
#define JUDGE_AT_ONCE   256
#define ANSWER_EVERY_US 500000

static uint64_t key8_of(const struct nr_trial *t)
{
    return nr_key8(t->key);
}

/* The trial. */

struct reading {
    struct nr_trial *trial;
    const struct nr_core *core;
    struct nr_now now;
    struct nr_winner winner;
};

static int read_winner(void *arg, const struct nr_record *rec)
{
    struct reading *r = arg;
    uint64_t id = r->core->host.hash8(r->core->host.ctx, rec->raw);
    nr_winner_feed(&r->winner, rec, id, r->now.wall_ms);
    bool ahead = r->winner.any && r->winner.id == id; /* the bytes of one fed before are gone */
    if (ahead) r->trial->wins = r->winner.self && memcmp(rec->signer, r->trial->key, NR_KEY_SIZE) == 0;
    return 0;
}

static int read_verdict(void *arg, const struct nr_record *rec)
{
    struct reading *r = arg;
    struct nr_trial *t = r->trial;
    struct nr_verdict_body body;
    int64_t ends_ms = nr_record_ends_ms(rec->stamp, rec->lease_s);
    /* One that lies aside because the clock was set back (C.9) is above all that its node can say now. */
    if (ends_ms <= r->now.wall_ms || nr_stamp_is_ahead(rec->stamp, r->now.wall_ms)) return 0;
    if (nr_verdict_body_decode(rec->body, &body)) return 0;
    if (memcmp(body.key, t->key, NR_KEY_SIZE) != 0) return 0;
    for (size_t i = 0; i < t->count; i++) {
        if (t->ranks[i] != nr_key8(rec->signer)) continue;
        t->said[i] = (struct nr_said){ .said = true,
                                       .counted = rec->stamp > t->own_stamp,
                                       .since_ms = body.since_ms,
                                       .ends_ms = ends_ms,
                                       .stamp = rec->stamp };
    }
    return 0;
}

/* Of the node's own newest heartbeat; 0: none is held. */
static uint64_t beat_stamp(const struct nr_core *core, const uint8_t key[static NR_KEY_SIZE], struct nr_bytes node_id)
{
    uint64_t key_hash = nr_core_key_hash(core, NR_KIND_HEARTBEAT, key, node_id);
    const struct nr_entry *beat = nr_set_find(&core->sets[NR_PLANE_HOT], key_hash);
    return beat ? beat->stamp : 0;
}

static int load_node(const struct nr_core *core, struct nr_now now, uint64_t key_hash, struct nr_trial *t)
{
    struct nr_bytes raw;
    struct nr_record rec;
    const struct nr_entry *e = nr_set_find(&core->sets[NR_PLANE_COLD], key_hash);
    if (!e || !(e->flags & NR_ENTRY_PEER) || nr_entry_dead(e, now)) return NR_E_NOT_FOUND;
    int err = core->host.load(core->host.ctx, key_hash, &raw);
    if (!err) err = nr_record_decode(raw, &rec);
    if (err) return err;
    *t = (struct nr_trial){ .key_hash = key_hash, .own_stamp = rec.stamp, .node_id_len = rec.subject.len };
    memcpy(t->key, rec.signer, NR_KEY_SIZE);
    memcpy(t->node_id, rec.subject.data, rec.subject.len);
    t->beat_stamp = beat_stamp(core, t->key, nr_trial_node_id(t));
    if (t->beat_stamp > t->own_stamp) t->own_stamp = t->beat_stamp;
    return 0;
}

/* The moment at which the count falls below the quorum: the quorum-th latest end. */
static int64_t quorum_ends_ms(const struct nr_trial *t)
{
    for (size_t i = 0; i < t->count; i++) {
        size_t later = 0, same = 0;
        if (!t->said[i].counted) continue;
        for (size_t k = 0; k < t->count; k++) {
            later += t->said[k].counted && t->said[k].ends_ms > t->said[i].ends_ms;
            same += t->said[k].counted && t->said[k].ends_ms == t->said[i].ends_ms;
        }
        if (later < t->quorum && later + same >= t->quorum) return t->said[i].ends_ms;
    }
    return 0;
}

int nr_core_try_node(const struct nr_core *core, struct nr_now now, uint64_t key_hash, struct nr_trial *out)
{
    struct reading r = { .trial = out, .core = core, .now = now };
    int err = load_node(core, now, key_hash, out);
    if (err) return err;
    nr_winner_init(&r.winner);
    err = core->host.subject(core->host.ctx, NR_KIND_NODE, nr_trial_node_id(out), read_winner, &r);
    if (err) return err;
    out->count = nr_roster_rank(&core->roster, key8_of(out), now.wall_ms, out->ranks);
    err = core->host.subject(core->host.ctx, NR_KIND_VERDICT, nr_trial_node_id(out), read_verdict, &r);
    if (err) return err;
    size_t observers = out->count < NR_OBSERVERS_MAX ? out->count : NR_OBSERVERS_MAX;
    out->quorum = observers / 2 + 1;
    for (size_t i = 0; i < out->count; i++) out->counted += out->said[i].counted;
    if (out->wins && observers > 0 && out->counted >= out->quorum) out->until_ms = quorum_ends_ms(out);
    return 0;
}

/* The judgement. */

static void event_judged(struct nr_core *core, struct nr_bytes node_id, const uint8_t key[static NR_KEY_SIZE],
                         int64_t until_ms)
{
    struct nr_event *e = nr_events_add(&core->events, NR_EVENT_JUDGED);
    if (!e) return;
    memcpy(e->signer, key, NR_KEY_SIZE);
    e->subject_len = (uint8_t)node_id.len;
    memcpy(e->subject, node_id.data, node_id.len);
    e->until_ms = until_ms;
}

static void conclude(struct nr_core *core, struct nr_now now, const struct nr_trial *t)
{
    const struct nr_gone *gone = nr_roster_gone(&core->roster, key8_of(t), t->key_hash);
    struct nr_gone was = gone ? *gone : (struct nr_gone){ 0 };
    if (was.until_ms == t->until_ms) return;
    if (nr_roster_judge(&core->roster, key8_of(t), t->key_hash, t->until_ms, t->own_stamp)) return;
    core->stats.nodes_judged_gone += was.until_ms == 0;
    event_judged(core, nr_trial_node_id(t), t->key, t->until_ms);
    if (t->until_ms == 0) nr_core_taken_back(core, now, t, was.own_stamp);
}

static void judge(struct nr_core *core, struct nr_now now, uint64_t key_hash)
{
    struct nr_trial t;
    if (nr_core_try_node(core, now, key_hash, &t) == 0) conclude(core, now, &t);
}

/* What comes. */

/* A node's own word: only one that is gone is judged anew by it. */
static void heard(struct nr_core *core, struct nr_now now, struct nr_peer *peer, uint64_t stamp)
{
    uint32_t s = (uint32_t)(nr_stamp_ms(stamp) / 1000);
    uint64_t key8 = peer->key8, key_hash = peer->key_hash;
    if (s > peer->heard_s) {
        /* Silent for so long, it was no candidate. */
        if (now.wall_ms - (int64_t)peer->heard_s * 1000 >= NR_CANDIDATE_S * 1000) core->roster.changes++;
        peer->heard_s = s;
    }
    nr_core_own_word(core, now, key8, stamp);
    if (nr_roster_gone_until_ms(&core->roster, key8, key_hash)) judge(core, now, key_hash);
}

static void follow_node(struct nr_core *core, struct nr_now now, const struct nr_record *rec,
                        const struct nr_entry *facts)
{
    uint64_t key8 = nr_key8(rec->signer);
    if (facts->flags & NR_ENTRY_PEER) {
        bool known = nr_roster_find(&core->roster, key8, facts->key_hash) != NULL;
        uint64_t beat = known ? 0 : beat_stamp(core, rec->signer, rec->subject); /* it may have come first */
        heard(core, now, nr_roster_put(&core->roster, key8, facts->key_hash), beat > rec->stamp ? beat : rec->stamp);
        if (!known) nr_core_watch_newcomer(core, now, key8);
        return;
    }
    bool was = nr_roster_gone_until_ms(&core->roster, key8, facts->key_hash) != 0;
    nr_roster_remove(&core->roster, key8, facts->key_hash);
    uint32_t at = 0;
    if (!nr_roster_next_of_key(&core->roster, key8, &at)) nr_core_unwatch(core, key8);
    if (was) event_judged(core, rec->subject, rec->signer, 0);
}

static void follow_heartbeat(struct nr_core *core, struct nr_now now, const struct nr_record *rec,
                             const struct nr_origin *origin)
{
    uint64_t key8 = nr_key8(rec->signer);
    uint32_t at = 0;
    if (!nr_roster_next_of_key(&core->roster, key8, &at)) return; /* most sponsors' nodes cost no hash */
    uint64_t key_hash = nr_core_key_hash(core, NR_KIND_NODE, rec->signer, rec->subject);
    struct nr_peer *peer = nr_roster_find(&core->roster, key8, key_hash);
    if (!peer) return;
    peer->via = origin->from ? (uint32_t)(nr_key8(origin->from->key) >> 32) : 0;
    heard(core, now, peer, rec->stamp);
}

/* Looking for a VERDICT that a heartbeat overrules and the one before did not. */
struct overruling {
    const struct nr_record *beat;
    uint64_t before; /* the stamp of the one before */
    bool found;
};

static int compare_verdict(void *arg, const struct nr_record *rec)
{
    struct overruling *o = arg;
    struct nr_verdict_body body;
    if (rec->stamp <= o->before || rec->stamp >= o->beat->stamp || nr_verdict_body_decode(rec->body, &body)) return 0;
    if (memcmp(body.key, o->beat->signer, NR_KEY_SIZE) == 0) o->found = true;
    return 0;
}

bool nr_core_overrules(const struct nr_core *core, const struct nr_record *rec, uint64_t before)
{
    struct overruling o = { .beat = rec, .before = before };
    if (rec->kind != NR_KIND_HEARTBEAT || nr_core_record_count(core, NR_PLANE_BRIEF) == 0) return false;
    if (core->host.subject(core->host.ctx, NR_KIND_VERDICT, rec->subject, compare_verdict, &o)) return false;
    return o.found;
}

/* Somebody says that this very node is gone: a newer word of it overrules that (C.7.6). Also where an earlier one
 * would: who says so has not got that, and may not be alone. */
static void answer(struct nr_core *core, struct nr_now now)
{
    if (now.mono_us - core->answered_us < ANSWER_EVERY_US) {
        if (core->beat_us > now.mono_us + ANSWER_EVERY_US) core->beat_us = now.mono_us + ANSWER_EVERY_US;
        return;
    }
    core->answered_us = now.mono_us;
    nr_core_own_beat(core, now);
}

static void follow_verdict(struct nr_core *core, struct nr_now now, const struct nr_record *rec)
{
    struct nr_verdict_body body;
    struct nr_trial t;
    if (nr_verdict_body_decode(rec->body, &body)) return;
    if (memcmp(body.key, core->key, NR_KEY_SIZE) == 0) answer(core, now);
    if (nr_core_try_node(core, now, nr_core_key_hash(core, NR_KIND_NODE, body.key, rec->subject), &t)) return;
    conclude(core, now, &t);
    if (memcmp(rec->signer, core->key, NR_KEY_SIZE) == 0)
        nr_core_said(core, now, &t, rec->stamp);
    else if (t.until_ms == 0 && rec->stamp > t.own_stamp)
        nr_core_doubt(core, now, &t);
}

void nr_core_verdict_follow(struct nr_core *core, struct nr_now now, const struct nr_record *rec,
                            const struct nr_entry *facts, const struct nr_origin *origin)
{
    if (rec->kind == NR_KIND_NODE) follow_node(core, now, rec, facts);
    if (rec->kind == NR_KIND_HEARTBEAT) follow_heartbeat(core, now, rec, origin);
    if (rec->kind == NR_KIND_VERDICT) follow_verdict(core, now, rec);
    if (core->roster.changes != core->judged_changes && core->judge_us == NR_NEVER_US)
        core->judge_us = now.mono_us + JUDGE_EVERY_US;
}

void nr_core_verdict_ended(struct nr_core *core, struct nr_now now, const struct nr_record *rec, uint64_t key_hash)
{
    struct nr_verdict_body body;
    const struct nr_peer *peer =
        !rec || rec->kind == NR_KIND_NODE ? nr_roster_find_hash(&core->roster, key_hash) : NULL;
    if (peer) {
        uint64_t key8 = peer->key8;
        nr_roster_remove(&core->roster, key8, key_hash);
        nr_core_unwatch(core, key8);
    }
    if (!rec || rec->kind != NR_KIND_VERDICT || nr_verdict_body_decode(rec->body, &body)) return;
    judge(core, now, nr_core_key_hash(core, NR_KIND_NODE, body.key, rec->subject));
}

/* Who may come. */

static bool ranks_for(const struct nr_core *core, struct nr_now now, uint64_t subject, uint64_t signer)
{
    uint64_t ranks[NR_VERDICT_RANKS];
    size_t n = nr_roster_rank(&core->roster, subject, now.wall_ms, ranks);
    for (size_t i = 0; i < n; i++)
        if (ranks[i] == signer) return true;
    return false;
}

bool nr_core_may_judge(const struct nr_core *core, struct nr_now now, const struct nr_record *rec)
{
    struct nr_verdict_body body;
    uint32_t at = 0;
    if (nr_verdict_body_decode(rec->body, &body)) return false;
    uint64_t subject = nr_key8(body.key), signer = nr_key8(rec->signer);
    uint64_t key_hash = nr_core_key_hash(core, NR_KIND_NODE, body.key, rec->subject);
    if (!nr_roster_find(&core->roster, subject, key_hash)) return false;
    /* It answers any peer that says so of itself, one that it takes for gone too: else both would stay gone. */
    if (memcmp(body.key, core->key, NR_KEY_SIZE) == 0) return nr_roster_next_of_key(&core->roster, signer, &at) != NULL;
    return ranks_for(core, now, subject, signer);
}

/* What is said here. */

int nr_core_say_verdict(struct nr_core *core, struct nr_now now, uint64_t key_hash, int64_t since_ms)
{
    struct nr_trial t;
    uint8_t buf[NR_KEY_SIZE + 32];
    struct nr_writer w;
    int err = nr_core_try_node(core, now, key_hash, &t);
    if (!err && (!t.wins || !ranks_for(core, now, key8_of(&t), nr_key8(core->key)))) err = NR_E_DENIED;
    if (err) return err;
    nr_writer_init(&w, buf, sizeof buf);
    nr_verdict_body_encode(&w, &(struct nr_verdict_body){ .key = t.key, .since_ms = since_ms > 0 ? since_ms : 0 });
    struct nr_record_draft draft = { .kind = NR_KIND_VERDICT,
                                     .subject = nr_trial_node_id(&t),
                                     .lease_s = NR_VERDICT_LEASE_S,
                                     .body = nr_writer_bytes(&w) };
    err = nr_core_state_record(core, now, &draft, t.own_stamp);
    if (!err) core->stats.verdicts_made++;
    return err;
}

/* All that is held, some at a time. */

static bool load_verdict(const struct nr_core *core, const struct nr_entry *e, uint64_t *node, bool *own,
                         uint64_t *stamp)
{
    struct nr_bytes raw;
    struct nr_record rec;
    struct nr_verdict_body body;
    if (e->kind != NR_KIND_VERDICT || core->host.load(core->host.ctx, e->key_hash, &raw)) return false;
    if (nr_record_decode(raw, &rec) || nr_verdict_body_decode(rec.body, &body)) return false;
    *own = memcmp(rec.signer, core->key, NR_KEY_SIZE) == 0;
    *stamp = rec.stamp;
    *node = nr_core_key_hash(core, NR_KIND_NODE, body.key, rec.subject);
    return true;
}

static void judge_anew(struct nr_core *core, struct nr_now now, const struct nr_entry *e)
{
    struct nr_trial t;
    uint64_t node, stamp;
    bool own;
    if (!load_verdict(core, e, &node, &own, &stamp) || nr_core_try_node(core, now, node, &t)) return;
    conclude(core, now, &t);
    if (own)
        nr_core_said(core, now, &t, stamp);
    else if (t.until_ms == 0 && stamp > t.own_stamp)
        nr_core_doubt(core, now, &t);
}

void nr_core_verdict_care(struct nr_core *core, struct nr_now now)
{
    if (now.mono_us < core->judge_us) return;
    const struct nr_set *set = &core->sets[NR_PLANE_BRIEF];
    if (core->judge_from == 0) core->judged_changes = core->roster.changes;
    struct nr_entry *e = nr_set_at_or_after(set, core->judge_from);
    for (int n = 0; e && n < JUDGE_AT_ONCE; n++, e = nr_set_at_or_after(set, core->judge_from)) {
        uint64_t key_hash = e->key_hash;
        judge_anew(core, now, e);
        core->judge_from = key_hash + 1;
        if (core->judge_from == 0) break;
    }
    if (!e) core->judge_from = 0;
    bool more = core->judge_from != 0 || core->roster.changes != core->judged_changes;
    core->judge_us = more ? now.mono_us + JUDGE_EVERY_US : NR_NEVER_US;
}

static int restore_peer(struct nr_core *core, struct nr_now now, const struct nr_entry *e)
{
    struct nr_trial t;
    int err = nr_roster_reserve(&core->roster);
    if (!err) err = load_node(core, now, e->key_hash, &t);
    if (err) return err == NR_E_NOMEM ? err : 0; /* one that cannot be read is no candidate */
    struct nr_peer *peer = nr_roster_put(&core->roster, key8_of(&t), e->key_hash);
    peer->heard_s = (uint32_t)(nr_stamp_ms(t.own_stamp) / 1000);
    return 0;
}

int nr_core_verdict_start(struct nr_core *core, struct nr_now now)
{
    struct nr_range all = { 0 };
    const struct nr_set *cold = &core->sets[NR_PLANE_COLD];
    for (struct nr_entry *e = nr_set_first(cold, all); e; e = nr_set_next(cold, all, e)) {
        int err = e->flags & NR_ENTRY_PEER ? restore_peer(core, now, e) : 0;
        if (err) return err;
    }
    core->judge_us = nr_core_record_count(core, NR_PLANE_BRIEF) ? now.mono_us : NR_NEVER_US;
    core->judged_changes = core->roster.changes;
    core->answered_us = now.mono_us - ANSWER_EVERY_US;
    return 0;
}
