#include "crypto/seal.h"

#include "crypto/crypto.h"
#include "nr_test.h"

static struct nr_sealer sealer_of(size_t count, uint8_t first, uint8_t second)
{
    struct nr_keyring ring = { .keys = { { first }, { second } }, .count = count };
    struct nr_sealer s;
    nr_sealer_init(&s, &ring);
    return s;
}

static uint8_t datagram[NR_DATAGRAM_MAX + 1];
static uint8_t plain[NR_PLAIN_MAX];
static size_t plain_len;

static int open_with(const struct nr_sealer *s, size_t len)
{
    return nr_open_datagram(s, nr_bytes(datagram, len), plain, &plain_len);
}

/* Any length from nothing to the most that fits, there and back. */
static void round_trips(void **state)
{
    static uint8_t in[NR_PLAIN_MAX];
    struct nr_sealer s = sealer_of(1, 1, 0);
    (void)state;
    for (size_t n = 0; n < sizeof in; n++) in[n] = (uint8_t)n;
    for (size_t n = 0; n <= NR_PLAIN_MAX; n++) {
        size_t len = nr_seal(&s, nr_bytes(in, n), datagram);
        assert_int_equal(len, n + 42);
        assert_int_equal(datagram[0], 1);
        assert_int_equal(open_with(&s, len), 0);
        test_bytes_equal(nr_bytes(plain, plain_len), nr_bytes(in, n));
    }
    nr_sealer_fini(&s);
}

/* A peer opens with either key of its ring and seals with the first (B.1). */
static void either_key_opens(void **state)
{
    struct nr_sealer old = sealer_of(1, 1, 0), both = sealer_of(2, 2, 1), fresh = sealer_of(1, 2, 0);
    (void)state;
    size_t len = nr_seal(&old, nr_bytes_str("hello"), datagram);
    assert_int_equal(open_with(&both, len), 0);
    assert_int_equal(open_with(&fresh, len), NR_E_SIGNATURE);
    len = nr_seal(&both, nr_bytes_str("hello"), datagram);
    assert_int_equal(open_with(&fresh, len), 0);
    assert_int_equal(open_with(&old, len), NR_E_SIGNATURE);
    assert_int_equal(plain_len, 0);
}

/* No bit of a datagram can be changed. */
static void every_bit_counts(void **state)
{
    struct nr_sealer s = sealer_of(2, 1, 2);
    (void)state;
    size_t len = nr_seal(&s, nr_bytes_str("hello"), datagram);
    for (size_t i = 0; i < 8 * len; i++) {
        datagram[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(open_with(&s, len), i < 8 ? NR_E_VERSION : NR_E_SIGNATURE);
        datagram[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_int_equal(open_with(&s, len), 0);
}

/* Too short, too long, or cut anywhere: refused, with nothing given out. */
static void lengths_are_checked(void **state)
{
    struct nr_sealer s = sealer_of(1, 1, 0);
    (void)state;
    size_t len = nr_seal(&s, nr_bytes(plain, NR_PLAIN_MAX), datagram);
    assert_int_equal(len, NR_DATAGRAM_MAX);
    for (size_t n = 0; n < len; n++) assert_int_equal(open_with(&s, n), n < 42 ? NR_E_TRUNCATED : NR_E_SIGNATURE);
    assert_int_equal(open_with(&s, NR_DATAGRAM_MAX + 1), NR_E_TOO_LARGE);
    assert_int_equal(plain_len, 0);
}

/* No nonce comes twice, not from another sealer of the same key either. */
static void nonces_differ(void **state)
{
    struct nr_sealer s = sealer_of(1, 1, 0), t = sealer_of(1, 1, 0);
    uint8_t seen[100][24];
    (void)state;
    for (size_t i = 0; i < COUNT(seen); i++) {
        nr_seal(i % 2 ? &s : &t, nr_bytes_str("hello"), datagram);
        memcpy(seen[i], datagram + 2, 24);
        for (size_t k = 0; k < i; k++) assert_memory_not_equal(seen[i], seen[k], 24);
    }
}

/* A sealer that is done with holds no key. */
static void fini_wipes(void **state)
{
    static const struct nr_sealer zero;
    struct nr_sealer s = sealer_of(2, 1, 2);
    (void)state;
    nr_sealer_fini(&s);
    assert_memory_equal(&s, &zero, sizeof s);
}

static void seal_too_much(void)
{
    static uint8_t big[NR_PLAIN_MAX + 1];
    struct nr_sealer s = sealer_of(1, 1, 0);
    nr_seal(&s, nr_bytes(big, sizeof big), datagram);
}

static void no_key_at_all(void)
{
    (void)sealer_of(0, 0, 0);
}

/* A plaintext that fits no datagram, and an empty ring, are bugs of ours. */
static void misuse_aborts(void **state)
{
    (void)state;
    assert_true(test_aborts(seal_too_much));
    assert_true(test_aborts(no_key_at_all));
}

static int init(void **state)
{
    (void)state;
    return nr_crypto_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),         cmocka_unit_test(either_key_opens), cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(lengths_are_checked), cmocka_unit_test(nonces_differ),    cmocka_unit_test(fini_wipes),
        cmocka_unit_test(misuse_aborts),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
