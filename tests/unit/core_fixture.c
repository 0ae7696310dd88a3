#include "unit/core_fixture.h"

#include "core/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t host_hash8(void *ctx, struct nr_bytes in)
{
    (void)ctx;
    return nr_hash8(in);
}

static uint64_t host_cookie(void *ctx, struct nr_bytes in)
{
    const struct fix_peer *p = ctx;
    return nr_keyed_hash8(p->key.secret, in);
}

static void host_sign(void *ctx, const char *domain, struct nr_bytes msg, uint8_t sig[static NR_SIG_SIZE])
{
    const struct fix_peer *p = ctx;
    nr_sign(&p->key, domain, msg, sig);
}

static int host_verify(void *ctx, const uint8_t key[static NR_KEY_SIZE], const char *domain, struct nr_bytes msg,
                       const uint8_t sig[static NR_SIG_SIZE])
{
    (void)ctx;
    return nr_verify(key, domain, msg, sig);
}

const struct fix_record *fix_find(const struct fix_peer *p, uint64_t key_hash)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->records[i].key_hash == key_hash) return &p->records[i];
    return NULL;
}

static struct fix_record *record_new(struct fix_peer *p)
{
    if (p->count == p->room) {
        p->room = p->room ? p->room * 2 : 64;
        p->records = realloc(p->records, p->room * sizeof *p->records);
        assert_non_null(p->records);
    }
    p->records[p->count] = (struct fix_record){ 0 };
    return &p->records[p->count++];
}

void fix_store(struct fix_peer *p, const struct nr_record *rec)
{
    uint64_t key_hash = nr_record_key_hash(rec->kind, rec->signer, rec->subject);
    const struct fix_record *held = fix_find(p, key_hash);
    struct fix_record *r = held ? &p->records[held - p->records] : record_new(p);
    uint8_t *raw = malloc(rec->raw.len);
    assert_non_null(raw);
    memcpy(raw, rec->raw.data, rec->raw.len);
    free(r->raw);
    *r = (struct fix_record){ .key_hash = key_hash, .len = rec->raw.len, .raw = raw };
}

