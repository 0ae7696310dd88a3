/* The body of a VERDICT (proto/README.md A.4). */
#include "proto/body.h"

#include "nr_test.h"
#include "proto/mp.h"

static uint8_t memory[256];
static struct nr_writer w;

static int decoded(struct nr_verdict_body *out)
{
    assert_int_equal(w.err, 0);
    return nr_verdict_body_decode(nr_writer_bytes(&w), out);
}

static void verdict_of(size_t key_len, uint64_t since)
{
    static const uint8_t key[NR_KEY_SIZE + 1];
    nr_writer_init(&w, memory, sizeof memory);
    nr_mp_write_map(&w, 2);
    nr_mp_write_cstr(&w, "key");
    nr_mp_write_bin(&w, nr_bytes(key, key_len));
    nr_mp_write_cstr(&w, "since");
    nr_mp_write_uint(&w, since);
}

/* There and back, in canonical form. */
static void verdict_round_trips(void **state)
{
    uint8_t key[NR_KEY_SIZE] = { 1, 2, 3 };
    struct nr_verdict_body out;
    (void)state;
    nr_writer_init(&w, memory, sizeof memory);
    nr_verdict_body_encode(&w, &(struct nr_verdict_body){ .key = key, .since_ms = NR_STAMP_MAX_MS });
    assert_int_equal(nr_mp_check(nr_writer_bytes(&w), 3, false), 0);
    assert_int_equal(decoded(&out), 0);
    assert_memory_equal(out.key, key, NR_KEY_SIZE);
    assert_true(out.since_ms == NR_STAMP_MAX_MS);
}

/* A key has one length, a time one range. */
static void verdict_has_limits(void **state)
{
    struct nr_verdict_body out;
    (void)state;
    verdict_of(NR_KEY_SIZE, 0);
    assert_int_equal(decoded(&out), 0);
    verdict_of(NR_KEY_SIZE - 1, 0);
    assert_int_equal(decoded(&out), NR_E_INVALID);
    verdict_of(NR_KEY_SIZE + 1, 0);
    assert_int_equal(decoded(&out), NR_E_INVALID);
    verdict_of(NR_KEY_SIZE, (uint64_t)NR_STAMP_MAX_MS + 1);
    assert_int_equal(decoded(&out), NR_E_INVALID);
}

/* Both members are required. */
static void verdict_is_whole(void **state)
{
    struct nr_verdict_body out;
    (void)state;
    nr_writer_init(&w, memory, sizeof memory);
    nr_mp_write_map(&w, 0);
    assert_int_equal(decoded(&out), NR_E_INVALID);
    nr_writer_init(&w, memory, sizeof memory);
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, "since");
    nr_mp_write_uint(&w, 1);
    assert_int_equal(decoded(&out), NR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict_round_trips),
        cmocka_unit_test(verdict_has_limits),
        cmocka_unit_test(verdict_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
