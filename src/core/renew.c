/* Renewal (design §3): what is ours and still seen is stated anew after a quarter of its lease, so that three quarters
 * are left when its signer falls silent: with 96 hours, the 72 that a silent node is shown. A sponsor renews only while
 * its node's heartbeats come; tombstones live as long as what they delete and are not renewed. */
#include "core/state.h"

#include "core/view.h"

#define RENEWED_OF_LEASE 4
#define RENEW_EVERY_US   60000000
#define RENEW_AT_ONCE    256

struct newest {
    struct nr_core *core;
    struct nr_winner winner;
    int64_t wall_ms;
    int64_t heard_ms;
};

static int feed(void *arg, const struct nr_record *rec)
{
    struct newest *n = arg;
    nr_winner_feed(&n->winner, rec, n->core->host.hash8(n->core->host.ctx, rec->raw), n->wall_ms);
    if (nr_stamp_ms(rec->stamp) > n->heard_ms) n->heard_ms = nr_stamp_ms(rec->stamp);
    return 0;
}

/* Whether readers see this very record. */
static bool is_seen(struct nr_core *core, struct nr_now now, const struct nr_record *rec)
{
    struct newest n = { .core = core, .wall_ms = now.wall_ms };
    nr_winner_init(&n.winner);
    return core->host.subject(core->host.ctx, rec->kind, rec->subject, feed, &n) == 0 && n.winner.any &&
           nr_bytes_eq(n.winner.rec.raw, rec->raw);
}

static bool heard_lately(struct nr_core *core, struct nr_now now, const struct nr_record *rec)
{
    struct nr_node_body body;
    struct newest n = { .core = core, .wall_ms = now.wall_ms };
    nr_winner_init(&n.winner);
    if (rec->kind != NR_KIND_NODE || nr_node_body_decode(rec->body, &body)) return true;
    if (body.deleted) return true;
    if (body.self) return nr_bytes_eq(rec->subject, nr_bytes(core->node_id, core->node_id_len));
    if (core->host.subject(core->host.ctx, NR_KIND_HEARTBEAT, rec->subject, feed, &n)) return false;
    if (body.updated_at_ms > n.heard_ms) n.heard_ms = body.updated_at_ms;
    return now.wall_ms - n.heard_ms < (int64_t)rec->lease_s * 1000 / RENEWED_OF_LEASE;
}

/* What a clock said that was wrong, by the clock as it is now. */
static int64_t put_right(int64_t ms, struct nr_now now, struct nr_now was)
{
    if (ms == 0) return 0; /* absent */
    if (ms <= was.wall_ms + NR_STAMP_AHEAD_MS) ms += now.wall_ms - was.wall_ms;
    return ms < now.wall_ms ? ms : now.wall_ms;
}

/* The body of a NODE record with its times put right, in `buf`; as it is where they are right, or it is none. */
static struct nr_bytes body_now(const struct nr_record *rec, struct nr_now now, struct nr_now was,
                                uint8_t buf[static NR_RECORD_MAX])
{
    struct nr_node_body body;
    struct nr_writer w;
    if (rec->kind != NR_KIND_NODE || nr_node_body_decode(rec->body, &body) || body.deleted) return rec->body;
    int64_t created_ms = put_right(body.created_at_ms, now, was), updated_ms = put_right(body.updated_at_ms, now, was);
    if (created_ms == body.created_at_ms && updated_ms == body.updated_at_ms) return rec->body;
    body.created_at_ms = created_ms;
    body.updated_at_ms = updated_ms;
    nr_writer_init(&w, buf, NR_RECORD_MAX);
    nr_node_body_encode(&w, &body);
    return w.err ? rec->body : nr_writer_bytes(&w);
}

bool nr_core_say_again(struct nr_core *core, struct nr_now now, struct nr_now was, uint64_t key_hash)
{
    struct nr_bytes raw;
    struct nr_record rec;
    uint8_t copy[NR_RECORD_MAX], body[NR_RECORD_MAX];
    if (core->host.load(core->host.ctx, key_hash, &raw) || raw.len > sizeof copy) return false;
    memcpy(copy, raw.data, raw.len);
    if (nr_record_decode(nr_bytes(copy, raw.len), &rec) || !is_seen(core, was, &rec) || !heard_lately(core, was, &rec))
        return false;
    struct nr_record_draft draft = {
        .kind = rec.kind, .subject = rec.subject, .lease_s = rec.lease_s, .body = body_now(&rec, now, was, body)
    };
    int err = nr_core_state_record(core, now, &draft, rec.stamp);
    if (err) core->stats.records_not_stored++;
    return !err;
}

static bool due(const struct nr_entry *e, struct nr_now now)
{
    return (e->flags & NR_ENTRY_OWN) && !(e->flags & NR_ENTRY_DELETED) &&
           (e->kind == NR_KIND_NODE || e->kind == NR_KIND_PROFILE) &&
           (now.wall_ms > nr_stamp_ms(e->stamp) + (int64_t)e->lease_s * 1000 / RENEWED_OF_LEASE ||
            nr_stamp_is_ahead(e->stamp, now.wall_ms)); /* said before the clock was set back (A.6.1) */
}

void nr_core_renew(struct nr_core *core, struct nr_now now)
{
    if (now.mono_us < core->renew_us) return;
    uint64_t keys[RENEW_AT_ONCE];
    size_t n = 0;
    struct nr_range all = { 0 };
    struct nr_set *set = &core->sets[NR_PLANE_COLD];
    for (struct nr_entry *e = nr_set_first(set, all); e && n < RENEW_AT_ONCE; e = nr_set_next(set, all, e))
        if (due(e, now)) keys[n++] = e->key_hash;
    for (size_t i = 0; i < n; i++) (void)nr_core_say_again(core, now, now, keys[i]);
    core->renew_us = now.mono_us + RENEW_EVERY_US / 2 + nr_rng_below(&core->rng, RENEW_EVERY_US);
}

void nr_core_say_ended_again(struct nr_core *core, struct nr_now now, struct nr_now was)
{
    const struct nr_range all = { 0 };
    struct nr_set *set = &core->sets[NR_PLANE_COLD];
    uint64_t keys[RENEW_AT_ONCE], from = 0;
    size_t n;
    do {
        n = 0;
        for (struct nr_entry *e = nr_set_at_or_after(set, from); e && n < RENEW_AT_ONCE; e = nr_set_next(set, all, e)) {
            from = e->key_hash + 1;
            if ((e->flags & NR_ENTRY_OWN) && nr_entry_dead(e, now) && !nr_entry_dead(e, was)) keys[n++] = e->key_hash;
        }
        for (size_t i = 0; i < n; i++) (void)nr_core_say_again(core, now, was, keys[i]);
    } while (n == RENEW_AT_ONCE && from != 0);
}
