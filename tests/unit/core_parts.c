/* The core's small parts: window, clock, ids lately seen, wants and pieces, outbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/clock.h"
#include "core/outbox.h"
#include "core/seen.h"
#include "core/wants.h"

#include <stdlib.h>
#include <string.h>

/* A number is taken once, in whatever order numbers come, and none that is too far behind. */
static void test_window(void **state)
{
    struct nr_window w;
    struct nr_rng rng;
    static uint8_t taken[100000];
    uint64_t highest = 0;
    (void)state;
    nr_window_init(&w);
    nr_rng_init(&rng, 3);
    memset(taken, 0, sizeof taken);
    for (int i = 0; i < 200000; i++) {
        uint64_t base = (uint64_t)i / 3;
        uint64_t n = 1 + base + nr_rng_below(&rng, 1200);
        bool got = nr_window_take(&w, n);
        if (got) assert_false(taken[n]);
        if (n > highest)
            assert_true(got);
        else if (n + 960 > highest)
            assert_int_equal(got, !taken[n]);
        else if (n + 1024 <= highest)
            assert_false(got);
        if (got) taken[n] = 1;
        if (n > highest) highest = n;
    }
}

/* A jump over more than the window leaves no old number takeable and no new one taken. */
static void test_window_jump(void **state)
{
    struct nr_window w;
    (void)state;
    nr_window_init(&w);
    assert_true(nr_window_take(&w, 5));
    assert_true(nr_window_take(&w, UINT64_C(1) << 40));
    assert_false(nr_window_take(&w, 5));
    assert_false(nr_window_take(&w, 6));
    assert_false(nr_window_take(&w, UINT64_C(1) << 40));
    assert_true(nr_window_take(&w, (UINT64_C(1) << 40) - 900));
    assert_true(nr_window_take(&w, UINT64_MAX - 1));
    assert_false(nr_window_take(&w, UINT64_MAX - 1));
}

struct disk {
    uint64_t limit;
    int calls, fail;
};

static int reserve(void *ctx, uint64_t limit)
{
    struct disk *d = ctx;
    d->calls++;
    if (!d->fail) d->limit = limit;
    return d->fail;
}

static struct nr_now at_ms(int64_t ms)
{
    return (struct nr_now){ .mono_us = ms * 1000, .wall_ms = ms };
}

/* Stamps only grow, are below what is reserved on disk, and a start from what was reserved never makes one again. */
static void test_clock_grows(void **state)
{
    struct disk d = { 0 };
    struct nr_core_host host = { .ctx = &d, .reserve = reserve };
    struct nr_clock c;
    uint64_t last = 0, stamp = 0;
    (void)state;
    nr_clock_init(&c, 0);
    for (int i = 0; i < 100000; i++) {
        int64_t wall = 1000000 + i / 7 - (i > 50000 ? 3000 : 0); /* set back in the middle */
        assert_int_equal(nr_clock_next(&c, &host, at_ms(wall), 0, &stamp), 0);
        assert_true(stamp > last && stamp < d.limit);
        last = stamp;
    }
    assert_true(d.calls < 100);
    nr_clock_init(&c, d.limit);
    assert_int_equal(nr_clock_next(&c, &host, at_ms(1000000), 0, &stamp), 0);
    assert_true(stamp > last);
}

/* Crashes without number do not carry the stamps away from the wall clock. */
static void test_clock_crashes(void **state)
{
    struct disk d = { 0 };
    struct nr_core_host host = { .ctx = &d, .reserve = reserve };
    uint64_t last = 0, stamp = 0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct nr_clock c;
        nr_clock_init(&c, d.limit);
        assert_int_equal(nr_clock_next(&c, &host, at_ms(1000000 + i), 0, &stamp), 0);
        assert_true(stamp > last && stamp < d.limit);
        last = stamp;
    }
    assert_true(nr_stamp_ms(stamp) <= 1000000 + NR_CLOCK_RESERVE_MS + 1000);
}

