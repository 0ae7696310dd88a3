#include "proto/message.h"

#include "message_fixture.h"
#include "nr_test.h"
#include "proto/record.h"

#define DECODER(name, type)                                                                                            \
    static int name##_rc(struct nr_bytes body)                                                                         \
    {                                                                                                                  \
        type m;                                                                                                        \
        return nr_##name##_decode(body, &m);                                                                           \
    }
DECODER(hello, struct nr_hello)
DECODER(proof, struct nr_proof)
DECODER(ping, uint64_t)
DECODER(walk, uint64_t)

static int want_pieces_rc(struct nr_bytes body)
{
    uint64_t id;
    uint16_t missing;
    return nr_want_pieces_decode(body, &id, &missing);
}

/* HELLO, there and back; its padding is not looked at; it has one length. */
static void hello_round_trips(void **state)
{
    struct nr_hello in = { .key = { 1, 2 }, .cookie = UINT64_MAX, .time_ms = NR_STAMP_MAX_MS }, out;
    (void)state;
    nr_hello_encode(message_begin(), &in);
    struct nr_bytes body = message_body(NR_MSG_HELLO);
    assert_int_equal(body.len, 139);
    assert_int_equal(nr_hello_decode(body, &out), 0);
    assert_memory_equal(out.key, in.key, NR_KEY_SIZE);
    assert_true(out.cookie == in.cookie && out.time_ms == in.time_ms);
    message_has_one_length(body, hello_rc);
    message_memory[3 + 138] = 0xff;
    assert_int_equal(hello_rc(body), 0);
}

static struct nr_proof some_proof(void)
{
    return (struct nr_proof){ .key = { 1 },
                              .echo = 2,
                              .sig = { 3 },
                              .cookie = 4,
                              .time_ms = 5,
                              .observed = { .family = 4, .ip = { 192, 0, 2, 1 }, .port = 9206 } };
}

/* PROOF, there and back; as long as a HELLO (C.1.2). */
static void proof_round_trips(void **state)
{
    struct nr_proof in = some_proof(), out;
    (void)state;
    nr_proof_encode(message_begin(), &in);
    struct nr_bytes body = message_body(NR_MSG_PROOF);
    assert_int_equal(body.len, NR_HELLO_SIZE);
    assert_int_equal(nr_proof_decode(body, &out), 0);
    assert_true(out.key[0] == 1 && out.echo == 2 && out.sig[0] == 3 && out.cookie == 4 && out.time_ms == 5);
    assert_true(nr_addr_eq(&out.observed, &in.observed));
    message_has_one_length(body, proof_rc);
}

/* An address of no family, and a time that no stamp can have, are refused. */
static void proof_is_strict(void **state)
{
    struct nr_proof in = some_proof();
    (void)state;
    nr_proof_encode(message_begin(), &in);
    struct nr_bytes body = message_body(NR_MSG_PROOF);
    message_memory[3 + 120] = 5;
    assert_int_equal(proof_rc(body), NR_E_INVALID);
    message_memory[3 + 120] = 4;
    assert_int_equal(proof_rc(body), 0);
    message_memory[3 + 112 + 1] = 1;
    assert_int_equal(proof_rc(body), NR_E_INVALID);
}

/* What a PROOF signs: domain, 00, echo, prover, verifier (C.1.2). */
static void signed_part_is_the_spec_s(void **state)
{
    uint8_t out[NR_PROOF_SIGNED], a[NR_KEY_SIZE], b[NR_KEY_SIZE];
    (void)state;
    memset(a, 0xaa, sizeof a);
    memset(b, 0xbb, sizeof b);
    nr_proof_signed_part(out, 0x0102030405060708, a, b);
    assert_int_equal(sizeof out, 22 + 8 + 64);
    assert_memory_equal(out, "dagi-registry path v1\0\1\2\3\4\5\6\7\10\xaa", 31);
    assert_int_equal(out[30 + 31], 0xaa);
    assert_int_equal(out[30 + 32], 0xbb);
}

