/* The index of records, against a plain array that does the same slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/set.h"
#include "proto/record.h"

#include <stdlib.h>

#define KEYS 600

struct model {
    struct nr_entry held[KEYS];
    bool there[KEYS];
    uint64_t learnt[KEYS];
    uint64_t clock;
    uint64_t keys[KEYS];
};

static bool inside(struct nr_range r, uint64_t key)
{
    return r.bits == 0 || key >> (64 - r.bits) == r.prefix >> (64 - r.bits);
}

static void check_range(const struct nr_set *s, const struct model *m, struct nr_range range)
{
    uint64_t sum = 0, last = 0;
    uint32_t count = 0, walked = 0;
    for (int i = 0; i < KEYS; i++) {
        if (!m->there[i] || !inside(range, m->keys[i])) continue;
        sum += m->held[i].id;
        count++;
    }
    assert_int_equal(nr_set_sum(s, range), sum);
    assert_int_equal(nr_set_count(s, range), count);
    for (struct nr_entry *e = nr_set_first(s, range); e; e = nr_set_next(s, range, e)) {
        assert_true(inside(range, e->key_hash));
        assert_true(walked == 0 || e->key_hash > last);
        last = e->key_hash;
        walked++;
    }
    assert_int_equal(walked, count);
}

static void check_order_learnt(const struct nr_set *s, const struct model *m)
{
    uint64_t last = UINT64_MAX;
    uint32_t n = 0;
    for (struct nr_entry *e = nr_set_newest(s); e; e = nr_set_older(s, e), n++) {
        int i = 0;
        while (m->keys[i] != e->key_hash) i++;
        assert_true(m->there[i] && m->learnt[i] < last);
        last = m->learnt[i];
    }
    assert_int_equal(n, s->count);
}

/* Takes out of set and model what has ended by then: exactly what the model says, and nothing twice. */
static void drop_ended(struct nr_set *s, struct model *m, int64_t wall_ms)
{
    uint32_t dead = 0, dropped = 0;
    for (int i = 0; i < KEYS; i++)
        dead += m->there[i] && nr_record_ends_ms(m->held[i].stamp, m->held[i].lease_s) <= wall_ms;
    for (struct nr_entry *e; (e = nr_set_ended(s, wall_ms)); dropped++) {
        assert_true(nr_record_ends_ms(e->stamp, e->lease_s) <= wall_ms);
        int i = 0;
        while (m->keys[i] != e->key_hash) i++;
        assert_true(m->there[i]);
        m->there[i] = false;
        nr_set_remove(s, e->key_hash);
    }
    assert_int_equal(dropped, dead);
}

static void step(struct nr_set *s, struct model *m, struct nr_rng *rng)
{
    int i = (int)nr_rng_below(rng, KEYS);
    if (nr_rng_below(rng, 3) == 0) {
        nr_set_remove(s, m->keys[i]);
        m->there[i] = false;
        return;
    }
    struct nr_entry e = { .key_hash = m->keys[i],
                          .id = nr_rng_u64(rng),
                          .stamp = (uint64_t)nr_rng_u32(rng) << 16,
                          .lease_s = 1 + nr_rng_below(rng, 100000),
                          .kind = NR_KIND_NODE,
                          .flags = (uint8_t)(nr_rng_below(rng, 8) == 0 ? NR_ENTRY_PEER : 0) };
    assert_int_equal(nr_set_reserve(s), 0);
    nr_set_put(s, &e);
    m->held[i] = e;
    m->there[i] = true;
    m->learnt[i] = ++m->clock;
}

static void check_finds(const struct nr_set *s, const struct model *m)
{
    for (int i = 0; i < KEYS; i++) {
        struct nr_entry *e = nr_set_find(s, m->keys[i]);
        assert_int_equal(e != NULL, m->there[i]);
        if (!e) continue;
        assert_int_equal(e->id, m->held[i].id);
        assert_ptr_equal(nr_set_find_id(s, e->id), e);
        assert_int_equal(e->flags, m->held[i].flags);
    }
}

/* After any order of puts and removals: finding, sums, counts, ranges, the order learnt and what has ended are those
 * of the model. */
