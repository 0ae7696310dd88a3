#include "proto/record.h"

#include "nr_test.h"
#include "record_fixture.h"

#define EMPTY nr_bytes("\x80", 1)

static struct made_record made;

static int decode_draft(const struct nr_record_draft *draft, struct nr_record *out)
{
    return nr_record_decode(test_make_record(draft, &made), out);
}

/* What is written is read, and the fields borrow from the bytes. */
static void round_trips(void **state)
{
    struct nr_record_draft draft = test_draft(nr_bytes("\x81\xa1x\xc4\x01\x00", 6));
    struct nr_record rec;
    (void)state;
    assert_int_equal(decode_draft(&draft, &rec), 0);
    assert_int_equal(rec.kind, 50);
    assert_memory_equal(rec.signer, draft.signer, NR_KEY_SIZE);
    test_text_equal(rec.subject, "node-1");
    assert_true(rec.stamp == draft.stamp);
    assert_int_equal(rec.lease_s, 259200);
    test_bytes_equal(rec.body, draft.body);
    assert_int_equal(rec.sig[0], 9);
    test_bytes_equal(rec.raw, nr_bytes(made.bytes, made.len));
    assert_ptr_equal(rec.raw.data, made.bytes);
    assert_int_equal(nr_record_signed_part(&rec).data[0], 0x98);
    assert_int_equal(nr_record_signed_part(&rec).len + NR_SIG_ELEMENT, made.len);
    assert_memory_equal(made.bytes + made.len - NR_SIG_ELEMENT, "\xc4\x40", 2);
}

/* Read again without its checks, a record says the same. */
static void reread_says_the_same(void **state)
{
    struct nr_record_draft draft = test_draft(nr_bytes("\x81\xa1x\xcb\x3f\xf0\0\0\0\0\0\0", 12));
    struct nr_record decoded, reread;
    (void)state;
    assert_int_equal(decode_draft(&draft, &decoded), 0);
    nr_record_reread(decoded.raw, &reread);
    assert_memory_equal(&reread, &decoded, sizeof decoded);
}

/* Cut at any byte, or with a byte more, it is no record, and nothing is given out. */
static void every_cut_is_refused(void **state)
{
    static const struct nr_record zero;
    struct nr_record_draft draft = test_draft(nr_bytes("\x81\xa1x\xcb\x3f\xf0\0\0\0\0\0\0", 12));
    struct nr_record rec;
    (void)state;
    size_t len = test_make_record(&draft, &made).len;
    for (size_t n = 0; n < len; n++) {
        uint8_t *exact = malloc(n ? n : 1);
        assert_non_null(exact);
        memcpy(exact, made.bytes, n);
        memset(&rec, 0xff, sizeof rec);
        int rc = nr_record_decode(nr_bytes(exact, n), &rec);
        assert_true(rc == NR_E_TRUNCATED || rc == NR_E_NONCANONICAL);
        assert_memory_equal(&rec, &zero, sizeof rec);
        free(exact);
    }
    made.bytes[len] = 0xc0;
    assert_int_equal(nr_record_decode(nr_bytes(made.bytes, len + 1), &rec), NR_E_INVALID);
}

/* No change of one byte is taken for the same record; most are refused, none harms. */
static void every_flipped_byte_is_survived(void **state)
{
    struct nr_record_draft draft = test_draft(EMPTY);
    struct nr_record rec;
    (void)state;
    size_t len = test_make_record(&draft, &made).len, headers = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t was = made.bytes[i];
        for (int v = 0; v < 256; v++) {
            made.bytes[i] = (uint8_t)v;
            int rc = nr_record_decode(nr_bytes(made.bytes, len), &rec);
            if (v != was && i == 0) headers += rc == 0;
            if (v == was) assert_int_equal(rc, 0);
        }
        made.bytes[i] = was;
    }
    assert_int_equal(headers, 0);
}

/* Another version is told apart from damage, whatever else it brings; another count of elements is damage. */
static void versions_are_told_apart(void **state)
{
    struct nr_record_draft draft = test_draft(EMPTY);
    struct nr_record rec;
    struct nr_bytes raw = test_make_record(&draft, &made);
    (void)state;
    made.bytes[1] = 2;
    assert_int_equal(nr_record_decode(raw, &rec), NR_E_VERSION);
    made.bytes[0] = 0x99;
    assert_int_equal(nr_record_decode(raw, &rec), NR_E_VERSION);
    made.bytes[1] = 0;
    assert_int_equal(nr_record_decode(raw, &rec), NR_E_VERSION);
    made.bytes[1] = 1;
    assert_int_equal(nr_record_decode(raw, &rec), NR_E_INVALID);
    made.bytes[0] = 0x97;
    assert_int_equal(nr_record_decode(raw, &rec), NR_E_INVALID);
    made.bytes[0] = 0x90;
    assert_int_equal(nr_record_decode(raw, &rec), NR_E_INVALID);
    made.bytes[0] = 0x81;
    assert_int_equal(nr_record_decode(raw, &rec), NR_E_INVALID);
}

