/* Paths and records: HELLO to PIECE, WALK, PAGE, PROBE, REFER and PULL. What says ranges is in message_range.c. */
#include "proto/message.h"

#include "base/assert.h"
#include "proto/record.h"

#define HELLO_FIELDS (NR_KEY_SIZE + 16)
#define PROOF_SIZE   (NR_KEY_SIZE + 8 + NR_SIG_SIZE + 16 + NR_ADDR_WIRE)
#define PIECE_FIELDS 11

static_assert(PROOF_SIZE == NR_HELLO_SIZE, "a HELLO is as long as its answer (C.1.2)");

/* Bad input of any sort is NR_E_INVALID to a message: its length is known, so nothing is merely cut off. */
static int end(struct nr_reader *r)
{
    return nr_reader_end(r) ? NR_E_INVALID : 0;
}

static int64_t read_time(struct nr_reader *r)
{
    uint64_t v = nr_read_u64(r);
    if (v > (uint64_t)NR_STAMP_MAX_MS) nr_reader_fail(r, NR_E_INVALID);
    return (int64_t)v;
}

static void write_time(struct nr_writer *w, int64_t ms)
{
    nr_assert(ms >= 0 && ms <= NR_STAMP_MAX_MS);
    nr_write_u64(w, (uint64_t)ms);
}

void nr_hello_encode(struct nr_writer *w, const struct nr_hello *m)
{
    nr_message_head(w, NR_MSG_HELLO, NR_HELLO_SIZE);
    nr_write_bytes(w, nr_bytes(m->key, NR_KEY_SIZE));
    nr_write_u64(w, m->cookie);
    write_time(w, m->time_ms);
    nr_write_zero(w, NR_HELLO_SIZE - HELLO_FIELDS);
}

int nr_hello_decode(struct nr_bytes body, struct nr_hello *out)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    nr_read_copy(&r, out->key, NR_KEY_SIZE);
    out->cookie = nr_read_u64(&r);
    out->time_ms = read_time(&r);
    (void)nr_read_bytes(&r, NR_HELLO_SIZE - HELLO_FIELDS); /* padding is not looked at (B.3) */
    return end(&r);
}

void nr_proof_encode(struct nr_writer *w, const struct nr_proof *m)
{
    uint8_t observed[NR_ADDR_WIRE];
    nr_addr_to_wire(&m->observed, observed);
    nr_message_head(w, NR_MSG_PROOF, PROOF_SIZE);
    nr_write_bytes(w, nr_bytes(m->key, NR_KEY_SIZE));
    nr_write_u64(w, m->echo);
    nr_write_bytes(w, nr_bytes(m->sig, NR_SIG_SIZE));
    nr_write_u64(w, m->cookie);
    write_time(w, m->time_ms);
    nr_write_bytes(w, nr_bytes(observed, sizeof observed));
}

int nr_proof_decode(struct nr_bytes body, struct nr_proof *out)
{
    uint8_t observed[NR_ADDR_WIRE];
    struct nr_reader r;
    nr_reader_init(&r, body);
    nr_read_copy(&r, out->key, NR_KEY_SIZE);
    out->echo = nr_read_u64(&r);
    nr_read_copy(&r, out->sig, NR_SIG_SIZE);
    out->cookie = nr_read_u64(&r);
    out->time_ms = read_time(&r);
    nr_read_copy(&r, observed, sizeof observed);
    if (nr_addr_from_wire(observed, &out->observed) != 0) nr_reader_fail(&r, NR_E_INVALID);
    return end(&r);
}

void nr_proof_signed_part(uint8_t out[static NR_PROOF_SIGNED], uint64_t echo, const uint8_t prover[static NR_KEY_SIZE],
                          const uint8_t verifier[static NR_KEY_SIZE])
{
    struct nr_writer w;
    nr_writer_init(&w, out, NR_PROOF_SIGNED);
    nr_write_bytes(&w, nr_bytes(NR_PATH_DOMAIN, sizeof NR_PATH_DOMAIN));
    nr_write_u64(&w, echo);
    nr_write_bytes(&w, nr_bytes(prover, NR_KEY_SIZE));
    nr_write_bytes(&w, nr_bytes(verifier, NR_KEY_SIZE));
    nr_assert(!w.err && nr_writer_left(&w) == 0);
}

static void u64_encode(struct nr_writer *w, uint8_t type, uint64_t v)
{
    nr_message_head(w, type, 8);
    nr_write_u64(w, v);
}

static int u64_decode(struct nr_bytes body, uint64_t *out)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    *out = nr_read_u64(&r);
    return end(&r);
}