/* PING and PONG, BYE, WALK, WANT_PIECES: one length each, there and back. */
static void small_messages_round_trip(void **state)
{
    uint64_t v;
    uint16_t missing;
    (void)state;
    nr_ping_encode(message_begin(), NR_MSG_PING, 7);
    assert_int_equal(nr_ping_decode(message_body(NR_MSG_PING), &v), 0);
    assert_true(v == 7);
    nr_ping_encode(message_begin(), NR_MSG_PONG, UINT64_MAX);
    message_has_one_length(message_body(NR_MSG_PONG), ping_rc);
    nr_walk_encode(message_begin(), 8);
    assert_int_equal(nr_walk_decode(message_body(NR_MSG_WALK), &v), 0);
    assert_true(v == 8);
    message_has_one_length(message_body(NR_MSG_WALK), walk_rc);
    nr_want_pieces_encode(message_begin(), 9, 0x8001);
    assert_int_equal(nr_want_pieces_decode(message_body(NR_MSG_WANT_PIECES), &v, &missing), 0);
    assert_true(v == 9 && missing == 0x8001);
    message_has_one_length(message_body(NR_MSG_WANT_PIECES), want_pieces_rc);
    nr_bye_encode(message_begin());
    assert_int_equal(message_body(NR_MSG_BYE).len, 0);
}

static int push_rc(struct nr_bytes body)
{
    struct nr_push m;
    return nr_push_decode(body, &m);
}

/* PUSH: a record of 1 to 1,153 bytes; the largest fills the datagram. */
static void push_has_limits(void **state)
{
    static uint8_t record[NR_PUSH_RECORD_MAX];
    struct nr_push in = { .hops = 3, .record = nr_bytes(record, sizeof record) }, out;
    (void)state;
    record[0] = 0x98;
    nr_push_encode(message_begin(), &in);
    assert_int_equal(nr_writer_left(&message_writer), 0);
    struct nr_bytes body = message_body(NR_MSG_PUSH);
    assert_int_equal(nr_push_decode(body, &out), 0);
    assert_int_equal(out.hops, 3);
    test_bytes_equal(out.record, in.record);
    for (size_t n = 0; n <= body.len + 1; n++)
        assert_int_equal(message_try(body, n, push_rc), n < 2 || n > 1154 ? NR_E_INVALID : 0);
}

static int ids_rc(struct nr_bytes body)
{
    struct nr_ids m;
    return nr_ids_decode(body, &m);
}

/* ANNOUNCE and WANT: 1 to 144 ids, whole. */
static void ids_have_limits(void **state)
{
    uint64_t ids[NR_IDS_MAX];
    struct nr_ids out;
    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) ids[i] = UINT64_C(0x0101010101010101) * i;
    nr_ids_encode(message_begin(), NR_MSG_WANT, ids, COUNT(ids));
    struct nr_bytes body = message_body(NR_MSG_WANT);
    assert_int_equal(nr_ids_decode(body, &out), 0);
    assert_int_equal(out.count, NR_IDS_MAX);
    for (size_t i = 0; i < COUNT(ids); i++) assert_true(nr_ids_at(&out, i) == ids[i]);
    for (size_t n = 0; n <= body.len + 8; n++)
        assert_int_equal(message_try(body, n, ids_rc), n == 0 || n % 8 || n > 1152 ? NR_E_INVALID : 0);
}

static int page_rc(struct nr_bytes body)
{
    struct nr_page m;
    return nr_page_decode(body, &m);
}

/* PAGE: 0 to 143 ids, whole, behind a cursor. */
static void page_has_limits(void **state)
{
    uint64_t ids[NR_PAGE_IDS_MAX] = { 5, 6 };
    struct nr_page out;
    (void)state;
    nr_page_encode(message_begin(), 77, ids, COUNT(ids));
    struct nr_bytes body = message_body(NR_MSG_PAGE);
    assert_int_equal(nr_page_decode(body, &out), 0);
    assert_true(out.next == 77 && out.ids.count == 143 && nr_ids_at(&out.ids, 1) == 6);
    for (size_t n = 0; n <= body.len + 8; n++)
        assert_int_equal(message_try(body, n, page_rc), n < 8 || n % 8 || n > 8 + 143 * 8 ? NR_E_INVALID : 0);
    nr_page_encode(message_begin(), 0, NULL, 0);
    assert_int_equal(nr_page_decode(message_body(NR_MSG_PAGE), &out), 0);
    assert_int_equal(out.ids.count, 0);
}