/* One element written by `hex` in place of the element `index`; the rest is good. */
static int decode_with(size_t index, const char *hex)
{
    static const char *const good[8] = {
        "01",
        "32",
        "c4200000000000000000000000000000000000000000000000000000000000000000",
        "a161",
        "07",
        "01",
        "80",
        "c4400000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "0000000000"
        "000000000000",
    };
    struct nr_record rec;
    size_t n = 0;
    made.bytes[n++] = 0x98;
    for (size_t i = 0; i < 8; i++)
        n += test_unhex(i == index ? hex : good[i], made.bytes + n, sizeof made.bytes - n).len;
    return nr_record_decode(nr_bytes(made.bytes, n), &rec);
}

/* A.1: each element has its type and its limits; n is taken, n + 1 is not. */
static void every_element_has_its_limits(void **state)
{
    (void)state;
    assert_int_equal(decode_with(9, ""), 0);
    assert_int_equal(decode_with(0, "c3"), NR_E_INVALID);
    assert_int_equal(decode_with(1, "00"), NR_E_INVALID);
    assert_int_equal(decode_with(1, "7f"), 0);
    assert_int_equal(decode_with(1, "cc80"), NR_E_INVALID);
    assert_int_equal(decode_with(1, "cd0132"), NR_E_INVALID);
    assert_int_equal(decode_with(1, "ff"), NR_E_INVALID);
    assert_int_equal(decode_with(2, "c41f00000000000000000000000000000000000000000000000000000000000000"),
                     NR_E_INVALID);
    assert_int_equal(decode_with(2, "c42100000000000000000000000000000000000000000000000000000000000000"
                                    "0000"),
                     NR_E_INVALID);
    assert_int_equal(decode_with(2, "d9200000000000000000000000000000000000000000000000000000000000000000"),
                     NR_E_INVALID);
    assert_int_equal(decode_with(3, "a0"), NR_E_INVALID);
    assert_int_equal(decode_with(3, "c40161"), NR_E_INVALID);
    assert_int_equal(decode_with(3, "a10a"), NR_E_INVALID);
    assert_int_equal(decode_with(3, "a17f"), NR_E_INVALID);
    assert_int_equal(decode_with(4, "00"), NR_E_INVALID);
    assert_int_equal(decode_with(4, "cfffffffffffffffff"), 0);
    assert_int_equal(decode_with(4, "ff"), NR_E_INVALID);
    assert_int_equal(decode_with(5, "00"), NR_E_INVALID);
    assert_int_equal(decode_with(5, "ce020f5800"), 0);
    assert_int_equal(decode_with(5, "ce020f5801"), NR_E_INVALID);
    assert_int_equal(decode_with(5, "cf0000000100000001"), NR_E_INVALID);
    assert_int_equal(decode_with(6, "90"), NR_E_INVALID);
    assert_int_equal(decode_with(6, "c0"), NR_E_INVALID);
    assert_int_equal(decode_with(6, "81a161c1"), NR_E_INVALID);
    assert_int_equal(decode_with(7, "c0"), NR_E_INVALID);
    assert_int_equal(decode_with(7, "c43f00000000000000000000000000000000000000000000000000000000000000"
                                    "0000000000000000000000000000000000000000000000000000000000000000"),
                     NR_E_INVALID);
}

/* A.2 holds in every part of the record. */
static void non_canonical_elements_are_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_with(0, "cc01"), NR_E_NONCANONICAL);
    assert_int_equal(decode_with(1, "d032"), NR_E_NONCANONICAL);
    assert_int_equal(decode_with(2, "c500200000000000000000000000000000000000000000000000000000000000000000"),
                     NR_E_NONCANONICAL);
    assert_int_equal(decode_with(3, "d90161"), NR_E_NONCANONICAL);
    assert_int_equal(decode_with(3, "a1ff"), NR_E_INVALID);
    assert_int_equal(decode_with(4, "cc07"), NR_E_NONCANONICAL);
    assert_int_equal(decode_with(6, "de0000"), NR_E_NONCANONICAL);
    assert_int_equal(decode_with(6, "81a161ca3fc00000"), NR_E_NONCANONICAL);
    assert_int_equal(decode_with(6, "82a162c0a161c0"), NR_E_NONCANONICAL);
}

