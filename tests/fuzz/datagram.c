#include "fuzz.h"
#include "proto/message.h"

static uint8_t memory[NR_PLAIN_MAX];

/* What decodes is written again as the same bytes, but for the padding of a HELLO. */
static void same(const struct nr_writer *w, struct nr_bytes body, size_t count)
{
    nr_assert(w->err == 0);
    nr_assert(nr_writer_len(w) == NR_MESSAGE_HEAD + body.len);
    nr_assert(memcmp(w->start + NR_MESSAGE_HEAD, body.data, count) == 0);
}

static void paths(const struct nr_message *m, struct nr_writer *w)
{
    static struct nr_hello hello;
    static struct nr_proof proof;
    uint64_t n;
    if (m->type == NR_MSG_HELLO && nr_hello_decode(m->body, &hello) == 0) {
        nr_hello_encode(w, &hello);
        same(w, m->body, NR_KEY_SIZE + 16);
    } else if (m->type == NR_MSG_PROOF && nr_proof_decode(m->body, &proof) == 0) {
        nr_proof_encode(w, &proof);
        same(w, m->body, m->body.len - NR_ADDR_WIRE); /* a mapped address is written as the IPv4 that it is */
    } else if (m->type == NR_MSG_PING && nr_ping_decode(m->body, &n) == 0) {
        nr_ping_encode(w, m->type, n);
        same(w, m->body, m->body.len);
    }
}

static void records(const struct nr_message *m, struct nr_writer *w)
{
    struct nr_push push;
    struct nr_piece piece;
    uint64_t id;
    uint16_t missing;
    if (m->type == NR_MSG_PUSH && nr_push_decode(m->body, &push) == 0) {
        nr_push_encode(w, &push);
        same(w, m->body, m->body.len);
    } else if (m->type == NR_MSG_PIECE && nr_piece_decode(m->body, &piece) == 0) {
        nr_piece_encode(w, &piece);
        same(w, m->body, m->body.len);
    } else if (m->type == NR_MSG_WANT_PIECES && nr_want_pieces_decode(m->body, &id, &missing) == 0) {
        nr_want_pieces_encode(w, id, missing);
        same(w, m->body, m->body.len);
    }
}

static void sets(const struct nr_message *m, struct nr_writer *w)
{
    static uint64_t ids[NR_IDS_MAX];
    static struct nr_list_element elements[NR_LIST_MAX];
    static uint32_t prints[1 << NR_CHILD_BITS_MAX];
    struct nr_ids run;
    struct nr_page page;
    struct nr_pull pull;
    struct nr_list list;
    struct nr_split split;
    uint16_t interval_ms;
    if (m->type == NR_MSG_WANT && nr_ids_decode(m->body, &run) == 0) {
        for (size_t i = 0; i < run.count; i++) ids[i] = nr_ids_at(&run, i);
        nr_ids_encode(w, m->type, ids, run.count);
    } else if (m->type == NR_MSG_PAGE && nr_page_decode(m->body, &page) == 0) {
        for (size_t i = 0; i < page.ids.count; i++) ids[i] = nr_ids_at(&page.ids, i);
        nr_page_encode(w, page.next, ids, page.ids.count);
    } else if (m->type == NR_MSG_PULL && nr_pull_decode(m->body, &pull) == 0) {
        nr_pull_encode(w, &pull);
    } else if (m->type == NR_MSG_PROBE && nr_probe_decode(m->body, &interval_ms) == 0) {
        nr_probe_encode(w, interval_ms);
    } else if (m->type == NR_MSG_LIST && nr_list_decode(m->body, &list) == 0) {
        for (size_t i = 0; i < list.count; i++) elements[i] = nr_list_at(&list, i);
        nr_list_encode(w, list.range, elements, list.count);
    } else if (m->type == NR_MSG_SPLIT && nr_split_decode(m->body, &split) == 0) {
        for (size_t i = 0; i < (size_t)1 << split.child_bits; i++) prints[i] = nr_split_print(&split, i);
        nr_split_encode(w, split.range, split.salt, split.child_bits, prints);
    }
    if (nr_writer_len(w) > 0) same(w, m->body, m->body.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const groups[])(const struct nr_message *, struct nr_writer *) = { paths, records, sets };
    struct nr_reader r;
    struct nr_header header;
    struct nr_message m;
    if (size > NR_PLAIN_MAX) return 0;
    nr_reader_init(&r, nr_bytes(data, size));
    nr_header_decode(&r, &header);
    while (nr_message_next(&r, &m)) {
        for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
            struct nr_writer w;
            nr_writer_init(&w, memory, sizeof memory);
            groups[i](&m, &w);
        }
    }
    return 0;
}
