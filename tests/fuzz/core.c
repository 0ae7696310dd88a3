/* The core under hostile datagrams: a peer with a proven path says whatever the input says, signatures always hold, and
 * time passes between datagrams. Input: runs of (a byte of time, two bytes of length, that many bytes of messages). The
 * core must bound itself and keep its index whole. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "core/core.h"
#include "proto/message.h"

#define SLOTS 64

struct slot {
    uint64_t key_hash;
    size_t len;
    uint8_t raw[NR_RECORD_MAX];
};

struct host {
    struct slot slots[SLOTS];
};

static uint64_t hash8(void *ctx, struct nr_bytes in)
{
    uint64_t h = UINT64_C(14695981039346656037);
    (void)ctx;
    for (size_t i = 0; i < in.len; i++) h = (h ^ in.data[i]) * UINT64_C(1099511628211);
    return h ^ h >> 29;
}

static void sign(void *ctx, const char *domain, struct nr_bytes msg, uint8_t sig[static NR_SIG_SIZE])
{
    (void)ctx;
    (void)domain;
    memset(sig, (int)(msg.len & 255), NR_SIG_SIZE);
}

static int verify(void *ctx, const uint8_t key[static NR_KEY_SIZE], const char *domain, struct nr_bytes msg,
                  const uint8_t sig[static NR_SIG_SIZE])
{
    (void)ctx;
    (void)key;
    (void)domain;
    (void)msg;
    (void)sig;
    return 0;
}

static uint64_t key_hash_of(const struct nr_record *rec)
{
    uint8_t buf[NR_KEY_PREIMAGE_MAX];
    struct nr_writer w;
    nr_writer_init(&w, buf, sizeof buf);
    nr_record_key_preimage(&w, rec->kind, rec->signer, rec->subject);
    return hash8(NULL, nr_writer_bytes(&w));
}

static struct slot *slot_for(struct host *h, uint64_t key_hash)
{
    for (int i = 0; i < SLOTS; i++)
        if (h->slots[i].len == 0 || h->slots[i].key_hash == key_hash) return &h->slots[i];
    return NULL;
}

static int save(void *ctx, const struct nr_record *rec, struct nr_now now)
{
    struct slot *s = slot_for(ctx, key_hash_of(rec));
    (void)now;
    if (!s) return NR_E_FULL;
    s->key_hash = key_hash_of(rec);
    s->len = rec->raw.len;
    memcpy(s->raw, rec->raw.data, rec->raw.len);
    return 0;
}

static int load(void *ctx, uint64_t key_hash, struct nr_bytes *raw)
{
    struct slot *s = slot_for(ctx, key_hash);
    if (!s || s->len == 0) return NR_E_NOT_FOUND;
    *raw = nr_bytes(s->raw, s->len);
    return 0;
}

static int drop(void *ctx, const struct nr_record *rec)
{
    struct host *h = ctx;
    struct slot *s = slot_for(h, key_hash_of(rec));
    int last = SLOTS;
    while (last > 0 && h->slots[last - 1].len == 0) last--;
    if (!s || s->len == 0) return 0;
    *s = h->slots[last - 1];
    h->slots[last - 1].len = 0;
    return 0;
}

static int evidence(void *ctx, const struct nr_record *held, const struct nr_record *met)
{
    (void)ctx;
    nr_assert(held->stamp == met->stamp);
    return 0;
}

static int each_record(void *ctx, int (*each)(void *arg, uint64_t key_hash, const struct nr_record *rec), void *arg)
{
    struct host *h = ctx;
    struct nr_record rec;
    for (int i = 0; i < SLOTS; i++) {
        if (h->slots[i].len == 0 || nr_record_decode(nr_bytes(h->slots[i].raw, h->slots[i].len), &rec)) continue;
        int err = each(arg, key_hash_of(&rec), &rec);
        if (err) return err;
    }
    return 0;
}

static int subject(void *ctx, uint8_t kind, struct nr_bytes name, int (*each)(void *arg, const struct nr_record *rec),
                   void *arg)
{
    struct host *h = ctx;
    struct nr_record rec;
    for (int i = 0; i < SLOTS; i++) {
        if (h->slots[i].len == 0 || nr_record_decode(nr_bytes(h->slots[i].raw, h->slots[i].len), &rec)) continue;
        int err = rec.kind == kind && nr_bytes_eq(rec.subject, name) ? each(arg, &rec) : 0;
        if (err) return err;
    }
    return 0;
}

static int reserve(void *ctx, uint64_t limit)
{
    (void)ctx;
    (void)limit;
    return 0;
}

struct run {
    struct nr_core *core;
    struct nr_now now;
    struct nr_addr from;
    uint64_t number;
    uint8_t plain[NR_PLAIN_MAX];
};

static void drain(struct run *r)
{
    struct nr_datagram d;
    struct nr_event e;
    while (nr_core_next_datagram(r->core, &d)) nr_assert(d.plain.len <= NR_PLAIN_MAX);
    while (nr_core_next_event(r->core, &e)) nr_assert(e.subject_len <= NR_SUBJECT_MAX);
    nr_assert(nr_core_record_count(r->core, NR_PLANE_COLD) <= SLOTS + 1);
}

static void say(struct run *r, const uint8_t key[NR_KEY_SIZE], struct nr_bytes messages)
{
    struct nr_writer w;
    struct nr_header h = { .incarnation = 1, .number = ++r->number, .fingerprint = r->number };
    memcpy(h.sender, key, sizeof h.sender);
    nr_writer_init(&w, r->plain, sizeof r->plain);
    nr_header_encode(&w, &h);
    nr_write_bytes(&w, messages);
    if (!w.err) nr_core_receive(r->core, r->now, &r->from, nr_writer_bytes(&w));
    drain(r);
}

/* HELLO first: the answer's cookie is what our PROOF echoes. Cookies here are hashes that we can make as well. */
static void make_path(struct run *r, const uint8_t key[NR_KEY_SIZE])
{
    uint8_t buf[NR_MESSAGES_MAX], text[NR_ADDR_WIRE + 8];
    struct nr_writer w;
    nr_addr_to_wire(&r->from, text);
    nr_put_be64(text + NR_ADDR_WIRE, (uint64_t)(r->now.mono_us / 60000000));
    struct nr_proof proof = { .echo = hash8(NULL, nr_bytes(text, sizeof text)), .observed = r->from };
    memcpy(proof.key, key, NR_KEY_SIZE);
    nr_writer_init(&w, buf, sizeof buf);
    nr_proof_encode(&w, &proof);
    say(r, key, nr_writer_bytes(&w));
    nr_assert(nr_core_peer_count(r->core) == 1);
}

