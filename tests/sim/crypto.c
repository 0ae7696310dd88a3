#include "tools/sim/crypto.h"

#include "tests/unit/nr_test.h"

/* A hash is that of the bytes, the first time and every time, also when many others have been asked for between. */
static void hashes_are_true(void **state)
{
    struct sim_crypto c;
    uint8_t in[40] = { 0 };
    (void)state;
    sim_crypto_init(&c);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 400000; i++) {
            in[i % 5 * 7] = (uint8_t)i;
            in[17] = (uint8_t)(i >> 8);
            in[39] = (uint8_t)(i >> 16);
            struct nr_bytes b = nr_bytes(in, 40 - i % 3 * 9);
            if (i % 100 < 50) assert_int_equal(sim_crypto_hash8(&c, b), nr_hash8(b));
        }
    }
    sim_crypto_fini(&c);
}

static uint8_t sig[NR_SIG_SIZE], msg[100];

/* A world's memory, a key, and what is signed; returns that. */
static struct nr_bytes begin(struct sim_crypto *c, struct nr_keypair *key)
{
    uint8_t seed[32] = { 1 };
    sim_crypto_init(c);
    nr_keypair_from_seed(key, seed);
    return nr_bytes(msg, sizeof msg);
}

/* One that held is not checked again; with one bit of key, message or signature changed it does not hold, and never
 * will. */
static void signatures_are_true(void **state)
{
    struct sim_crypto c;
    struct nr_keypair key;
    struct nr_bytes m = begin(&c, &key);
    (void)state;
    nr_sign(&key, NR_RECORD_DOMAIN, m, sig);
    for (int i = 0; i < 3; i++) assert_int_equal(sim_crypto_verify(&c, key.pub, NR_RECORD_DOMAIN, m, sig), 0);
    assert_int_equal(c.checked, 1);
    uint8_t *parts[] = { key.pub, msg, sig };
    size_t sizes[] = { sizeof key.pub, sizeof msg, sizeof sig };
    for (size_t p = 0; p < 3; p++)
        for (size_t i = 0; i < sizes[p]; i += 3) {
            parts[p][i] ^= 0x40;
            for (int twice = 0; twice < 2; twice++)
                assert_int_not_equal(sim_crypto_verify(&c, key.pub, NR_RECORD_DOMAIN, m, sig), 0);
            parts[p][i] ^= 0x40;
        }
    assert_int_equal(sim_crypto_verify(&c, key.pub, NR_RECORD_DOMAIN, m, sig), 0);
    sim_crypto_fini(&c);
}

/* What is signed here holds without being checked, but for one in sixteen; it is what Ed25519 says, and no other
 * message holds with it. */
static void signatures_made_here_are_true(void **state)
{
    struct sim_crypto c;
    struct nr_keypair key;
    struct nr_bytes m = begin(&c, &key);
    (void)state;
    for (uint8_t i = 0; i < 64; i++) {
        msg[7] = i;
        sim_crypto_sign(&c, &key, NR_RECORD_DOMAIN, m, sig);
        assert_int_equal(nr_verify(key.pub, NR_RECORD_DOMAIN, m, sig), 0);
        assert_int_equal(sim_crypto_verify(&c, key.pub, NR_RECORD_DOMAIN, m, sig), 0);
    }
    assert_int_equal(c.checked, 4);
    msg[7] = 99;
    assert_int_not_equal(sim_crypto_verify(&c, key.pub, NR_RECORD_DOMAIN, m, sig), 0);
    sim_crypto_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(hashes_are_true), cmocka_unit_test(signatures_are_true),
                                        cmocka_unit_test(signatures_made_here_are_true) };
    return nr_crypto_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
