/* The peers known, and how observers are ranked over them (proto/README.md A.9). */
#include "core/roster.h"

#include "nr_test.h"

#include "base/rng.h"

#include <string.h>

#define WALL_MS INT64_C(1700000000000)

static void add(struct nr_roster *p, uint64_t key8, uint64_t key_hash)
{
    assert_int_equal(nr_roster_reserve(p), 0);
    nr_roster_put(p, key8, key_hash)->heard_s = (uint32_t)(WALL_MS / 1000);
}

/* What was put is found by all its names, what was removed is not, through growth and the closing of gaps. */
static void puts_and_removes(void **state)
{
    static uint64_t keys[3000];
    struct nr_roster p = { 0 };
    struct nr_rng rng;
    (void)state;
    nr_rng_init(&rng, 1);
    for (size_t i = 0; i < COUNT(keys); i++) {
        keys[i] = i % 3 ? nr_rng_u64(&rng) : (uint64_t)i << 20; /* a third of them crowd in one place */
        add(&p, keys[i], i + 1);
    }
    for (size_t i = 0; i < COUNT(keys); i += 2) nr_roster_remove(&p, keys[i], i + 1);
    assert_int_equal(p.count, COUNT(keys) / 2);
    for (size_t i = 0; i < COUNT(keys); i++) {
        uint32_t at = 0;
        const struct nr_peer *peer = nr_roster_find(&p, keys[i], i + 1);
        assert_int_equal(peer != NULL, i % 2);
        assert_int_equal(nr_roster_find_hash(&p, i + 1) != NULL, i % 2);
        assert_int_equal(nr_roster_next_of_key(&p, keys[i], &at) != NULL, i % 2);
        if (peer) assert_non_null(nr_roster_find_prefix(&p, (uint32_t)(keys[i] >> 32)));
    }
    nr_roster_fini(&p);
}

/* One key may speak for several nodes: each is found, and it observes once. */
static void one_key_many_nodes(void **state)
{
    struct nr_roster p = { 0 };
    uint64_t ranks[NR_VERDICT_RANKS];
    uint32_t at = 0, n = 0;
    (void)state;
    for (uint64_t i = 1; i <= 5; i++) add(&p, 77, i);
    add(&p, 78, 6);
    while (nr_roster_next_of_key(&p, 77, &at)) n++;
    assert_int_equal(n, 5);
    assert_int_equal(nr_roster_rank(&p, 1, WALL_MS, ranks), 2);
    nr_roster_fini(&p);
}

/* One by chance is any of those that are there, also when most have gone, and none when there is none. */
static void one_by_chance(void **state)
{
    struct nr_roster p = { 0 };
    struct nr_rng rng;
    int picked[20] = { 0 };
    (void)state;
    nr_rng_init(&rng, 1);
    assert_null(nr_roster_random(&p, &rng));
    for (uint64_t i = 0; i < 1000; i++) add(&p, i << 54 | i, i + 1);
    for (uint64_t i = 20; i < 1000; i++) nr_roster_remove(&p, i << 54 | i, i + 1);
    for (int i = 0; i < 2000; i++) picked[nr_roster_random(&p, &rng)->key_hash - 1]++;
    for (int i = 0; i < 20; i++) assert_true(picked[i] > 0);
    for (uint64_t i = 0; i < 20; i++) nr_roster_remove(&p, i << 54 | i, i + 1);
    assert_null(nr_roster_random(&p, &rng));
    nr_roster_fini(&p);
}

/* A.9.1: the eight highest of mix(mix(key8) + key8), whoever came first; not the node itself. */
static void ranks_are_the_spec_s(void **state)
{
    struct nr_roster p = { 0 }, q = { 0 };
    uint64_t ranks[NR_VERDICT_RANKS], same[NR_VERDICT_RANKS];
    (void)state;
    for (uint64_t i = 1; i <= 100; i++) add(&p, i * UINT64_C(0x9e3779b97f4a7c15), i);
    for (uint64_t i = 100; i >= 1; i--) add(&q, i * UINT64_C(0x9e3779b97f4a7c15), i);
    uint64_t of = 5 * UINT64_C(0x9e3779b97f4a7c15), salt = nr_roster_mix(of);
    assert_int_equal(nr_roster_rank(&p, of, WALL_MS, ranks), NR_VERDICT_RANKS);
    assert_int_equal(nr_roster_rank(&q, of, WALL_MS, same), NR_VERDICT_RANKS);
    assert_memory_equal(ranks, same, sizeof ranks);
    size_t above = 0;
    for (uint64_t i = 1; i <= 100; i++) {
        uint64_t key8 = i * UINT64_C(0x9e3779b97f4a7c15);
        above += key8 != of && nr_roster_mix(salt + key8) >= nr_roster_mix(salt + ranks[NR_VERDICT_RANKS - 1]);
    }
    assert_int_equal(above, NR_VERDICT_RANKS);
    for (size_t i = 0; i < NR_VERDICT_RANKS; i++) {
        assert_true(ranks[i] != of);
        if (i) assert_true(nr_roster_mix(salt + ranks[i - 1]) > nr_roster_mix(salt + ranks[i]));
    }
    nr_roster_fini(&p);
    nr_roster_fini(&q);
}

/* Who is gone, or was silent for 300 s, observes nobody, until it is back. */
static void the_gone_and_the_silent_do_not_rank(void **state)
{
    struct nr_roster p = { 0 };
    uint64_t ranks[NR_VERDICT_RANKS];
    (void)state;
    for (uint64_t i = 1; i <= 3; i++) add(&p, i << 40, i);
    uint32_t before = p.changes;
    assert_int_equal(nr_roster_judge(&p, UINT64_C(2) << 40, 2, WALL_MS, 7), 0);
    assert_true(p.changes != before);
    assert_int_equal(nr_roster_rank(&p, 1, WALL_MS, ranks), 2);
    assert_int_equal(nr_roster_judge(&p, UINT64_C(2) << 40, 2, WALL_MS + 5, 8), 0);
    assert_true(nr_roster_gone_until_ms(&p, UINT64_C(2) << 40, 2) == WALL_MS + 5);
    assert_int_equal(nr_roster_gone(&p, UINT64_C(2) << 40, 2)->own_stamp, 7); /* its last word before the first */
    assert_int_equal(nr_roster_judge(&p, UINT64_C(2) << 40, 2, 0, 0), 0);
    assert_int_equal(nr_roster_rank(&p, 1, WALL_MS, ranks), 3);
    nr_roster_find(&p, UINT64_C(3) << 40, 3)->heard_s -= NR_CANDIDATE_S;
    assert_int_equal(nr_roster_rank(&p, 1, WALL_MS, ranks), 2);
    assert_int_equal(nr_roster_judge(&p, UINT64_C(1) << 40, 1, WALL_MS, 0), 0);
    nr_roster_remove(&p, UINT64_C(1) << 40, 1);
    assert_int_equal(p.gone_count, 0);
    nr_roster_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_and_removes),
        cmocka_unit_test(one_key_many_nodes),
        cmocka_unit_test(one_by_chance),
        cmocka_unit_test(ranks_are_the_spec_s),
        cmocka_unit_test(the_gone_and_the_silent_do_not_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