/* Without the disk there is no stamp. */
static void test_clock_needs_disk(void **state)
{
    struct disk d = { .fail = NR_E_FULL };
    struct nr_core_host host = { .ctx = &d, .reserve = reserve };
    struct nr_clock c;
    uint64_t stamp = 7;
    (void)state;
    nr_clock_init(&c, 0);
    assert_int_equal(nr_clock_next(&c, &host, at_ms(1000), 0, &stamp), NR_E_FULL);
    assert_int_equal(stamp, 7);
}

/* Others' stamps are followed, but not far ahead of the wall clock; a clock beyond the limit is taken back and counted.
 */
static void test_clock_follows(void **state)
{
    struct disk d = { 0 };
    struct nr_core_host host = { .ctx = &d, .reserve = reserve };
    struct nr_clock c;
    uint64_t stamp;
    (void)state;
    nr_clock_init(&c, 0);
    nr_clock_follow(&c, at_ms(1000000), nr_stamp_make(1000000 + NR_CLOCK_FOLLOW_MS, 5));
    assert_int_equal(nr_clock_next(&c, &host, at_ms(1000000), 0, &stamp), 0);
    assert_true(stamp == nr_stamp_make(1000000 + NR_CLOCK_FOLLOW_MS, 6));
    nr_clock_follow(&c, at_ms(1000000), nr_stamp_make(1000000 + NR_CLOCK_FOLLOW_MS + 1, 0));
    assert_int_equal(nr_clock_next(&c, &host, at_ms(1000000), 0, &stamp), 0);
    assert_true(stamp == nr_stamp_make(1000000 + NR_CLOCK_FOLLOW_MS, 7));
    nr_clock_init(&c, nr_stamp_make(1000000 + NR_STAMP_AHEAD_MS + 1, 0));
    assert_int_equal(nr_clock_next(&c, &host, at_ms(1000000), 0, &stamp), 0);
    assert_int_equal(nr_stamp_ms(stamp), 1000000);
    assert_int_equal(c.resets, 1);
}

/* An id is remembered for at least a generation's time or its number of slots, and forgotten after two. */
static void test_seen(void **state)
{
    struct nr_seen s = { 0 };
    (void)state;
    nr_seen_add(&s, 42, 0);
    for (uint64_t i = 1000; i < 1000 + NR_SEEN_SLOTS / 2; i++) nr_seen_add(&s, i << 32 | i, 0);
    assert_true(nr_seen_has(&s, 42));
    assert_false(nr_seen_has(&s, 43));
    nr_seen_add(&s, 1, NR_SEEN_GENERATION_US + 1);
    assert_true(nr_seen_has(&s, 42));
    nr_seen_add(&s, 2, 2 * NR_SEEN_GENERATION_US + 2);
    assert_false(nr_seen_has(&s, 42));
    assert_true(nr_seen_has(&s, 1) && nr_seen_has(&s, 2));
    assert_false(nr_seen_has(&s, 0));
}

/* Wants are found until removed, in any order of both, and never more than the bound. */
static void test_wants(void **state)
{
    struct nr_wants w = { 0 };
    struct nr_rng rng;
    static uint64_t ids[NR_WANTS_MAX + 1];
    (void)state;
    nr_rng_init(&rng, 9);
    for (int i = 0; i <= NR_WANTS_MAX; i++) {
        ids[i] = nr_rng_u64(&rng) | 1;
        assert_int_equal(nr_wants_add(&w, ids[i]) != NULL, i < NR_WANTS_MAX);
    }
    for (int i = 0; i < NR_WANTS_MAX; i += 2) nr_wants_remove(&w, ids[i]);
    for (int i = 0; i < NR_WANTS_MAX; i++) assert_int_equal(nr_wants_find(&w, ids[i]) != NULL, i % 2);
    assert_null(nr_wants_add(&w, 0));
    for (int i = 1; i < NR_WANTS_MAX; i += 2) nr_wants_remove(&w, ids[i]);
    assert_true(w.count == 0 && w.room <= 256); /* the memory of a burst is given back */
    assert_null(nr_wants_find(&w, ids[1]));
    assert_non_null(nr_wants_add(&w, ids[1]));
    nr_wants_fini(&w);
}

