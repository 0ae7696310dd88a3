/* The plaintext of a datagram (proto/README.md B.2): header and an iterator over messages. Sealing is src/crypto's. */
#ifndef NR_PROTO_DATAGRAM_H
#define NR_PROTO_DATAGRAM_H

#include "base/cursor.h"
#include "proto/limits.h"

struct nr_header {
    uint8_t sender[8];
    uint64_t incarnation;
    uint64_t number;
    uint64_t fingerprint;
    uint8_t flags;
};

void nr_header_encode(struct nr_writer *w, const struct nr_header *h);
/* Fails the reader on a short header. A zero incarnation or number is NR_E_INVALID. */
void nr_header_decode(struct nr_reader *r, struct nr_header *out);

enum nr_message_type {
    NR_MSG_HELLO = 1,
    NR_MSG_PROOF = 2,
    NR_MSG_PING = 3,
    NR_MSG_PONG = 4,
    NR_MSG_BYE = 5,
    NR_MSG_PUSH = 6,
    NR_MSG_ANNOUNCE = 7,
    NR_MSG_WANT = 8,
    NR_MSG_PIECE = 9,
    NR_MSG_WANT_PIECES = 10,
    NR_MSG_SPLIT = 11,
    NR_MSG_LIST = 12,
    NR_MSG_WALK = 13,
    NR_MSG_PAGE = 14,
    NR_MSG_PROBE = 15,
    NR_MSG_REFER = 16,
    NR_MSG_PULL = 17,
};
#define NR_MSG_TYPES 18 /* one more than the last known type */

/* "hello", …, "unknown". */
const char *nr_message_name(uint8_t type);

struct nr_message {
    uint8_t type;
    struct nr_bytes body;
};

/* The next message; false at the end or on a malformed one (then r->err is set). */
bool nr_message_next(struct nr_reader *r, struct nr_message *out);
/* Writes type and length; exactly `len` bytes of body must follow. */
void nr_message_head(struct nr_writer *w, uint8_t type, size_t len);

#endif