static struct nr_bytes nested(int containers, uint8_t out[static 80])
{
    struct nr_writer w;
    nr_writer_init(&w, out, 80);
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, "a");
    for (int i = 1; i < containers; i++) nr_mp_write_array(&w, i + 1 < containers ? 1 : 0);
    return nr_writer_bytes(&w);
}

/* A.2.6: 32 containers with the record's own array; one more is refused. */
static void depth_is_bounded(void **state)
{
    uint8_t out[80];
    struct nr_record rec;
    (void)state;
    struct nr_record_draft deep = test_draft(nested(31, out));
    assert_int_equal(decode_draft(&deep, &rec), 0);
    deep.body = nested(32, out);
    assert_int_equal(decode_draft(&deep, &rec), NR_E_TOO_LARGE);
}

/* 16,384 bytes are taken, one more is not. */
static void size_is_bounded(void **state)
{
    static uint8_t body[NR_RECORD_MAX];
    struct nr_record rec;
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        struct nr_writer w;
        struct nr_record_draft draft = test_draft(EMPTY);
        size_t filler = NR_RECORD_MAX - test_make_record(&draft, &made).len - 2 - 3 + over;
        nr_writer_init(&w, body, sizeof body);
        nr_mp_write_map(&w, 1);
        nr_mp_write_cstr(&w, "a");
        nr_write_u8(&w, 0xc5);
        nr_write_u16(&w, (uint16_t)filler);
        nr_write_zero(&w, filler);
        assert_int_equal(w.err, 0);
        draft.body = nr_writer_bytes(&w);
        assert_int_equal(decode_draft(&draft, &rec), over ? NR_E_TOO_LARGE : 0);
        assert_int_equal(made.len, NR_RECORD_MAX + over);
    }
}

/* A.3: what a subject may be depends on the kind. */
static void subjects_follow_their_kind(void **state)
{
    static const uint8_t node_kinds[] = { NR_KIND_NODE, NR_KIND_CERT, NR_KIND_REVOKE, NR_KIND_HEARTBEAT,
                                          NR_KIND_VERDICT };
    char text[257];
    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < COUNT(node_kinds); i++) {
        assert_true(nr_subject_valid(node_kinds[i], nr_bytes_str("Node-1.example_2")));
        assert_true(nr_subject_valid(node_kinds[i], nr_bytes(text, 255)));
        assert_false(nr_subject_valid(node_kinds[i], nr_bytes(text, 256)));
        assert_false(nr_subject_valid(node_kinds[i], nr_bytes_str("")));
        assert_false(nr_subject_valid(node_kinds[i], nr_bytes_str("a b")));
        assert_false(nr_subject_valid(node_kinds[i], nr_bytes_str("d\xc3\xa9")));
        assert_false(nr_subject_valid(node_kinds[i], nr_bytes_str("a/b")));
    }
    assert_true(nr_subject_valid(NR_KIND_PROFILE, nr_bytes_str("d\xc3\xa9 j\xc3\xa0/vu")));
    assert_true(nr_subject_valid(NR_KIND_PROFILE, nr_bytes(text, 100)));
    assert_false(nr_subject_valid(NR_KIND_PROFILE, nr_bytes(text, 101)));
    assert_false(nr_subject_valid(NR_KIND_PROFILE, nr_bytes_str("a\n")));
    assert_true(nr_subject_valid(50, nr_bytes(text, 255)));
    assert_false(nr_subject_valid(50, nr_bytes(text, 256)));
    assert_false(nr_subject_valid(50, nr_bytes_str("\x7f")));
    assert_false(nr_subject_valid(50, nr_bytes_str("\xff")));
}

/* Every byte by itself as a node_id. */
static void node_ids_have_their_alphabet(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    (void)state;
    for (int c = 0; c < 256; c++) {
        uint8_t b = (uint8_t)c;
        assert_int_equal(nr_node_id_valid(nr_bytes(&b, 1)), c != 0 && strchr(alphabet, c) != NULL);
    }
}

