#include "crypto/seal.h"
#include "proto/message.h"
#include "vec.h"

static const struct nr_range range = { .bits = 12, .prefix = UINT64_C(0xabc) << 52 };
static const uint64_t ids[] = { 1, UINT64_MAX, UINT64_C(0x0123456789abcdef) };

static struct nr_sealer sealer_of(uint8_t first, uint8_t second)
{
    struct nr_keyring ring = { .count = 2 };
    struct nr_sealer s;
    memset(ring.keys[0], first, NR_CLUSTER_KEY_SIZE);
    memset(ring.keys[1], second, NR_CLUSTER_KEY_SIZE);
    nr_sealer_init(&s, &ring);
    memset(s.nonce_prefix, 0x4e, sizeof s.nonce_prefix); /* a nonce comes again only here */
    return s;
}

static void write_hello(struct nr_writer *w)
{
    struct nr_hello m = { .cookie = UINT64_C(0x1122334455667788), .time_ms = 1795444200123 };
    memcpy(m.key, vec_keypair(1).pub, NR_KEY_SIZE);
    nr_hello_encode(w, &m);
}

static void write_proof(struct nr_writer *w)
{
    struct nr_keypair prover = vec_keypair(1), verifier = vec_keypair(2);
    struct nr_proof m = { .echo = 5,
                          .cookie = 6,
                          .time_ms = 1795444200124,
                          .observed = { .family = 4, .ip = { 192, 0, 2, 1 }, .port = 9206 } };
    uint8_t part[NR_PROOF_SIGNED];
    nr_proof_signed_part(part, m.echo, prover.pub, verifier.pub);
    memcpy(m.key, prover.pub, NR_KEY_SIZE);
    nr_sign(&prover, NR_PATH_DOMAIN, nr_bytes(part + sizeof NR_PATH_DOMAIN, sizeof part - sizeof NR_PATH_DOMAIN),
            m.sig);
    nr_proof_encode(w, &m);
}

static void write_ping(struct nr_writer *w)
{
    nr_ping_encode(w, NR_MSG_PING, 0xfe);
}

static void write_pong(struct nr_writer *w)
{
    nr_ping_encode(w, NR_MSG_PONG, 0xfe);
}

static void write_push(struct nr_writer *w)
{
    nr_push_encode(w, &(struct nr_push){ .hops = 2, .record = nr_bytes("\x98\x01", 2) });
}

static void write_announce(struct nr_writer *w)
{
    nr_ids_encode(w, NR_MSG_ANNOUNCE, ids, 3);
}

static void write_want(struct nr_writer *w)
{
    nr_ids_encode(w, NR_MSG_WANT, ids + 1, 1);
}

static void write_piece(struct nr_writer *w)
{
    nr_piece_encode(w, &(struct nr_piece){ .id = 7, .total = 1030, .index = 1, .bytes = nr_bytes("sixlet", 6) });
}

static void write_want_pieces(struct nr_writer *w)
{
    nr_want_pieces_encode(w, 7, 0x8001);
}

static void write_split(struct nr_writer *w)
{
    static const uint32_t prints[4] = { 0, 1, 0xdeadbeef, UINT32_MAX };
    nr_split_encode(w, range, 0x5a175a17, 2, prints);
}

static void write_list(struct nr_writer *w)
{
    struct nr_list_element e[2] = { { range.prefix | 5, 6, 7 }, { range.prefix | 8, UINT64_MAX, 9 } };
    nr_list_encode(w, range, e, 2);
}

static void write_walk(struct nr_writer *w)
{
    nr_walk_encode(w, 99);
}

static void write_page(struct nr_writer *w)
{
    nr_page_encode(w, 100, ids, 2);
}

static void write_pull(struct nr_writer *w)
{
    uint8_t filter[2] = { 0 };
    for (size_t i = 0; i < 2; i++) nr_pull_mark(filter, sizeof filter, 9, ids[i]);
    nr_pull_encode(w, &(struct nr_pull){ .salt = 9, .age = 80, .filter = nr_bytes(filter, sizeof filter) });
}

static void write_probe(struct nr_writer *w)
{
    nr_probe_encode(w, 1500);
    nr_probe_encode(w, 0);
}

