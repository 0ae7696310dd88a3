/* The messages of proto/README.md B.3, encoder beside decoder. Encoders write head and body; decoders take the body
 * alone and return 0 or NR_E_INVALID. Decoded byte runs borrow from the datagram. */
#ifndef NR_PROTO_MESSAGE_H
#define NR_PROTO_MESSAGE_H

#include "base/addr.h"
#include "proto/datagram.h"

#define NR_PATH_DOMAIN "dagi-registry path v1" /* signed with its NUL */

struct nr_hello {
    uint8_t key[NR_KEY_SIZE];
    uint64_t cookie;
    int64_t time_ms;
};
void nr_hello_encode(struct nr_writer *w, const struct nr_hello *m);
int nr_hello_decode(struct nr_bytes body, struct nr_hello *out) NR_MUST_CHECK;

struct nr_proof {
    uint8_t key[NR_KEY_SIZE];
    uint64_t echo;
    uint8_t sig[NR_SIG_SIZE];
    uint64_t cookie;
    int64_t time_ms;
    struct nr_addr observed;
};
void nr_proof_encode(struct nr_writer *w, const struct nr_proof *m);
int nr_proof_decode(struct nr_bytes body, struct nr_proof *out) NR_MUST_CHECK;
/* What a PROOF's signature covers, its domain included: exactly NR_PROOF_SIGNED bytes. */
#define NR_PROOF_SIGNED (sizeof NR_PATH_DOMAIN + 8 + 2 * NR_KEY_SIZE)
void nr_proof_signed_part(uint8_t out[static NR_PROOF_SIGNED], uint64_t echo, const uint8_t prover[static NR_KEY_SIZE],
                          const uint8_t verifier[static NR_KEY_SIZE]);

/* PING and PONG carry a nonce. */
void nr_ping_encode(struct nr_writer *w, uint8_t type, uint64_t nonce);
int nr_ping_decode(struct nr_bytes body, uint64_t *nonce) NR_MUST_CHECK;

void nr_bye_encode(struct nr_writer *w);

/* PROBE: the next one comes within interval_ms; 0: none will. */
void nr_probe_encode(struct nr_writer *w, uint16_t interval_ms);
int nr_probe_decode(struct nr_bytes body, uint16_t *interval_ms) NR_MUST_CHECK;

struct nr_push {
    uint8_t hops;
    struct nr_bytes record; /* not yet decoded */
};
void nr_push_encode(struct nr_writer *w, const struct nr_push *m);
int nr_push_decode(struct nr_bytes body, struct nr_push *out) NR_MUST_CHECK;

/* ANNOUNCE and WANT: a run of ids. */
struct nr_ids {
    const uint8_t *data; /* 8 bytes each */
    size_t count;
};
static inline uint64_t nr_ids_at(const struct nr_ids *ids, size_t i)
{
    return nr_be64(ids->data + 8 * i);
}
void nr_ids_encode(struct nr_writer *w, uint8_t type, const uint64_t *ids, size_t count);
int nr_ids_decode(struct nr_bytes body, struct nr_ids *out) NR_MUST_CHECK;

struct nr_piece {
    uint64_t id;
    uint16_t total;
    uint8_t index;
    struct nr_bytes bytes; /* length checked against total and index */
};
void nr_piece_encode(struct nr_writer *w, const struct nr_piece *m);
int nr_piece_decode(struct nr_bytes body, struct nr_piece *out) NR_MUST_CHECK;
static inline size_t nr_piece_count(size_t total)
{
    return (total + NR_PIECE_SIZE - 1) / NR_PIECE_SIZE;
}

void nr_want_pieces_encode(struct nr_writer *w, uint64_t id, uint16_t missing);
int nr_want_pieces_decode(struct nr_bytes body, uint64_t *id, uint16_t *missing) NR_MUST_CHECK;

/* A range of key hashes: those whose first `bits` bits are those of `prefix` (whose other bits are zero). */
struct nr_range {
    uint8_t bits; /* 0–64 */
    uint64_t prefix;
};

struct nr_split {
    struct nr_range range;
    uint32_t salt;
    uint8_t child_bits;    /* 1–8; range.bits + child_bits <= 64 */
    const uint8_t *prints; /* 4 bytes each, 1 << child_bits of them */
};
static inline uint32_t nr_split_print(const struct nr_split *m, size_t child)
{
    const uint8_t *p = m->prints + 4 * child;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
void nr_split_encode(struct nr_writer *w, struct nr_range range, uint32_t salt, uint8_t child_bits,
                     const uint32_t *prints);
int nr_split_decode(struct nr_bytes body, struct nr_split *out) NR_MUST_CHECK;
/* The child's own range. */
struct nr_range nr_range_child(struct nr_range range, uint8_t child_bits, uint32_t child);

struct nr_list_element {
    uint64_t key_hash;
    uint64_t stamp;
    uint64_t id;
};
struct nr_list {
    struct nr_range range;
    const uint8_t *elements; /* NR_LIST_ELEMENT bytes each, in ascending order of key hash, all within the range */
    size_t count;
};
struct nr_list_element nr_list_at(const struct nr_list *m, size_t i);
void nr_list_encode(struct nr_writer *w, struct nr_range range, const struct nr_list_element *elements, size_t count);
int nr_list_decode(struct nr_bytes body, struct nr_list *out) NR_MUST_CHECK;

void nr_walk_encode(struct nr_writer *w, uint64_t cursor);
int nr_walk_decode(struct nr_bytes body, uint64_t *cursor) NR_MUST_CHECK;

struct nr_page {
    uint64_t next;
    struct nr_ids ids;
};
void nr_page_encode(struct nr_writer *w, uint64_t next, const uint64_t *ids, size_t count);
int nr_page_decode(struct nr_bytes body, struct nr_page *out) NR_MUST_CHECK;

struct nr_pull {
    uint32_t salt;
    uint16_t age;           /* tenths of a second */
    struct nr_bytes filter; /* 1 to NR_PULL_FILTER_MAX bytes */
};
void nr_pull_encode(struct nr_writer *w, const struct nr_pull *m);
int nr_pull_decode(struct nr_bytes body, struct nr_pull *out) NR_MUST_CHECK;
/* Puts an id into a filter, and looks for one: never missed, sometimes found though it was not put there. */
void nr_pull_mark(uint8_t *filter, size_t len, uint32_t salt, uint64_t id);
bool nr_pull_has(const struct nr_pull *m, uint64_t id);

/* REFER: where other peers are reached. */
struct nr_refer {
    const uint8_t *data; /* NR_ADDR_WIRE bytes each, every one of them an address */
    size_t count;        /* 1 to NR_REFER_MAX */
};
struct nr_addr nr_refer_at(const struct nr_refer *m, size_t i);
void nr_refer_encode(struct nr_writer *w, const struct nr_addr *addrs, size_t count);
int nr_refer_decode(struct nr_bytes body, struct nr_refer *out) NR_MUST_CHECK;

#endif
