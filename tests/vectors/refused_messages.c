/* Bodies that B.3 does not allow, each for its type. */
#include "proto/message.h"
#include "vec.h"

static int decode(uint8_t type, struct nr_bytes body)
{
    union {
        struct nr_hello hello;
        struct nr_proof proof;
        struct nr_push push;
        struct nr_ids ids;
        struct nr_piece piece;
        struct nr_split split;
        struct nr_list list;
        struct nr_page page;
        struct nr_pull pull;
        struct nr_refer refer;
        uint64_t n;
    } m;
    uint16_t missing;
    switch (type) {
    case NR_MSG_HELLO: return nr_hello_decode(body, &m.hello);
    case NR_MSG_PROOF: return nr_proof_decode(body, &m.proof);
    case NR_MSG_PING: return nr_ping_decode(body, &m.n);
    case NR_MSG_PUSH: return nr_push_decode(body, &m.push);
    case NR_MSG_WANT: return nr_ids_decode(body, &m.ids);
    case NR_MSG_PIECE: return nr_piece_decode(body, &m.piece);
    case NR_MSG_WANT_PIECES: return nr_want_pieces_decode(body, &m.n, &missing);
    case NR_MSG_SPLIT: return nr_split_decode(body, &m.split);
    case NR_MSG_LIST: return nr_list_decode(body, &m.list);
    case NR_MSG_WALK: return nr_walk_decode(body, &m.n);
    case NR_MSG_PAGE: return nr_page_decode(body, &m.page);
    case NR_MSG_PULL: return nr_pull_decode(body, &m.pull);
    case NR_MSG_PROBE: return nr_probe_decode(body, &missing);
    case NR_MSG_REFER: return nr_refer_decode(body, &m.refer);
    default: return 0;
    }
}

static uint8_t body[4096];

/* `len` zeros, into which the caller has put something before. */
static void refused(struct vec *v, const char *name, uint8_t type, size_t len)
{
    vec_must(decode(type, nr_bytes(body, len)) == NR_E_INVALID, name, "is not refused");
    vec_begin(v, name);
    nr_json_kuint(&v->json, "type", type);
    vec_hex(v, "body", nr_bytes(body, len));
    vec_end(v);
    memset(body, 0, sizeof body);
}

static void put(size_t at, const void *data, size_t len)
{
    memcpy(body + at, data, len);
}

static void refused_lengths(struct vec *v)
{
    refused(v, "HELLO of 138 bytes", NR_MSG_HELLO, 138);
    refused(v, "HELLO of 140 bytes", NR_MSG_HELLO, 140);
    put(40, "\x00\x01", 2);
    refused(v, "HELLO with a time beyond 48 bits", NR_MSG_HELLO, 139);
    refused(v, "PROOF observed at an address of no family", NR_MSG_PROOF, 139);
    put(120, "\x04\x01\x02\x03\x04\x05", 6);
    refused(v, "PROOF with bytes behind an IPv4 address", NR_MSG_PROOF, 139);
    refused(v, "PING of 7 bytes", NR_MSG_PING, 7);
    refused(v, "PUSH of nothing", NR_MSG_PUSH, 1);
    refused(v, "PUSH of 1,154 bytes", NR_MSG_PUSH, 1155);
    refused(v, "WANT of nothing", NR_MSG_WANT, 0);
    refused(v, "WANT of 145 ids", NR_MSG_WANT, 145 * 8);
    refused(v, "WANT of an id and a half", NR_MSG_WANT, 12);
    refused(v, "WANT_PIECES of 9 bytes", NR_MSG_WANT_PIECES, 9);
    refused(v, "WALK of 9 bytes", NR_MSG_WALK, 9);
    refused(v, "PAGE of 144 ids", NR_MSG_PAGE, 8 + 144 * 8);
    refused(v, "PULL without a filter", NR_MSG_PULL, 6);
    refused(v, "PULL of 1,145 bytes of filter", NR_MSG_PULL, 6 + 1145);
    refused(v, "PAGE without a cursor", NR_MSG_PAGE, 7);
    refused(v, "PROBE of 1 byte", NR_MSG_PROBE, 1);
    refused(v, "PROBE of 3 bytes", NR_MSG_PROBE, 3);
    refused(v, "REFER to nobody", NR_MSG_REFER, 0);
    put(0, "\x04\x01\x02\x03\x04", 5);
    refused(v, "REFER of an address and a byte", NR_MSG_REFER, 20);
    put(0, "\x04\x01\x02\x03\x04\x05", 6);
    refused(v, "REFER with bytes behind an IPv4 address", NR_MSG_REFER, 19);
    put(0, "\x04\x01\x02\x03\x04", 5);
    refused(v, "REFER with a second address of no family", NR_MSG_REFER, 38);
}

static void refused_values(struct vec *v)
{
    put(0, "\x00\xc7", 2);
    refused(v, "PROBE sooner than 200 ms", NR_MSG_PROBE, 2);
    put(0, "\xea\x61", 2);
    refused(v, "PROBE later than 60 s", NR_MSG_PROBE, 2);
    refused(v, "PIECE of an empty record", NR_MSG_PIECE, 11);
    put(8, "\x07\xd0\x01", 3);
    refused(v, "PIECE that is shorter than what is left", NR_MSG_PIECE, 11 + 975);
    put(8, "\x07\xd0\x02", 3);
    refused(v, "PIECE behind the last", NR_MSG_PIECE, 12);
    put(8, "\x40\x01\x10", 3);
    refused(v, "PIECE of a record of 16,385 bytes", NR_MSG_PIECE, 12);
    refused(v, "SPLIT of 0 child bits", NR_MSG_SPLIT, 14 + 4);
    put(13, "\x09", 1);
    refused(v, "SPLIT of 9 child bits", NR_MSG_SPLIT, 14 + 2048);
    put(0, "\x3f", 1);
    put(13, "\x02", 1);
    refused(v, "SPLIT beyond 64 bits", NR_MSG_SPLIT, 14 + 16);
    put(0, "\x04\x08", 2);
    put(13, "\x01", 1);
    refused(v, "SPLIT with a bit behind its prefix", NR_MSG_SPLIT, 14 + 8);
    put(0, "\x41", 1);
    refused(v, "LIST of a prefix of 65 bits", NR_MSG_LIST, 9);
    refused(v, "LIST of a key hash twice", NR_MSG_LIST, 9 + 48);
    put(0, "\x01\x80", 2);
    refused(v, "LIST of a key hash outside its range", NR_MSG_LIST, 9 + 24);
    refused(v, "LIST of an element and a byte", NR_MSG_LIST, 9 + 25);
}

void vec_refused_messages(struct vec *v)
{
    vec_open(v, "messages_refused", "bodies of messages that are malformed");
    refused_lengths(v);
    refused_values(v);
    vec_close(v);
}