static void write_refer(struct nr_writer *w)
{
    static const struct nr_addr addrs[2] = { { .family = 4, .ip = { 192, 0, 2, 1 }, .port = 9206 },
                                             { .family = 6, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 1 }, .port = 1 } };
    nr_refer_encode(w, addrs, 2);
}

static void write_unknown(struct nr_writer *w)
{
    nr_message_head(w, 200, 3);
    nr_write_bytes(w, nr_bytes("new", 3));
}

static void write_all(struct nr_writer *w)
{
    write_ping(w);
    write_unknown(w);
    write_list(w);
    nr_bye_encode(w);
}

static void json_ids(struct nr_json *j, const struct nr_ids *m)
{
    nr_json_key(j, "ids");
    nr_json_array(j);
    for (size_t i = 0; i < m->count; i++) {
        struct nr_buf hex;
        nr_buf_init(&hex, 0);
        nr_buf_printf(&hex, "%016llx", (unsigned long long)nr_ids_at(m, i));
        nr_json_str(j, nr_buf_bytes(&hex));
        nr_buf_fini(&hex);
    }
    nr_json_array_end(j);
}

static void json_path(struct vec *v, const struct nr_message *m)
{
    struct nr_hello hello;
    struct nr_proof proof;
    char text[NR_ADDR_TEXT];
    if (m->type == NR_MSG_HELLO && nr_hello_decode(m->body, &hello) == 0) {
        vec_hex(v, "key", nr_bytes(hello.key, NR_KEY_SIZE));
        vec_u64(v, "cookie", hello.cookie);
        nr_json_kuint(&v->json, "time", (uint64_t)hello.time_ms);
    }
    if (m->type == NR_MSG_PROOF && nr_proof_decode(m->body, &proof) == 0) {
        vec_hex(v, "key", nr_bytes(proof.key, NR_KEY_SIZE));
        vec_u64(v, "echo", proof.echo);
        vec_hex(v, "signature", nr_bytes(proof.sig, NR_SIG_SIZE));
        vec_u64(v, "cookie", proof.cookie);
        nr_json_kuint(&v->json, "time", (uint64_t)proof.time_ms);
        nr_addr_format(&proof.observed, text);
        nr_json_kcstr(&v->json, "observed", text);
    }
}

static void json_record(struct vec *v, const struct nr_message *m)
{
    struct nr_push push;
    struct nr_ids some;
    struct nr_piece piece;
    uint64_t id;
    uint16_t missing;
    if (m->type == NR_MSG_PUSH && nr_push_decode(m->body, &push) == 0) {
        nr_json_kuint(&v->json, "hops", push.hops);
        vec_hex(v, "record", push.record);
    }
    if ((m->type == NR_MSG_ANNOUNCE || m->type == NR_MSG_WANT) && nr_ids_decode(m->body, &some) == 0)
        json_ids(&v->json, &some);
    if (m->type == NR_MSG_PIECE && nr_piece_decode(m->body, &piece) == 0) {
        vec_u64(v, "id", piece.id);
        nr_json_kuint(&v->json, "total", piece.total);
        nr_json_kuint(&v->json, "index", piece.index);
        vec_hex(v, "bytes", piece.bytes);
    }
    if (m->type == NR_MSG_WANT_PIECES && nr_want_pieces_decode(m->body, &id, &missing) == 0) {
        vec_u64(v, "id", id);
        nr_json_kuint(&v->json, "missing", missing);
    }
}

static void json_elements(struct vec *v, const struct nr_list *list)
{
    nr_json_key(&v->json, "elements");
    nr_json_array(&v->json);
    for (size_t i = 0; i < list->count; i++) {
        struct nr_list_element e = nr_list_at(list, i);
        nr_json_object(&v->json);
        vec_u64(v, "key_hash", e.key_hash);
        vec_u64(v, "stamp", e.stamp);
        vec_u64(v, "id", e.id);
        nr_json_object_end(&v->json);
    }
    nr_json_array_end(&v->json);
}

