#include "crypto/crypto.h"

#include "nr_test.h"
#include "record_fixture.h"

static const char domain[] = "dagi-registry test v1";

static struct nr_keypair seeded(uint8_t first)
{
    uint8_t seed[32] = { first };
    struct nr_keypair kp;
    nr_keypair_from_seed(&kp, seed);
    return kp;
}

static void hash_is(const char *in, const char *want_hex)
{
    uint8_t got[32], want[32];
    nr_hash(nr_bytes_str(in), got);
    test_bytes_equal(nr_bytes(got, 32), test_unhex(want_hex, want, sizeof want));
    assert_true(nr_hash8(nr_bytes_str(in)) == nr_be64(want));
}

/* BLAKE2b with 32 bytes of output and no key; H8 is the first 8 of them. */
static void hash_is_blake2b_256(void **state)
{
    (void)state;
    hash_is("", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    hash_is("abc", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

/* The reference vector of SipHash-2-4 for 15 bytes. */
static void keyed_hash_is_siphash(void **state)
{
    uint8_t key[16], in[15];
    (void)state;
    for (uint8_t i = 0; i < 16; i++) key[i] = i;
    for (uint8_t i = 0; i < 15; i++) in[i] = i;
    assert_true(nr_keyed_hash8(key, nr_bytes(in, 15)) == UINT64_C(0xe545be4961ca29a1));
}

/* RFC 8032, 7.1, test 1: the key of a seed. */
static void keys_come_from_seeds(void **state)
{
    uint8_t seed[32], want[32], back[32];
    struct nr_keypair kp;
    (void)state;
    test_unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, sizeof seed);
    nr_keypair_from_seed(&kp, seed);
    test_unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", want, sizeof want);
    assert_memory_equal(kp.pub, want, 32);
    nr_keypair_seed(&kp, back);
    assert_memory_equal(back, seed, 32);
}

/* Two new keys differ, and a key made again from its seed is the same. */
static void new_keys_differ(void **state)
{
    struct nr_keypair a, b, again;
    uint8_t seed[32];
    (void)state;
    nr_keypair_new(&a);
    nr_keypair_new(&b);
    assert_memory_not_equal(a.pub, b.pub, 32);
    nr_keypair_seed(&a, seed);
    nr_keypair_from_seed(&again, seed);
    assert_memory_equal(&again, &a, sizeof a);
}

/* A signature holds for its key, domain and message, and for no other. */
static void signatures_bind(void **state)
{
    struct nr_keypair kp = seeded(1), other = seeded(2);
    struct nr_bytes msg = nr_bytes_str("message");
    uint8_t sig[NR_SIG_SIZE];
    (void)state;
    nr_sign(&kp, domain, msg, sig);
    assert_int_equal(nr_verify(kp.pub, domain, msg, sig), 0);
    assert_int_equal(nr_verify(other.pub, domain, msg, sig), NR_E_SIGNATURE);
    assert_int_equal(nr_verify(kp.pub, "dagi-registry test v2", msg, sig), NR_E_SIGNATURE);
    assert_int_equal(nr_verify(kp.pub, domain, nr_bytes_str("messagf"), sig), NR_E_SIGNATURE);
    assert_int_equal(nr_verify(kp.pub, domain, nr_bytes_str(""), sig), NR_E_SIGNATURE);
    for (size_t i = 0; i < NR_SIG_SIZE; i++) {
        sig[i] ^= 1;
        assert_int_equal(nr_verify(kp.pub, domain, msg, sig), NR_E_SIGNATURE);
        sig[i] ^= 1;
    }
}

/* The NUL behind the domain keeps domain and message apart. */
static void domain_and_message_are_apart(void **state)
{
    struct nr_keypair kp = seeded(1);
    uint8_t sig[NR_SIG_SIZE];
    (void)state;
    nr_sign(&kp, "ab", nr_bytes_str("c"), sig);
    assert_int_equal(nr_verify(kp.pub, "a", nr_bytes_str("bc"), sig), NR_E_SIGNATURE);
}

/* Messages up to a record's size are signed; a longer one cannot have been. */
static void messages_are_bounded(void **state)
{
    static uint8_t big[NR_RECORD_MAX + 1];
    struct nr_keypair kp = seeded(1);
    uint8_t sig[NR_SIG_SIZE];
    (void)state;
    nr_sign(&kp, domain, nr_bytes(big, NR_RECORD_MAX), sig);
    assert_int_equal(nr_verify(kp.pub, domain, nr_bytes(big, NR_RECORD_MAX), sig), 0);
    assert_int_equal(nr_verify(kp.pub, domain, nr_bytes(big, NR_RECORD_MAX + 1), sig), NR_E_SIGNATURE);
}

/* A.5: keys of small order are refused: with the neutral element as key, and as R, and S = 0, anything would hold. */
static void small_order_keys_are_refused(void **state)
{
    uint8_t neutral[NR_KEY_SIZE] = { 1 }, sig[NR_SIG_SIZE] = { 1 };
    (void)state;
    assert_int_equal(nr_verify(neutral, domain, nr_bytes_str("message"), sig), NR_E_SIGNATURE);
}

/* A signed record verifies; with any bit of it changed it does not, or is no record. */
static void records_verify(void **state)
{
    static struct made_record made;
    struct nr_keypair kp = seeded(3);
    struct nr_record_draft draft = test_draft(nr_bytes("\x80", 1));
    struct nr_record rec;
    struct nr_writer w;
    uint8_t sig[NR_SIG_SIZE];
    (void)state;
    draft.signer = kp.pub;
    nr_writer_init(&w, made.bytes, sizeof made.bytes);
    nr_record_encode_unsigned(&w, &draft);
    nr_sign(&kp, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    struct nr_bytes raw = nr_writer_bytes(&w);
    assert_int_equal(nr_record_decode(raw, &rec), 0);
    assert_int_equal(nr_record_verify(&rec), 0);
    for (size_t i = 0; i < 8 * raw.len; i++) {
        made.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        if (nr_record_decode(raw, &rec) == 0) assert_int_equal(nr_record_verify(&rec), NR_E_SIGNATURE);
        made.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

/* A.3: ids differ with any byte, key hashes with kind, signer and subject. */
static void ids_and_key_hashes_tell_apart(void **state)
{
    struct nr_keypair a = seeded(1), b = seeded(2);
    struct nr_bytes n1 = nr_bytes_str("node-1"), n2 = nr_bytes_str("node-2");
    (void)state;
    uint64_t h = nr_record_key_hash(1, a.pub, n1);
    assert_true(h == nr_record_key_hash(1, a.pub, n1));
    assert_true(h != nr_record_key_hash(2, a.pub, n1));
    assert_true(h != nr_record_key_hash(1, b.pub, n1));
    assert_true(h != nr_record_key_hash(1, a.pub, n2));
    assert_true(nr_record_id(n1) != nr_record_id(n2));
    assert_true(nr_record_id(n1) == nr_hash8(n1));
}

/* A.8: the same node_id has the same UUID, of version 8 and RFC 9562's variant. */
static void uuids_come_from_node_ids(void **state)
{
    char a[37], b[37], subject[NR_SUBJECT_MAX];
    (void)state;
    nr_node_uuid(nr_bytes_str("node-1"), a);
    nr_node_uuid(nr_bytes_str("node-1"), b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '8');
    assert_non_null(strchr("89ab", a[19]));
    nr_node_uuid(nr_bytes_str("node-2"), b);
    assert_string_not_equal(a, b);
    memset(subject, 'x', sizeof subject);
    nr_node_uuid(nr_bytes(subject, sizeof subject), a);
}

/* Random bytes are not all alike, and a wiped secret is zero. */
static void randomness_and_wiping(void **state)
{
    uint8_t a[32], b[32];
    static const uint8_t zero[32];
    (void)state;
    nr_random(a, sizeof a);
    nr_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    nr_wipe(a, sizeof a);
    assert_memory_equal(a, zero, sizeof a);
}

static int init(void **state)
{
    (void)state;
    return nr_crypto_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_blake2b_256),      cmocka_unit_test(keyed_hash_is_siphash),
        cmocka_unit_test(keys_come_from_seeds),     cmocka_unit_test(new_keys_differ),
        cmocka_unit_test(signatures_bind),          cmocka_unit_test(domain_and_message_are_apart),
        cmocka_unit_test(messages_are_bounded),     cmocka_unit_test(small_order_keys_are_refused),
        cmocka_unit_test(records_verify),           cmocka_unit_test(ids_and_key_hashes_tell_apart),
        cmocka_unit_test(uuids_come_from_node_ids), cmocka_unit_test(randomness_and_wiping),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