/* Pieces come in any order and twice; another total, or a peer's ninth record in pieces, is refused. */
static void test_pieces(void **state)
{
    struct nr_wants w = { 0 };
    uint8_t bytes[NR_PIECE_SIZE] = { 7 };
    uint8_t order[] = { 2, 0, 2, 1 };
    (void)state;
    struct nr_want *want = nr_wants_add(&w, 5);
    want->asked = 1;
    for (int i = 0; i < 4; i++) {
        struct nr_piece p = { .id = 5,
                              .total = 2100,
                              .index = order[i],
                              .bytes = nr_bytes(bytes, order[i] == 2 ? 2100 - 2 * NR_PIECE_SIZE : NR_PIECE_SIZE) };
        assert_int_equal(nr_wants_piece(&w, want, &p), i == 3);
        if (i == 0) assert_int_equal(nr_want_missing(want), 3);
        p.total = 2101;
        assert_int_equal(nr_wants_piece(&w, want, &p), NR_E_INVALID);
    }
    for (uint64_t id = 10; id < 10 + NR_PIECED_PER_PEER; id++) {
        struct nr_piece p = { .id = id, .total = 2048, .index = 0, .bytes = nr_bytes(bytes, NR_PIECE_SIZE) };
        want = nr_wants_add(&w, id);
        want->asked = 1;
        assert_int_equal(nr_wants_piece(&w, want, &p), id < 10 + NR_PIECED_PER_PEER - 1 ? 0 : NR_E_FULL);
    }
    nr_wants_fini(&w);
}

/* Messages to one path share a datagram, in order; a full one is followed by another; the bound holds. */
static void test_outbox(void **state)
{
    struct nr_outbox o;
    struct nr_paths paths = { .count = 0 };
    struct nr_writer w;
    uint8_t key[NR_KEY_SIZE] = { 1 };
    (void)state;
    nr_outbox_init(&o);
    struct nr_path *path = nr_paths_add(&paths, key);
    assert_true(nr_outbox_to_path(&o, path, 600, &w) && nr_writer_left(&w) == 600);
    assert_true(nr_outbox_to_path(&o, path, 500, &w));
    assert_true(nr_outbox_to_path(&o, path, 100, &w));
    assert_int_equal(nr_outbox_take(&o, &paths)->len, NR_HEADER_SIZE + 1100);
    assert_int_equal(nr_outbox_take(&o, &paths)->len, NR_HEADER_SIZE + 100);
    assert_null(nr_outbox_take(&o, &paths));
    size_t n = 0;
    while (nr_outbox_to_path(&o, path, NR_MESSAGES_MAX, &w)) n++;
    assert_int_equal(n, NR_OUTBOX_MAX);
    while (nr_outbox_take(&o, &paths)) n--; /* and what a burst took is not kept */
    assert_int_equal(n, 0);
    assert_true(o.used <= 8);
    for (size_t i = 1; i <= 20; i++) assert_true(nr_outbox_to_addr(&o, &path->addr, i, &w));
    for (size_t i = 1; i <= 20; i++) assert_int_equal(nr_outbox_take(&o, &paths)->len, NR_HEADER_SIZE + i);
    assert_null(nr_outbox_take(&o, &paths));
    nr_outbox_fini(&o);
    nr_paths_fini(&paths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_window_jump),
        cmocka_unit_test(test_clock_grows),
        cmocka_unit_test(test_clock_crashes),
        cmocka_unit_test(test_clock_needs_disk),
        cmocka_unit_test(test_clock_follows),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_wants),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_outbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