static void json_range(struct vec *v, const struct nr_message *m)
{
    struct nr_split split;
    struct nr_list list;
    if (m->type == NR_MSG_SPLIT && nr_split_decode(m->body, &split) == 0) {
        nr_json_kuint(&v->json, "prefix_length", split.range.bits);
        vec_u64(v, "prefix", split.range.prefix);
        nr_json_kuint(&v->json, "salt", split.salt);
        nr_json_kuint(&v->json, "child_bits", split.child_bits);
        nr_json_key(&v->json, "fingerprints");
        nr_json_array(&v->json);
        for (size_t i = 0; i < (size_t)1 << split.child_bits; i++) nr_json_uint(&v->json, nr_split_print(&split, i));
        nr_json_array_end(&v->json);
    }
    if (m->type == NR_MSG_LIST && nr_list_decode(m->body, &list) == 0) {
        nr_json_kuint(&v->json, "prefix_length", list.range.bits);
        vec_u64(v, "prefix", list.range.prefix);
        json_elements(v, &list);
    }
}

static void json_rest(struct vec *v, const struct nr_message *m)
{
    struct nr_page page;
    struct nr_pull pull;
    uint64_t n;
    uint16_t interval_ms;
    if ((m->type == NR_MSG_PING || m->type == NR_MSG_PONG) && nr_ping_decode(m->body, &n) == 0) vec_u64(v, "nonce", n);
    if (m->type == NR_MSG_PROBE && nr_probe_decode(m->body, &interval_ms) == 0)
        nr_json_kuint(&v->json, "interval", interval_ms);
    if (m->type == NR_MSG_WALK && nr_walk_decode(m->body, &n) == 0) vec_u64(v, "cursor", n);
    if (m->type == NR_MSG_PAGE && nr_page_decode(m->body, &page) == 0) {
        vec_u64(v, "next", page.next);
        json_ids(&v->json, &page.ids);
    }
    if (m->type == NR_MSG_PULL && nr_pull_decode(m->body, &pull) == 0) {
        nr_json_kuint(&v->json, "salt", pull.salt);
        nr_json_kuint(&v->json, "age", pull.age);
        vec_hex(v, "filter", pull.filter);
    }
}

static void json_refer(struct vec *v, const struct nr_message *m)
{
    struct nr_refer refer;
    char text[NR_ADDR_TEXT];
    if (m->type != NR_MSG_REFER || nr_refer_decode(m->body, &refer)) return;
    nr_json_key(&v->json, "addresses");
    nr_json_array(&v->json);
    for (size_t i = 0; i < refer.count; i++) {
        struct nr_addr a = nr_refer_at(&refer, i);
        nr_addr_format(&a, text);
        nr_json_str(&v->json, nr_bytes_str(text));
    }
    nr_json_array_end(&v->json);
}

static void json_messages(struct vec *v, struct nr_reader *r)
{
    struct nr_message m;
    nr_json_key(&v->json, "messages");
    nr_json_array(&v->json);
    while (nr_message_next(r, &m)) {
        nr_json_object(&v->json);
        nr_json_kuint(&v->json, "type", m.type);
        nr_json_kcstr(&v->json, "name", nr_message_name(m.type));
        json_path(v, &m);
        json_record(v, &m);
        json_range(v, &m);
        json_rest(v, &m);
        json_refer(v, &m);
        nr_json_object_end(&v->json);
    }
    nr_json_array_end(&v->json);
    vec_must(r->err == 0, v->name, "a message does not decode");
}

static size_t make_plain(uint8_t out[static NR_PLAIN_MAX], void (*write)(struct nr_writer *w))
{
    struct nr_header h = { .sender = { 1, 2, 3, 4, 5, 6, 7, 8 }, .incarnation = 9, .number = 10, .fingerprint = 11 };
    struct nr_writer w;
    nr_writer_init(&w, out, NR_PLAIN_MAX);
    nr_header_encode(&w, &h);
    write(&w);
    vec_must(w.err == 0, "datagrams", "does not fit");
    return nr_writer_len(&w);
}