static struct nr_core *core_new(struct host *h, struct nr_now now)
{
    struct nr_core_config config = {
        .key = { 1 }, .node_id = nr_bytes_str("me"), .seed = 1, .heartbeat_interval_ms = 10000
    };
    struct nr_core_host callbacks = { .ctx = h,
                                      .hash8 = hash8,
                                      .cookie = hash8,
                                      .sign = sign,
                                      .verify = verify,
                                      .save = save,
                                      .load = load,
                                      .drop = drop,
                                      .evidence = evidence,
                                      .each = each_record,
                                      .subject = subject,
                                      .reserve = reserve };
    struct nr_core *core = nr_core_new(&config, &callbacks);
    nr_assert(core != NULL);
    nr_assert(nr_core_start(core, now) == 0);
    struct nr_node_body body = { .hostname = nr_bytes_str("h"), .role = nr_bytes_str("r") };
    nr_assert(nr_core_register(core, now, nr_bytes_str("me"), &body) == 0);
    return core;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[NR_KEY_SIZE] = { 2 };
    struct host *h = calloc(1, sizeof *h);
    nr_assert(h != NULL);
    struct run r = { .now = { .mono_us = 1000000, .wall_ms = INT64_C(1700000000000) },
                     .from = { .family = 4, .ip = { 10, 0, 0, 1 }, .port = 9206 } };
    r.core = core_new(h, r.now);
    make_path(&r, key);
    while (size >= 3) {
        size_t len = (size_t)data[1] << 8 | data[2];
        if (len > size - 3) len = size - 3;
        r.now.mono_us += data[0] * 20000;
        r.now.wall_ms += data[0] * 20;
        nr_core_expire(r.core, r.now);
        drain(&r);
        say(&r, key, nr_bytes(data + 3, len));
        data += 3 + len;
        size -= 3 + len;
    }
    nr_core_free(r.core);
    free(h);
    return 0;
}