static int pull_rc(struct nr_bytes body)
{
    struct nr_pull m;
    return nr_pull_decode(body, &m);
}

/* PULL: a filter of 1 to 1,144 bytes behind salt and age. */
static void pull_has_limits(void **state)
{
    uint8_t filter[NR_PULL_FILTER_MAX] = { 0 };
    struct nr_pull out;
    (void)state;
    nr_pull_encode(message_begin(),
                   &(struct nr_pull){ .salt = 7, .age = 80, .filter = nr_bytes(filter, COUNT(filter)) });
    struct nr_bytes body = message_body(NR_MSG_PULL);
    assert_int_equal(nr_pull_decode(body, &out), 0);
    assert_true(out.salt == 7 && out.age == 80 && out.filter.len == COUNT(filter));
    for (size_t n = 0; n <= body.len + 8; n++)
        assert_int_equal(message_try(body, n, pull_rc), n < 7 || n > 6 + 1144 ? NR_E_INVALID : 0);
}

/* What was put into a filter of 6 bits an id is always found, of what was not some six in a hundred. */
static void filters_find_what_is_in_them(void **state)
{
    uint8_t filter[750] = { 0 };
    const struct nr_pull m = { .salt = 3, .filter = nr_bytes(filter, COUNT(filter)) };
    size_t wrongly = 0;
    (void)state;
    for (uint64_t id = 1; id <= 1000; id++) nr_pull_mark(filter, COUNT(filter), m.salt, id);
    for (uint64_t id = 1; id <= 1000; id++) assert_true(nr_pull_has(&m, id));
    for (uint64_t id = 1001; id <= 11000; id++) wrongly += nr_pull_has(&m, id);
    assert_true(wrongly > 400 && wrongly < 800);
}

static int refer_rc(struct nr_bytes body)
{
    struct nr_refer m;
    return nr_refer_decode(body, &m);
}

/* REFER: 1 to 32 whole addresses, each of a family that there is. */
static void refer_has_limits(void **state)
{
    struct nr_addr addrs[NR_REFER_MAX];
    struct nr_refer out;
    (void)state;
    for (size_t i = 0; i < NR_REFER_MAX; i++)
        addrs[i] = (struct nr_addr){ .family = 4, .ip = { 192, 0, 2, (uint8_t)i }, .port = 9206 };
    nr_refer_encode(message_begin(), addrs, NR_REFER_MAX);
    struct nr_bytes body = message_body(NR_MSG_REFER);
    assert_int_equal(nr_refer_decode(body, &out), 0);
    assert_int_equal(out.count, NR_REFER_MAX);
    for (size_t i = 0; i < NR_REFER_MAX; i++) {
        struct nr_addr a = nr_refer_at(&out, i);
        assert_true(nr_addr_eq(&a, &addrs[i]));
    }
    for (size_t n = 0; n <= body.len; n++)
        assert_int_equal(message_try(body, n, refer_rc), n == 0 || n % NR_ADDR_WIRE ? NR_E_INVALID : 0);
    assert_int_equal(message_try(body, body.len + NR_ADDR_WIRE, refer_rc), NR_E_INVALID);
    message_memory[3 + 31 * NR_ADDR_WIRE] = 5;
    assert_int_equal(refer_rc(body), NR_E_INVALID);
}

/* The body of a PIECE by hand. */
static int piece_of(uint16_t total, uint8_t index, size_t len)
{
    static uint8_t zeros[NR_PIECE_SIZE + 1];
    struct nr_writer *w = message_begin();
    struct nr_piece m;
    nr_write_u64(w, 1);
    nr_write_u16(w, total);
    nr_write_u8(w, index);
    nr_write_bytes(w, nr_bytes(zeros, len));
    return nr_piece_decode(nr_writer_bytes(w), &m);
}