void nr_ping_encode(struct nr_writer *w, uint8_t type, uint64_t nonce)
{
    nr_assert(type == NR_MSG_PING || type == NR_MSG_PONG);
    u64_encode(w, type, nonce);
}

int nr_ping_decode(struct nr_bytes body, uint64_t *nonce)
{
    return u64_decode(body, nonce);
}

void nr_bye_encode(struct nr_writer *w)
{
    nr_message_head(w, NR_MSG_BYE, 0);
}

void nr_push_encode(struct nr_writer *w, const struct nr_push *m)
{
    nr_assert(m->record.len > 0 && m->record.len <= NR_PUSH_RECORD_MAX);
    nr_message_head(w, NR_MSG_PUSH, 1 + m->record.len);
    nr_write_u8(w, m->hops);
    nr_write_bytes(w, m->record);
}

int nr_push_decode(struct nr_bytes body, struct nr_push *out)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    out->hops = nr_read_u8(&r);
    out->record = nr_read_bytes(&r, nr_reader_left(&r));
    if (out->record.len == 0 || out->record.len > NR_PUSH_RECORD_MAX) nr_reader_fail(&r, NR_E_INVALID);
    return end(&r);
}

static void write_ids(struct nr_writer *w, const uint64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) nr_write_u64(w, ids[i]);
}

static struct nr_ids read_ids(struct nr_reader *r, size_t most)
{
    size_t count = nr_reader_left(r) / 8;
    if (count > most) nr_reader_fail(r, NR_E_INVALID);
    struct nr_bytes b = nr_read_bytes(r, 8 * count);
    return (struct nr_ids){ .data = b.data, .count = b.len / 8 };
}

void nr_ids_encode(struct nr_writer *w, uint8_t type, const uint64_t *ids, size_t count)
{
    nr_assert(type == NR_MSG_ANNOUNCE || type == NR_MSG_WANT);
    nr_assert(count >= 1 && count <= NR_IDS_MAX);
    nr_message_head(w, type, 8 * count);
    write_ids(w, ids, count);
}

int nr_ids_decode(struct nr_bytes body, struct nr_ids *out)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    *out = read_ids(&r, NR_IDS_MAX);
    if (out->count == 0) nr_reader_fail(&r, NR_E_INVALID);
    return end(&r);
}

/* The length of piece `index` of a record of `total` bytes; 0: there is no such piece. */
static size_t piece_len(size_t total, size_t index)
{
    if (total == 0 || total > NR_RECORD_MAX || index >= nr_piece_count(total)) return 0;
    size_t rest = total - index * NR_PIECE_SIZE;
    return rest < NR_PIECE_SIZE ? rest : NR_PIECE_SIZE;
}

void nr_piece_encode(struct nr_writer *w, const struct nr_piece *m)
{
    nr_assert(m->bytes.len > 0);
    nr_assert(m->bytes.len == piece_len(m->total, m->index));
    nr_message_head(w, NR_MSG_PIECE, PIECE_FIELDS + m->bytes.len);
    nr_write_u64(w, m->id);
    nr_write_u16(w, m->total);
    nr_write_u8(w, m->index);
    nr_write_bytes(w, m->bytes);
}

int nr_piece_decode(struct nr_bytes body, struct nr_piece *out)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    out->id = nr_read_u64(&r);
    out->total = nr_read_u16(&r);
    out->index = nr_read_u8(&r);
    out->bytes = nr_read_bytes(&r, nr_reader_left(&r));
    if (out->bytes.len == 0 || out->bytes.len != piece_len(out->total, out->index)) nr_reader_fail(&r, NR_E_INVALID);
    return end(&r);
}

void nr_want_pieces_encode(struct nr_writer *w, uint64_t id, uint16_t missing)
{
    nr_message_head(w, NR_MSG_WANT_PIECES, 10);
    nr_write_u64(w, id);
    nr_write_u16(w, missing);
}

int nr_want_pieces_decode(struct nr_bytes body, uint64_t *id, uint16_t *missing)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    *id = nr_read_u64(&r);
    *missing = nr_read_u16(&r);
    return end(&r);
}

void nr_walk_encode(struct nr_writer *w, uint64_t cursor)
{
    u64_encode(w, NR_MSG_WALK, cursor);
}

int nr_walk_decode(struct nr_bytes body, uint64_t *cursor)
{
    return u64_decode(body, cursor);
}