size_t fix_make_node(const struct fix_peer *signer, const char *node_id, uint64_t stamp,
                     uint8_t raw[static NR_RECORD_MAX])
{
    uint8_t body[512], sig[NR_SIG_SIZE];
    struct nr_writer b, w;
    struct nr_node_body node = { .hostname = nr_bytes_str("host"), .role = nr_bytes_str("worker") };
    nr_writer_init(&b, body, sizeof body);
    nr_node_body_encode(&b, &node);
    struct nr_record_draft draft = { .kind = NR_KIND_NODE,
                                     .signer = signer->key.pub,
                                     .subject = nr_bytes_str(node_id),
                                     .stamp = stamp,
                                     .lease_s = 259200,
                                     .body = nr_writer_bytes(&b) };
    nr_writer_init(&w, raw, NR_RECORD_MAX);
    nr_record_encode_unsigned(&w, &draft);
    nr_sign(&signer->key, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    assert_int_equal(w.err, 0);
    return nr_writer_len(&w);
}

static int host_save(void *ctx, const struct nr_record *rec, struct nr_now now)
{
    struct fix_peer *p = ctx;
    (void)now;
    if (!p->fail_saves) fix_store(p, rec);
    return p->fail_saves;
}

static int host_load(void *ctx, uint64_t key_hash, struct nr_bytes *raw)
{
    const struct fix_record *r = fix_find(ctx, key_hash);
    if (!r) return NR_E_NOT_FOUND;
    *raw = nr_bytes(r->raw, r->len);
    return 0;
}

static int host_drop(void *ctx, const struct nr_record *rec)
{
    struct fix_peer *p = ctx;
    const struct fix_record *r = fix_find(p, nr_record_key_hash(rec->kind, rec->signer, rec->subject));
    if (!r) return 0;
    free(r->raw);
    p->records[r - p->records] = p->records[--p->count];
    return 0;
}

static int host_evidence(void *ctx, const struct nr_record *held, const struct nr_record *met)
{
    struct fix_peer *p = ctx;
    assert_true(held->stamp == met->stamp && !nr_bytes_eq(held->raw, met->raw));
    p->evidence++;
    return 0;
}

static int host_each(void *ctx, int (*each)(void *arg, uint64_t key_hash, const struct nr_record *rec), void *arg)
{
    struct fix_peer *p = ctx;
    for (size_t i = 0; i < p->count; i++) {
        struct nr_record rec;
        assert_int_equal(nr_record_decode(nr_bytes(p->records[i].raw, p->records[i].len), &rec), 0);
        int err = each(arg, nr_record_key_hash(rec.kind, rec.signer, rec.subject), &rec);
        if (err) return err;
    }
    return 0;
}

static int host_subject(void *ctx, uint8_t kind, struct nr_bytes subject,
                        int (*each)(void *arg, const struct nr_record *rec), void *arg)
{
    struct fix_peer *p = ctx;
    for (size_t i = 0; i < p->count; i++) {
        struct nr_record rec;
        assert_int_equal(nr_record_decode(nr_bytes(p->records[i].raw, p->records[i].len), &rec), 0);
        if (rec.kind != kind || !nr_bytes_eq(rec.subject, subject)) continue;
        int err = each(arg, &rec);
        if (err) return err;
    }
    return 0;
}

static int host_reserve(void *ctx, uint64_t limit)
{
    struct fix_peer *p = ctx;
    if (p->fail_saves) return p->fail_saves;
    p->reserved = limit;
    return 0;
}

struct nr_now fix_now(const struct fix *f, const struct fix_peer *p)
{
    return (struct nr_now){ .mono_us = f->us, .wall_ms = FIX_START_MS + f->us / 1000 + p->wall_offset_ms };
}

void fix_start(struct fix *f, size_t i)
{
    struct fix_peer *p = &f->peers[i];
    struct nr_core_config config = { .node_id = nr_bytes_str(p->id),
                                     .seed = 77 + i + (uint64_t)f->us,
                                     .stamp_floor = p->reserved,
                                     .lease_s = f->lease_s,
                                     .heartbeat_interval_ms = 10000 };
    struct nr_core_host host = { .ctx = p,
                                 .hash8 = host_hash8,
                                 .cookie = host_cookie,
                                 .sign = host_sign,
                                 .verify = host_verify,
                                 .save = host_save,
                                 .load = host_load,
                                 .drop = host_drop,
                                 .evidence = host_evidence,
                                 .each = host_each,
                                 .subject = host_subject,
                                 .reserve = host_reserve };
    memcpy(config.key, p->key.pub, NR_KEY_SIZE);
    p->core = nr_core_new(&config, &host);
    assert_non_null(p->core);
    assert_int_equal(nr_core_restore(p->core, fix_now(f, p)), 0);
    if (i) nr_core_set_seeds(p->core, &f->peers[0].addr, 1);
    assert_int_equal(nr_core_start(p->core, fix_now(f, p)), 0);
}

void fix_stop(struct fix *f, size_t i)
{
    nr_core_free(f->peers[i].core);
    f->peers[i].core = NULL;
}

void fix_init(struct fix *f, size_t count)
{
    fix_init_leased(f, count, 0);
}

void fix_init_leased(struct fix *f, size_t count, uint32_t lease_s)
{
    memset(f, 0, sizeof *f);
    f->lease_s = lease_s;
    assert_int_equal(nr_crypto_init(), 0);
    assert_true(count <= FIX_PEERS);
    f->count = count;
    f->us = 1000000;
    for (size_t i = 0; i < count; i++) {
        struct fix_peer *p = &f->peers[i];
        uint8_t seed[32] = { (uint8_t)(i + 1), 0x5e };
        p->fix = f;
        nr_keypair_from_seed(&p->key, seed);
        snprintf(p->id, sizeof p->id, "peer-%zu", i);
        p->addr = (struct nr_addr){ .family = 4, .ip = { 10, 0, 0, (uint8_t)(i + 1) }, .port = 9206 };
        fix_start(f, i);
    }
}

void fix_wipe(struct fix *f, size_t i)
{
    struct fix_peer *p = &f->peers[i];
    while (p->count) free(p->records[--p->count].raw);
}

void fix_fini(struct fix *f)
{
    for (size_t i = 0; i < f->count; i++) {
        nr_core_free(f->peers[i].core);
        fix_wipe(f, i);
        free(f->peers[i].records);
    }
}

static struct fix_peer *by_addr(struct fix *f, const struct nr_addr *a)
{
    for (size_t i = 0; i < f->count; i++)
        if (nr_addr_eq(&f->peers[i].addr, a) || nr_addr_eq(&f->peers[i].second, a)) return &f->peers[i];
    return NULL;
}

static void deliver(struct fix *f, struct fix_peer *from, const struct nr_datagram *d)
{
    uint8_t plain[NR_PLAIN_MAX];
    size_t len = d->plain.len;
    struct fix_peer *to = by_addr(f, &d->to);
    f->sent++;
    assert_true(len <= sizeof plain);
    memcpy(plain, d->plain.data, len);
    if (f->filter && !f->filter(f, from, d)) return;
    if (!to || !to->core || to->cut || from->cut || to->still) return;
    to->asked_at[from - f->peers] = d->to;
    const struct nr_addr *source = &from->asked_at[to - f->peers];
    nr_core_receive(to->core, fix_now(f, to), source->family ? source : &from->addr, nr_bytes(plain, len));
}

static bool drain(struct fix *f, struct fix_peer *p)
{
    struct nr_datagram d;
    struct nr_event e;
    bool any = false;
    while (nr_core_next_event(p->core, &e)) {
        p->events[e.type]++;
        p->last_event[e.type] = e;
    }
    while (nr_core_next_datagram(p->core, &d)) {
        deliver(f, p, &d);
        any = true;
    }
    return any;
}

static bool acts(const struct fix_peer *p)
{
    return p->core && !p->still;
}

static void settle(struct fix *f)
{
    for (bool any = true; any;) {
        any = false;
        for (size_t i = 0; i < f->count; i++)
            if (acts(&f->peers[i])) any |= drain(f, &f->peers[i]);
    }
}

static int64_t next_deadline(const struct fix *f)
{
    int64_t first = NR_NEVER_US;
    for (size_t i = 0; i < f->count; i++) {
        int64_t at = acts(&f->peers[i]) ? nr_core_deadline(f->peers[i].core) : NR_NEVER_US;
        if (at < first) first = at;
    }
    return first;
}

static void expire(struct fix *f)
{
    for (size_t i = 0; i < f->count; i++) {
        struct fix_peer *p = &f->peers[i];
        if (!acts(p) || nr_core_deadline(p->core) > f->us) continue;
        nr_core_expire(p->core, fix_now(f, p));
        f->woken++;
    }
}

static void step(struct fix *f, int64_t end)
{
    settle(f);
    int64_t at = next_deadline(f);
    if (at > end) at = end;
    if (at > f->us) f->us = at;
    expire(f);
    settle(f);
}

void fix_run_ms(struct fix *f, int64_t ms)
{
    int64_t end = f->us + ms * 1000;
    do step(f, end);
    while (f->us < end);
}

void fix_until(struct fix *f, int64_t ms, bool (*cond)(struct fix *f, void *arg), void *arg, const char *what)
{
    int64_t end = f->us + ms * 1000;
    settle(f);
    while (!cond(f, arg)) {
        if (f->us >= end) fail_msg("not within %lld ms: %s", (long long)ms, what);
        step(f, end);
    }
}

bool fix_all_equal(struct fix *f, void *unused)
{
    (void)unused;
    const struct fix_peer *first = NULL;
    size_t running = 0;
    for (size_t i = 0; i < f->count; i++) running += f->peers[i].core && !f->peers[i].cut;
    for (size_t i = 0; i < f->count; i++) {
        const struct fix_peer *p = &f->peers[i];
        if (!p->core || p->cut) continue;
        if (running > 1 && nr_core_peer_count(p->core) == 0) return false;
        if (!first) first = p;
        if (nr_core_fingerprint(p->core) != nr_core_fingerprint(first->core)) return false;
    }
    return true;
}

int fix_try_register(struct fix *f, size_t i, const char *node_id, const struct nr_node_body *body)
{
    struct fix_peer *p = &f->peers[i];
    return nr_core_register(p->core, fix_now(f, p), nr_bytes_str(node_id), body);
}

void fix_register(struct fix *f, size_t i, const char *node_id)
{
    struct nr_node_body body = { .hostname = nr_bytes_str("host"), .role = nr_bytes_str("worker"), .label_count = 1 };
    body.labels[0] = nr_bytes_str("test");
    assert_int_equal(fix_try_register(f, i, node_id, &body), 0);
}

struct seen {
    struct nr_winner winner;
    int64_t wall_ms;
};

static int feed(void *arg, const struct nr_record *rec)
{
    struct seen *s = arg;
    nr_winner_feed(&s->winner, rec, nr_record_id(rec->raw), s->wall_ms);
    return 0;
}

bool fix_sees(struct fix *f, size_t i, const char *node_id, struct nr_node_body *body,
              uint8_t raw[static NR_RECORD_MAX])
{
    struct fix_peer *p = &f->peers[i];
    struct seen s = { .wall_ms = fix_now(f, p).wall_ms };
    nr_winner_init(&s.winner);
    assert_int_equal(host_subject(p, NR_KIND_NODE, nr_bytes_str(node_id), feed, &s), 0);
    if (!s.winner.any || s.winner.deleted) return false;
    struct nr_record rec;
    memcpy(raw, s.winner.rec.raw.data, s.winner.rec.raw.len);
    assert_int_equal(nr_record_decode(nr_bytes(raw, s.winner.rec.raw.len), &rec), 0);
    assert_int_equal(nr_node_body_decode(rec.body, body), 0);
    return true;
}

bool fix_there(struct fix *f, size_t i, const char *node_id)
{
    struct nr_node_body body;
    uint8_t raw[NR_RECORD_MAX];
    return fix_sees(f, i, node_id, &body, raw);
}

uint64_t fix_key_hash(const struct fix_peer *signer, uint8_t kind, const char *subject)
{
    return nr_record_key_hash(kind, signer->key.pub, nr_bytes_str(subject));
}
