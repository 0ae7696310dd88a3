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

static void check_first_to_end(const struct nr_set *s, const struct model *m)
{
    int64_t first = INT64_MAX;
    for (int i = 0; i < KEYS; i++) {
        int64_t end = m->there[i] ? nr_record_ends_ms(m->held[i].stamp, m->held[i].lease_s) : INT64_MAX;
        if (end < first) first = end;
    }
    struct nr_entry *e = nr_set_first_to_end(s);
    if (!e)
        assert_int_equal(first, INT64_MAX);
    else
        assert_int_equal(nr_record_ends_ms(e->stamp, e->lease_s), first);
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
    uint32_t peers = 0;
    for (int i = 0; i < KEYS; i++) {
        struct nr_entry *e = nr_set_find(s, m->keys[i]);
        assert_int_equal(e != NULL, m->there[i]);
        if (!e) continue;
        assert_int_equal(e->id, m->held[i].id);
        assert_ptr_equal(nr_set_find_id(s, e->id), e);
        peers += (e->flags & NR_ENTRY_PEER) != 0;
    }
    assert_int_equal(s->peers, peers);
}

/* After any order of puts and removals: finding, sums, counts, ranges, the order learnt and the first end are those of
 * the model. */
static void test_against_model(void **state)
{
    static struct model m;
    struct nr_set s;
    struct nr_rng rng;
    (void)state;
    nr_rng_init(&rng, 4711);
    m = (struct model){ .clock = 0 };
    /* Half of the keys share 20 bits, so that narrow ranges have something in them. */
    for (int i = 0; i < KEYS; i++)
        m.keys[i] = i % 2 ? nr_rng_u64(&rng) : nr_rng_u64(&rng) >> 20 | UINT64_C(0xabcde) << 44;
    assert_int_equal(nr_set_init(&s, KEYS), 0);
    for (int round = 0; round < 4000; round++) {
        step(&s, &m, &rng);
        if (round % 50) continue;
        check_finds(&s, &m);
        check_order_learnt(&s, &m);
        check_first_to_end(&s, &m);
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
    assert_int_equal(nr_set_init(&s, 3), 0);
    for (uint64_t k = 1; k <= 3; k++) {
        assert_int_equal(nr_set_reserve(&s), 0);
        nr_set_put(&s, &(struct nr_entry){ .key_hash = k << 60, .id = k, .stamp = k, .lease_s = 1 });
    }
    assert_int_equal(nr_set_reserve(&s), NR_E_FULL);
    assert_int_equal(s.count, 3);
    nr_set_put(&s, &(struct nr_entry){ .key_hash = UINT64_C(2) << 60, .id = 9, .stamp = 9, .lease_s = 1 });
    assert_int_equal(nr_set_find(&s, UINT64_C(2) << 60)->id, 9);
    nr_set_fini(&s);
}

/* A peer by chance is one that has the flag, whichever it is, and none when there is none. */
static void test_random_peer(void **state)
{
    struct nr_set s;
    struct nr_rng rng;
    int picked[50] = { 0 };
    (void)state;
    nr_rng_init(&rng, 1);
    assert_int_equal(nr_set_init(&s, 100), 0);
    assert_null(nr_set_random_peer(&s, &rng));
    for (uint64_t k = 0; k < 50; k++) {
        assert_int_equal(nr_set_reserve(&s), 0);
        nr_set_put(&s, &(struct nr_entry){ .key_hash = k * (UINT64_MAX / 50),
                                           .id = k + 1,
                                           .stamp = 1,
                                           .lease_s = 1,
                                           .flags = k % 5 ? 0 : NR_ENTRY_PEER });
    }
    for (int i = 0; i < 1000; i++) picked[nr_set_random_peer(&s, &rng)->id - 1]++;
    for (int k = 0; k < 50; k++) assert_int_equal(picked[k] > 0, k % 5 == 0);
    nr_set_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_random_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