/* PIECE: 1,024 bytes, or what is left in the last; no piece beyond the record, no record beyond 16,384 bytes. */
static void pieces_have_limits(void **state)
{
    (void)state;
    assert_int_equal(piece_of(2000, 0, 1024), 0);
    assert_int_equal(piece_of(2000, 0, 1023), NR_E_INVALID);
    assert_int_equal(piece_of(2000, 0, 1025), NR_E_INVALID);
    assert_int_equal(piece_of(2000, 1, 976), 0);
    assert_int_equal(piece_of(2000, 1, 975), NR_E_INVALID);
    assert_int_equal(piece_of(2000, 1, 1024), NR_E_INVALID);
    assert_int_equal(piece_of(2000, 2, 0), NR_E_INVALID);
    assert_int_equal(piece_of(2048, 1, 1024), 0);
    assert_int_equal(piece_of(2048, 2, 0), NR_E_INVALID);
    assert_int_equal(piece_of(16384, 15, 1024), 0);
    assert_int_equal(piece_of(16384, 16, 1024), NR_E_INVALID);
    assert_int_equal(piece_of(16385, 16, 1), NR_E_INVALID);
    assert_int_equal(piece_of(65535, 255, 1024), NR_E_INVALID);
    assert_int_equal(piece_of(0, 0, 0), NR_E_INVALID);
    assert_int_equal(piece_of(1, 0, 1), 0);
}

/* All pieces of a record, put together, are the record. */
static void pieces_make_the_record(void **state)
{
    static uint8_t record[NR_RECORD_MAX], back[NR_RECORD_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof record; i++) record[i] = (uint8_t)(i * 7 + i / 256);
    for (uint16_t total = 1; total <= NR_RECORD_MAX; total = (uint16_t)(total + 1023)) {
        memset(back, 0, sizeof back);
        for (size_t i = 0; i < nr_piece_count(total); i++) {
            size_t at = i * NR_PIECE_SIZE, rest = total - at;
            struct nr_piece out, in = {
                .id = 5, .total = total, .index = (uint8_t)i, .bytes = nr_bytes(record + at, rest < 1024 ? rest : 1024)
            };
            nr_piece_encode(message_begin(), &in);
            assert_int_equal(nr_piece_decode(message_body(NR_MSG_PIECE), &out), 0);
            assert_true(out.id == 5 && out.total == total && out.index == i);
            memcpy(back + at, out.bytes.data, out.bytes.len);
        }
        assert_memory_equal(back, record, total);
    }
}

static int probe_rc(struct nr_bytes body)
{
    uint16_t interval_ms;
    return nr_probe_decode(body, &interval_ms);
}

/* PROBE, there and back; 0, or within its bounds. */
static void probe_has_limits(void **state)
{
    static const uint16_t good[] = { 0, 200, 1500, 60000 }, bad[] = { 1, 199, 60001, 65535 };
    uint16_t out;
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        nr_probe_encode(message_begin(), good[i]);
        assert_int_equal(nr_probe_decode(message_body(NR_MSG_PROBE), &out), 0);
        assert_int_equal(out, good[i]);
        message_has_one_length(message_body(NR_MSG_PROBE), probe_rc);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        nr_probe_encode(message_begin(), bad[i]);
        assert_int_equal(nr_probe_decode(message_body(NR_MSG_PROBE), &out), NR_E_INVALID);
    }
}

/* A PIECE cut at any byte is refused. */
static void a_cut_piece_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < 11 + 976; n++) {
        struct nr_piece m;
        assert_int_equal(piece_of(2000, 1, 976), 0);
        assert_int_equal(nr_piece_decode(nr_bytes(message_memory, n), &m), NR_E_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_round_trips),
        cmocka_unit_test(proof_round_trips),
        cmocka_unit_test(proof_is_strict),
        cmocka_unit_test(signed_part_is_the_spec_s),
        cmocka_unit_test(small_messages_round_trip),
        cmocka_unit_test(push_has_limits),
        cmocka_unit_test(ids_have_limits),
        cmocka_unit_test(page_has_limits),
        cmocka_unit_test(pieces_have_limits),
        cmocka_unit_test(pieces_make_the_record),
        cmocka_unit_test(a_cut_piece_is_refused),
        cmocka_unit_test(pull_has_limits),
        cmocka_unit_test(filters_find_what_is_in_them),
        cmocka_unit_test(refer_has_limits),
        cmocka_unit_test(probe_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