void nr_page_encode(struct nr_writer *w, uint64_t next, const uint64_t *ids, size_t count)
{
    nr_assert(count <= NR_PAGE_IDS_MAX);
    nr_message_head(w, NR_MSG_PAGE, 8 + 8 * count);
    nr_write_u64(w, next);
    write_ids(w, ids, count);
}

int nr_page_decode(struct nr_bytes body, struct nr_page *out)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    out->next = nr_read_u64(&r);
    out->ids = read_ids(&r, NR_PAGE_IDS_MAX);
    return end(&r);
}

void nr_probe_encode(struct nr_writer *w, uint16_t interval_ms)
{
    nr_message_head(w, NR_MSG_PROBE, 2);
    nr_write_u16(w, interval_ms);
}

int nr_probe_decode(struct nr_bytes body, uint16_t *interval_ms)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    *interval_ms = nr_read_u16(&r);
    bool within = *interval_ms >= NR_PROBE_MIN_MS && *interval_ms <= NR_PROBE_MAX_MS;
    if (*interval_ms != 0 && !within) nr_reader_fail(&r, NR_E_INVALID);
    return end(&r);
}

void nr_pull_encode(struct nr_writer *w, const struct nr_pull *m)
{
    nr_assert(m->filter.len >= 1 && m->filter.len <= NR_PULL_FILTER_MAX);
    nr_message_head(w, NR_MSG_PULL, NR_PULL_HEAD + m->filter.len);
    nr_write_u32(w, m->salt);
    nr_write_u16(w, m->age);
    nr_write_bytes(w, m->filter);
}

int nr_pull_decode(struct nr_bytes body, struct nr_pull *out)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    out->salt = nr_read_u32(&r);
    out->age = nr_read_u16(&r);
    out->filter = nr_read_bytes(&r, nr_reader_left(&r));
    if (out->filter.len < 1 || out->filter.len > NR_PULL_FILTER_MAX) nr_reader_fail(&r, NR_E_INVALID);
    return end(&r);
}

#define PULL_PLACES     3
#define PULL_PLACE_BITS 21

/* SplitMix64's finaliser (Steele, Lea, Flood 2014), cut into places. */
static uint64_t pull_mix(uint32_t salt, uint64_t id)
{
    uint64_t x = id + salt;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static size_t pull_place(uint64_t mixed, int i, size_t len)
{
    return (size_t)(mixed >> i * PULL_PLACE_BITS & ((1u << PULL_PLACE_BITS) - 1)) % (len * 8);
}

void nr_pull_mark(uint8_t *filter, size_t len, uint32_t salt, uint64_t id)
{
    uint64_t mixed = pull_mix(salt, id);
    for (int i = 0; i < PULL_PLACES; i++) {
        size_t at = pull_place(mixed, i, len);
        filter[at / 8] = (uint8_t)(filter[at / 8] | 0x80 >> at % 8);
    }
}

bool nr_pull_has(const struct nr_pull *m, uint64_t id)
{
    uint64_t mixed = pull_mix(m->salt, id);
    for (int i = 0; i < PULL_PLACES; i++) {
        size_t at = pull_place(mixed, i, m->filter.len);
        if (!(m->filter.data[at / 8] & 0x80 >> at % 8)) return false;
    }
    return true;
}

struct nr_addr nr_refer_at(const struct nr_refer *m, size_t i)
{
    struct nr_addr a;
    nr_assert(i < m->count);
    int err = nr_addr_from_wire(m->data + NR_ADDR_WIRE * i, &a);
    nr_assert(err == 0); /* the decoder has looked */
    return a;
}

void nr_refer_encode(struct nr_writer *w, const struct nr_addr *addrs, size_t count)
{
    uint8_t wire[NR_ADDR_WIRE];
    nr_assert(count >= 1 && count <= NR_REFER_MAX);
    nr_message_head(w, NR_MSG_REFER, NR_ADDR_WIRE * count);
    for (size_t i = 0; i < count; i++) {
        nr_addr_to_wire(&addrs[i], wire);
        nr_write_bytes(w, nr_bytes(wire, sizeof wire));
    }
}

int nr_refer_decode(struct nr_bytes body, struct nr_refer *out)
{
    struct nr_addr a;
    *out = (struct nr_refer){ .data = body.data, .count = body.len / NR_ADDR_WIRE };
    if (out->count == 0 || out->count > NR_REFER_MAX || body.len % NR_ADDR_WIRE) return NR_E_INVALID;
    for (size_t i = 0; i < out->count; i++)
        if (nr_addr_from_wire(body.data + NR_ADDR_WIRE * i, &a)) return NR_E_INVALID;
    return 0;
}
