/* The keys of a pool of memory disks: numbered once, found by hash, by subject and in order. */
#include "store/mem_keys.h"

#include <stdio.h>

#include "tests/unit/nr_test.h"

#define KEYS 500

static uint64_t hash_of(uint32_t i)
{
    return (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

/* Key i: ten signers for each subject, in no order. */
static struct nr_record record_of(uint32_t i, char subject[static 8], uint8_t signer[static NR_KEY_SIZE])
{
    memset(signer, 0, NR_KEY_SIZE);
    signer[0] = (uint8_t)(i * 7 % 10);
    int len = snprintf(subject, 8, "n%u", (unsigned)(i / 10));
    return (struct nr_record){ .kind = NR_KIND_NODE, .signer = signer, .subject = nr_bytes(subject, (size_t)len) };
}

/* Numbers are dense and stay, whoever asks again. */
static void numbers_are_dense(void **state)
{
    struct nr_mem_keys k = { 0 };
    uint8_t signer[NR_KEY_SIZE];
    char subject[8];
    uint32_t number;
    (void)state;
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < KEYS; i++) {
            struct nr_record rec = record_of(i, subject, signer);
            assert_int_equal(nr_mem_keys_take(&k, hash_of(i), &rec, &number), 0);
            assert_int_equal(number, i);
            assert_int_equal(nr_mem_keys_find(&k, hash_of(i)), i);
        }
    assert_int_equal(k.count, KEYS);
    assert_int_equal(nr_mem_keys_find(&k, 7), NR_NO_INDEX);
    struct nr_record rec = record_of(3, subject, signer);
    assert_int_equal(nr_mem_keys_take(&k, hash_of(4), &rec, &number), NR_E_INVALID);
    nr_mem_keys_fini(&k);
}

/* All keys of a subject follow one another in the order of their signers, and all keys stand in the order of their
 * hashes, also after more have come. */
static void orders_hold(void **state)
{
    struct nr_mem_keys k = { 0 };
    uint8_t signer[NR_KEY_SIZE];
    char subject[8];
    uint32_t number;
    (void)state;
    for (uint32_t i = 0; i < KEYS; i++) {
        struct nr_record rec = record_of(i, subject, signer);
        assert_int_equal(nr_mem_keys_take(&k, hash_of(i), &rec, &number), 0);
        if (i % 50) continue;
        const uint32_t *sorted = nr_mem_keys_sorted(&k);
        assert_int_equal(k.sorted_count, i + 1);
        for (uint32_t j = 1; j <= i; j++) assert_true(k.at[sorted[j - 1]]->key_hash < k.at[sorted[j]]->key_hash);
    }
    for (uint32_t i = 0; i < KEYS; i += 10) {
        struct nr_record rec = record_of(i, subject, signer);
        uint8_t nth = 0;
        for (uint32_t n = nr_mem_keys_of(&k, NR_KIND_NODE, rec.subject); n != NR_NO_INDEX; n = k.at[n]->next, nth++) {
            assert_int_equal(n / 10, i / 10);
            assert_int_equal(k.at[n]->signer[0], nth);
        }
        assert_int_equal(nth, 10);
        assert_int_equal(nr_mem_keys_of(&k, NR_KIND_HEARTBEAT, rec.subject), NR_NO_INDEX);
    }
    nr_mem_keys_fini(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(numbers_are_dense), cmocka_unit_test(orders_hold) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