static void opened(struct vec *v, const char *name, void (*write)(struct nr_writer *w), uint64_t counter)
{
    uint8_t plain[NR_PLAIN_MAX], sealed[NR_DATAGRAM_MAX], back[NR_PLAIN_MAX];
    struct nr_sealer s = sealer_of(1, 2);
    struct nr_header h;
    struct nr_reader r;
    size_t len = make_plain(plain, write), back_len;
    s.nonce_counter = counter;
    size_t sealed_len = nr_seal(&s, nr_bytes(plain, len), sealed);
    vec_must(nr_open_datagram(&s, nr_bytes(sealed, sealed_len), back, &back_len) == 0 && back_len == len, name,
             "is refused");
    nr_reader_init(&r, nr_bytes(back, back_len));
    nr_header_decode(&r, &h);
    vec_begin(v, name);
    vec_hex(v, "key", nr_bytes(s.ring.keys[0], NR_CLUSTER_KEY_SIZE));
    vec_hex(v, "hex", nr_bytes(sealed, sealed_len));
    vec_hex(v, "sender", nr_bytes(h.sender, sizeof h.sender));
    vec_u64(v, "incarnation", h.incarnation);
    vec_u64(v, "number", h.number);
    vec_u64(v, "fingerprint", h.fingerprint);
    nr_json_kuint(&v->json, "flags", h.flags);
    json_messages(v, &r);
    vec_end(v);
}

static void refused(struct vec *v, const char *name, struct nr_bytes datagram, int err)
{
    uint8_t plain[NR_PLAIN_MAX];
    size_t len;
    struct nr_sealer s = sealer_of(1, 2);
    vec_must(nr_open_datagram(&s, datagram, plain, &len) == err, name, "is not refused as it should be");
    vec_begin(v, name);
    vec_hex(v, "key", nr_bytes(s.ring.keys[0], NR_CLUSTER_KEY_SIZE));
    vec_hex(v, "hex", datagram);
    nr_json_kcstr(&v->json, "error", nr_errname(err));
    vec_end(v);
}

static void refused_datagrams(struct vec *v)
{
    uint8_t plain[NR_PLAIN_MAX], sealed[NR_DATAGRAM_MAX + 1] = { 0 };
    struct nr_sealer s = sealer_of(1, 2), other = sealer_of(3, 4);
    size_t len = make_plain(plain, write_ping);
    size_t n = nr_seal(&s, nr_bytes(plain, len), sealed);
    refused(v, "41 bytes", nr_bytes(sealed, 41), NR_E_TRUNCATED);
    refused(v, "cut by a byte", nr_bytes(sealed, n - 1), NR_E_SIGNATURE);
    refused(v, "1,233 bytes", nr_bytes(sealed, sizeof sealed), NR_E_TOO_LARGE);
    sealed[n - 1] ^= 1;
    refused(v, "another tag", nr_bytes(sealed, n), NR_E_SIGNATURE);
    sealed[n - 1] ^= 1;
    sealed[1] ^= 1;
    refused(v, "another key number", nr_bytes(sealed, n), NR_E_SIGNATURE);
    sealed[0] = 2;
    refused(v, "version 2", nr_bytes(sealed, n), NR_E_VERSION);
    n = nr_seal(&other, nr_bytes(plain, len), sealed);
    refused(v, "another key", nr_bytes(sealed, n), NR_E_SIGNATURE);
}

void vec_datagrams(struct vec *v)
{
    static const struct {
        const char *name;
        void (*write)(struct nr_writer *w);
    } cases[] = {
        { "HELLO", write_hello },
        { "PROOF", write_proof },
        { "PING", write_ping },
        { "PONG", write_pong },
        { "BYE", nr_bye_encode },
        { "PUSH", write_push },
        { "ANNOUNCE", write_announce },
        { "WANT", write_want },
        { "PIECE", write_piece },
        { "WANT_PIECES", write_want_pieces },
        { "SPLIT", write_split },
        { "LIST", write_list },
        { "WALK", write_walk },
        { "PAGE", write_page },
        { "an unknown type", write_unknown },
        { "several messages", write_all },
        { "PROBE", write_probe },
        { "PULL", write_pull },
        { "REFER", write_refer },
    };
    vec_open(v, "datagrams", "sealed datagrams, with what is in them; 64-bit numbers are 16 hex digits");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) opened(v, cases[i].name, cases[i].write, i);
    vec_close(v);
    vec_open(v, "datagrams_refused", "datagrams that do not open, and why");
    refused_datagrams(v);
    vec_close(v);
}
