#include "noded/relay.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/machine.h"

#define LOG_RATE  20
#define LOG_BURST 200
#define AT_ONCE   8 /* datagrams: what they call for shares datagrams, and finds room in the core's outbox */

struct relay {
    struct relay_options o;
    struct nr_sealer sealer;
    struct nr_udp *udp;
    struct nr_timer *timer;
    struct nr_token_bucket log_budget;
    bool views_stale, mend_now;
    unsigned taken; /* datagrams whose answers are still the core's */
    struct relay_stats stats;
};

/* A view that could not be written is made later: relay_mend_views. */
static void view_result(struct relay *r, int err)
{
    if (!err) return;
    r->stats.views_failed++;
    r->views_stale = true;
}

static void on_record(struct relay *r, const struct nr_event *e, struct nr_now now)
{
    uint8_t copy[NR_RECORD_MAX]; /* what the store hands out lasts only until it is written to */
    struct nr_record rec;
    struct nr_bytes raw, subject = nr_bytes(e->subject, e->subject_len);
    int err = nr_store_get(r->o.store, nr_record_key_hash(e->kind, e->signer, subject), &raw);
    if (err == NR_E_NOT_FOUND) return; /* it has ended meanwhile: another event says so */
    if (err || raw.len > sizeof copy) {
        view_result(r, NR_E_CORRUPT);
        return;
    }
    memcpy(copy, raw.data, raw.len);
    err = nr_record_decode(nr_bytes(copy, raw.len), &rec);
    if (!err && e->kind == NR_KIND_HEARTBEAT) err = nr_store_history_add(r->o.store, &rec);
    if (!err) err = nr_store_refresh(r->o.store, e->kind, subject, &rec, now.wall_ms);
    view_result(r, err);
}

static void on_ended(struct relay *r, const struct nr_event *e, struct nr_now now)
{
    struct nr_bytes subject = nr_bytes(e->subject, e->subject_len);
    view_result(r, nr_store_refresh(r->o.store, e->kind, subject, NULL, now.wall_ms));
}

/* Readers are to see soon that a node is gone, or there again. */
static void on_judged(struct relay *r, const struct nr_event *e)
{
    view_result(r, nr_store_judge(r->o.store, nr_bytes(e->subject, e->subject_len), e->signer, e->until_ms));
    commit_pulse_soon(r->o.commit);
}

static void key_text(const uint8_t key[static NR_KEY_SIZE], char out[static 17])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 8; i++) {
        out[2 * i] = digits[key[i] >> 4];
        out[2 * i + 1] = digits[key[i] & 15];
    }
    out[16] = '\0';
}

static void log_event(const struct nr_event *e)
{
    char key[17], addr[NR_ADDR_TEXT];
    int len = e->subject_len;
    const char *subject = (const char *)e->subject;
    key_text(e->signer, key);
    nr_addr_format(&e->addr, addr);
    switch (e->type) {
    case NR_EVENT_PEER_UP: nr_log_info("gossip: peer found: key=%s address=%s", key, addr); break;
    case NR_EVENT_PEER_DOWN: nr_log_info("gossip: peer lost: key=%s address=%s", key, addr); break;
    case NR_EVENT_LEARNED: nr_log_info("gossip: others see this node: address=%s", addr); break;
    case NR_EVENT_CONFLICT:
        nr_log_warning(
            "registry: two records under one stamp, the key is cloned or cheats: signer=%s kind=%s subject=%.*s", key,
            nr_kind_name(e->kind), len, subject);
        break;
    case NR_EVENT_OWN_NEWER:
        nr_log_warning(
            "registry: met a newer record of this node's own, its disk or clock went back: kind=%s subject=%.*s",
            nr_kind_name(e->kind), len, subject);
        break;
    case NR_EVENT_CLOCK_RESET: nr_log_warning("clock: stamps had run too far ahead, and follow the clock again"); break;
    case NR_EVENT_CLOCK_STEP: nr_log_warning("clock: it was set: by=%" PRId64 " s", e->step_ms / 1000); break;
    case NR_EVENT_JUDGED:
        nr_log_info("gossip: %s: node=%.*s", e->until_ms ? "observers no longer hear a node" : "a node is heard again",
                    len, subject);
        break;
    case NR_EVENT_RECORD:
    case NR_EVENT_ENDED: break;
    }
}

static void on_event(struct relay *r, const struct nr_event *e, struct nr_now now)
{
    r->o.on_event(r->o.arg, e);
    if (e->type == NR_EVENT_RECORD) {
        on_record(r, e, now);
        return;
    }
    if (e->type == NR_EVENT_ENDED) {
        on_ended(r, e, now);
        return;
    }
    if (nr_token_bucket_take(&r->log_budget, 1, now.mono_us)) {
        log_event(e);
    } else {
        r->stats.events_unlogged++;
    }
    if (e->type == NR_EVENT_JUDGED) on_judged(r, e);
    if (e->type == NR_EVENT_CLOCK_STEP) r->views_stale = r->mend_now = true;
    if (e->type == NR_EVENT_LEARNED) relay_own_addresses(r);
    /* An address that is not kept costs a restarted node some time, no more. */
    if (e->type == NR_EVENT_PEER_UP) (void)!nr_store_peer_put(r->o.store, e->signer, &e->addr, now.wall_ms);
}

