#include "proto/datagram.h"

#include "base/assert.h"

void nr_header_encode(struct nr_writer *w, const struct nr_header *h)
{
    nr_assert(h->incarnation > 0);
    nr_assert(h->number > 0);
    nr_write_bytes(w, nr_bytes(h->sender, sizeof h->sender));
    nr_write_u64(w, h->incarnation);
    nr_write_u64(w, h->number);
    nr_write_u64(w, h->fingerprint);
    nr_write_u8(w, h->flags);
}

void nr_header_decode(struct nr_reader *r, struct nr_header *out)
{
    nr_read_copy(r, out->sender, sizeof out->sender);
    out->incarnation = nr_read_u64(r);
    out->number = nr_read_u64(r);
    out->fingerprint = nr_read_u64(r);
    out->flags = nr_read_u8(r);
    if (out->incarnation == 0 || out->number == 0) nr_reader_fail(r, NR_E_INVALID);
}

const char *nr_message_name(uint8_t type)
{
    static const char *const names[NR_MSG_TYPES] = {
        [NR_MSG_HELLO] = "hello",       [NR_MSG_PROOF] = "proof",
        [NR_MSG_PING] = "ping",         [NR_MSG_PONG] = "pong",
        [NR_MSG_BYE] = "bye",           [NR_MSG_PUSH] = "push",
        [NR_MSG_ANNOUNCE] = "announce", [NR_MSG_WANT] = "want",
        [NR_MSG_PIECE] = "piece",       [NR_MSG_WANT_PIECES] = "want_pieces",
        [NR_MSG_SPLIT] = "split",       [NR_MSG_LIST] = "list",
        [NR_MSG_WALK] = "walk",         [NR_MSG_PAGE] = "page",
        [NR_MSG_PROBE] = "probe",       [NR_MSG_REFER] = "refer",
        [NR_MSG_PULL] = "pull",
    };
    return type < NR_MSG_TYPES && names[type] ? names[type] : "unknown";
}

bool nr_message_next(struct nr_reader *r, struct nr_message *out)
{
    *out = (struct nr_message){ 0 };
    if (nr_reader_left(r) == 0) return false;
    uint8_t type = nr_read_u8(r);
    struct nr_bytes body = nr_read_bytes(r, nr_read_u16(r));
    if (r->err) return false;
    *out = (struct nr_message){ .type = type, .body = body };
    return true;
}

void nr_message_head(struct nr_writer *w, uint8_t type, size_t len)
{
    nr_assert(len <= UINT16_MAX);
    nr_write_u8(w, type);
    nr_write_u16(w, (uint16_t)len);
}