static void test_against_model(void **state)
{
    static struct model m;
    struct nr_set s;
    struct nr_rng rng;
    (void)state;
    nr_rng_init(&rng, 4711);
    int64_t wall_ms = 0;
    m = (struct model){ .clock = 0 };
    /* Half of the keys share 20 bits, so that narrow ranges have something in them. */
    for (int i = 0; i < KEYS; i++)
        m.keys[i] = i % 2 ? nr_rng_u64(&rng) : nr_rng_u64(&rng) >> 20 | UINT64_C(0xabcde) << 44;
    assert_int_equal(nr_set_init(&s, KEYS, true), 0);
    for (int round = 0; round < 4000; round++) {
        step(&s, &m, &rng);
        if (round % 50) continue;
        check_finds(&s, &m);
        check_order_learnt(&s, &m);
        drop_ended(&s, &m, wall_ms += nr_rng_below(&rng, 20000000));
        for (uint8_t bits = 0; bits <= 64; bits++) {
            uint64_t key = m.keys[nr_rng_below(&rng, KEYS)];
            uint64_t prefix = bits ? key >> (64 - bits) << (64 - bits) : 0;
            check_range(&s, &m, (struct nr_range){ .bits = bits, .prefix = prefix });
        }
    }
    nr_set_fini(&s);
}

/* The bound holds: one more than `max` is refused, and what was there stays. */
static void test_bound(void **state)
{
    struct nr_set s;
    (void)state;
    assert_int_equal(nr_set_init(&s, 3, false), 0);
    for (uint64_t k = 1; k <= 3; k++) {
        assert_int_equal(nr_set_reserve(&s), 0);
        nr_set_put(&s, &(struct nr_entry){ .key_hash = k << 60, .id = k, .stamp = k, .lease_s = 1, .kind = 1 });
    }
    assert_int_equal(nr_set_reserve(&s), NR_E_FULL);
    assert_int_equal(s.count, 3);
    nr_set_put(&s, &(struct nr_entry){ .key_hash = UINT64_C(2) << 60, .id = 9, .stamp = 9, .lease_s = 1, .kind = 1 });
    assert_int_equal(nr_set_find(&s, UINT64_C(2) << 60)->id, 9);
    nr_set_fini(&s);
}

/* Ids that share a place in the table, or all the bits that it keeps, are told apart, whichever of them goes first. */
static void test_ids_alike(void **state)
{
    struct nr_set s;
    (void)state;
    assert_int_equal(nr_set_init(&s, 100, false), 0);
    for (uint64_t k = 0; k < 60; k++) {
        assert_int_equal(nr_set_reserve(&s), 0);
        uint64_t id = k % 2 ? k << 57 | 7 : k << 40 | 7;
        nr_set_put(&s, &(struct nr_entry){ .key_hash = k << 58, .id = id, .stamp = 1, .lease_s = 1, .kind = 1 });
    }
    for (uint64_t gone = 0; gone < 60; gone += 3) nr_set_remove(&s, gone << 58);
    for (uint64_t k = 0; k < 60; k++) {
        struct nr_entry *e = nr_set_find_id(&s, k % 2 ? k << 57 | 7 : k << 40 | 7);
        assert_int_equal(e != NULL, k % 3 != 0);
        if (e) assert_int_equal(e->key_hash, k << 58);
    }
    assert_null(nr_set_find_id(&s, 8));
    nr_set_fini(&s);
}

/* One that comes while the ended are being taken out, into a place that was looked at already, ends in its time. */
static void test_ended_meanwhile(void **state)
{
    struct nr_set s;
    (void)state;
    assert_int_equal(nr_set_init(&s, 100, false), 0);
    for (uint64_t k = 0; k < 3; k++) {
        assert_int_equal(nr_set_reserve(&s), 0);
        nr_set_put(
            &s, &(struct nr_entry){ .key_hash = k, .id = k + 1, .stamp = 1, .lease_s = 1 + 9 * (k == 1), .kind = 1 });
    }
    assert_null(nr_set_ended(&s, 999));
    assert_int_equal(nr_set_ended(&s, 1000)->key_hash, 0);
    nr_set_remove(&s, 0);
    assert_int_equal(nr_set_ended(&s, 1000)->key_hash, 2);
    nr_set_put(&s, &(struct nr_entry){ .key_hash = 7, .id = 7, .stamp = 1, .lease_s = 5, .kind = 1 });
    nr_set_remove(&s, 2);
    assert_null(nr_set_ended(&s, 1000));
    assert_int_equal(nr_set_ended(&s, 5000)->key_hash, 7);
    nr_set_remove(&s, 7);
    assert_null(nr_set_ended(&s, 9999));
    assert_int_equal(nr_set_ended(&s, 10000)->key_hash, 1);
    nr_set_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_ids_alike),
        cmocka_unit_test(test_ended_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