void relay_take_events(struct relay *r, struct nr_now now)
{
    struct nr_event e;
    while (nr_core_next_event(r->o.core, &e)) on_event(r, &e, now);
    if (r->mend_now) relay_mend_views(r, now);
    r->mend_now = false;
}

static void drain_core(struct relay *r, struct nr_now now)
{
    uint8_t sealed[NR_DATAGRAM_MAX];
    struct nr_datagram d;
    r->taken = 0;
    relay_take_events(r, now);
    while (nr_core_next_datagram(r->o.core, &d)) {
        size_t len = nr_seal(&r->sealer, d.plain, sealed);
        nr_udp_send(r->udp, &d.to, nr_bytes(sealed, len));
    }
}

static void on_datagram(void *arg, struct nr_now now, const struct nr_addr *from, struct nr_bytes datagram)
{
    struct relay *r = arg;
    uint8_t plain[NR_PLAIN_MAX];
    size_t len;
    if (nr_open_datagram(&r->sealer, datagram, plain, &len) != 0) {
        r->stats.datagrams_not_opened++;
        return;
    }
    nr_core_receive(r->o.core, now, from, nr_bytes(plain, len));
    relay_take_events(r, now);
    if (++r->taken == AT_ONCE) drain_core(r, now);
}

static void finish_turn(struct relay *r, struct nr_now now)
{
    nr_udp_flush(r->udp);
    nr_timer_at(r->timer, now, nr_core_deadline(r->o.core));
    commit_note(r->o.commit);
}

static void on_batch(void *arg, struct nr_now now)
{
    relay_drain(arg, now);
}

static void on_deadline(void *arg)
{
    struct relay *r = arg;
    struct nr_now now = nr_clock_now();
    r->o.before_expire(r->o.arg, now);
    nr_core_expire(r->o.core, now);
    relay_drain(r, now);
}

void relay_drain(struct relay *r, struct nr_now now)
{
    drain_core(r, now);
    finish_turn(r, now);
}

struct relay *relay_new(const struct relay_options *options)
{
    struct relay *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->o = *options;
    r->views_stale = options->mend_views;
    nr_sealer_init(&r->sealer, options->ring);
    nr_token_bucket_init(&r->log_budget, LOG_RATE, LOG_BURST, nr_clock_now().mono_us);
    r->udp = nr_udp_new(options->loop, on_datagram, on_batch, r);
    r->timer = nr_timer_new(options->loop, on_deadline, r);
    if (r->udp && r->timer) return r;
    relay_free(r);
    return NULL;
}

void relay_free(struct relay *r)
{
    if (!r) return;
    nr_udp_free(r->udp);
    nr_timer_free(r->timer);
    nr_sealer_fini(&r->sealer);
    free(r);
}

struct nr_udp *relay_udp(struct relay *r)
{
    return r->udp;
}

void relay_own_addresses(struct relay *r)
{
    struct nr_addr own[NR_UDP_SOCKETS_MAX + 1 + NR_MACHINE_ADDRS_MAX], bound[NR_UDP_SOCKETS_MAX];
    size_t n = 0, count = nr_udp_bound(r->udp, bound);
    for (size_t i = 0; i < count; i++) {
        if (!nr_addr_is_any(&bound[i])) own[n++] = bound[i];
    }
    if (nr_core_learned_address(r->o.core, &own[n])) n++;
    for (size_t i = 0; i < count; i++) {
        struct nr_addr found[NR_MACHINE_ADDRS_MAX];
        if (!nr_addr_is_any(&bound[i])) continue;
        size_t all = nr_machine_addresses(bound[i].port, found);
        for (size_t k = 0; k < all && n < sizeof own / sizeof *own; k++) {
            if (found[k].family == bound[i].family) own[n++] = found[k];
        }
    }
    nr_core_set_own_addresses(r->o.core, own, n < 32 ? n : 32);
}

/* The subjects of all records, gathered before any view is written. */
struct subjects {
    struct subject {
        uint8_t kind, len;
        uint8_t text[NR_SUBJECT_MAX];
    } * list;
    size_t count, room;
};

static int gather(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    struct subjects *s = arg;
    (void)key_hash;
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        struct subject *list = realloc(s->list, room * sizeof *list);
        if (!list) return NR_E_NOMEM;
        s->list = list;
        s->room = room;
    }
    nr_assert(rec->subject.len <= NR_SUBJECT_MAX);
    struct subject *one = &s->list[s->count++];
    one->kind = rec->kind;
    one->len = (uint8_t)rec->subject.len;
    memcpy(one->text, rec->subject.data, rec->subject.len);
    return 0;
}

void relay_mend_views(struct relay *r, struct nr_now now)
{
    struct subjects s = { 0 };
    struct nr_store_info info;
    nr_store_info(r->o.store, &info);
    if (!r->views_stale || info.health != 0) return;
    int err = nr_store_each(r->o.store, gather, &s);
    for (size_t i = 0; i < s.count && !err; i++) {
        const struct subject *one = &s.list[i];
        err = nr_store_refresh(r->o.store, one->kind, nr_bytes(one->text, one->len), NULL, now.wall_ms);
    }
    free(s.list);
    r->views_stale = err != 0;
    commit_note(r->o.commit);
    if (!err && r->stats.views_failed) nr_log_info("store: what readers see is whole again");
}

const struct relay_stats *relay_stats(const struct relay *r)
{
    return &r->stats;
}