/* A body of a known kind is checked with the record. */
static void known_bodies_are_checked(void **state)
{
    static const uint8_t known[] = { NR_KIND_NODE, NR_KIND_PROFILE, NR_KIND_HEARTBEAT, NR_KIND_VERDICT };
    static const uint8_t reserved[] = { NR_KIND_CERT, NR_KIND_REVOKE, 99 };
    static const uint8_t wrong[] = "\x82\xa7"
                                   "deleted\x01\xa6status\x01";
    struct nr_record rec;
    (void)state;
    struct nr_record_draft draft = test_draft(nr_bytes(wrong, sizeof wrong - 1));
    for (size_t i = 0; i < COUNT(known); i++) {
        draft.kind = known[i];
        assert_int_equal(decode_draft(&draft, &rec), NR_E_INVALID);
    }
    for (size_t i = 0; i < COUNT(reserved); i++) {
        draft.kind = reserved[i];
        assert_int_equal(decode_draft(&draft, &rec), 0);
    }
}

/* A.3: the kind's range says the plane. */
static void kinds_have_planes_and_names(void **state)
{
    (void)state;
    assert_int_equal(nr_kind_plane(1), NR_PLANE_COLD);
    assert_int_equal(nr_kind_plane(63), NR_PLANE_COLD);
    assert_int_equal(nr_kind_plane(64), NR_PLANE_HOT);
    assert_int_equal(nr_kind_plane(95), NR_PLANE_HOT);
    assert_int_equal(nr_kind_plane(96), NR_PLANE_BRIEF);
    assert_int_equal(nr_kind_plane(127), NR_PLANE_BRIEF);
    assert_string_equal(nr_kind_name(NR_KIND_NODE), "node");
    assert_string_equal(nr_kind_name(NR_KIND_VERDICT), "verdict");
    assert_string_equal(nr_kind_name(0), "unknown");
    assert_string_equal(nr_kind_name(255), "unknown");
}

/* A.6.3: a record ends at its stamp's milliseconds and its lease, also for the last of stamps and leases. */
static void leases_end(void **state)
{
    (void)state;
    assert_true(nr_record_ends_ms(nr_stamp_make(1000, 65535), 2) == 3000);
    assert_true(nr_record_ends_ms(UINT64_MAX, NR_LEASE_MAX_S) == NR_STAMP_MAX_MS + NR_LEASE_MAX_S * 1000);
    assert_true(nr_stamp_make(1795444200123, 7) == (UINT64_C(1795444200123) << 16 | 7));
    assert_true(nr_stamp_ms(nr_stamp_make(NR_STAMP_MAX_MS, 65535)) == NR_STAMP_MAX_MS);
}

/* A.3: domain, 00, kind, signer, subject; the longest fits its bound. */
static void key_preimage_is_the_spec_s(void **state)
{
    uint8_t out[NR_KEY_PREIMAGE_MAX], signer[NR_KEY_SIZE], subject[NR_SUBJECT_MAX];
    struct nr_writer w;
    (void)state;
    memset(signer, 0xaa, sizeof signer);
    memset(subject, 'z', sizeof subject);
    nr_writer_init(&w, out, sizeof out);
    nr_record_key_preimage(&w, 64, signer, nr_bytes(subject, sizeof subject));
    assert_int_equal(w.err, 0);
    assert_int_equal(nr_writer_left(&w), 0);
    assert_memory_equal(out, "dagi-registry key v1\0\x40\xaa", 23);
    assert_int_equal(out[sizeof out - 1], 'z');
}

/* A writer that is too small fails, with no byte beyond it. */
static void encoding_is_bounded(void **state)
{
    uint8_t out[32];
    struct nr_writer w;
    struct nr_record_draft draft = test_draft(EMPTY);
    (void)state;
    memset(out, 0x55, sizeof out);
    nr_writer_init(&w, out, 20);
    nr_record_encode_unsigned(&w, &draft);
    assert_int_equal(w.err, NR_E_TOO_LARGE);
    for (size_t i = 20; i < sizeof out; i++) assert_int_equal(out[i], 0x55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(reread_says_the_same),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_flipped_byte_is_survived),
        cmocka_unit_test(versions_are_told_apart),
        cmocka_unit_test(every_element_has_its_limits),
        cmocka_unit_test(non_canonical_elements_are_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(subjects_follow_their_kind),
        cmocka_unit_test(node_ids_have_their_alphabet),
        cmocka_unit_test(known_bodies_are_checked),
        cmocka_unit_test(kinds_have_planes_and_names),
        cmocka_unit_test(leases_end),
        cmocka_unit_test(key_preimage_is_the_spec_s),
        cmocka_unit_test(encoding_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
