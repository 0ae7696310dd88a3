/* The pace of heartbeats (proto/README.md C.8), by the core's own state: no network is needed. */
#include "core/state.h"
#include "nr_test.h"

#define BUDGET    200
#define BASE_MS   10000
#define NODES     10000
#define WINDOW_MS 65536 /* at 10,000 nodes: not below 50 s */
#define T0_MS     INT64_C(1700000000000)

static struct nr_core core;

static struct nr_now at(int64_t ms)
{
    return (struct nr_now){ .mono_us = ms * 1000, .wall_ms = T0_MS + ms };
}

/* `count` nodes were last heard at that moment. */
static void hear(uint32_t from, uint32_t count, int64_t ms)
{
    struct nr_set *set = &core.sets[NR_PLANE_HOT];
    for (uint32_t i = from; i < from + count; i++) {
        uint64_t hash = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        assert_int_equal(nr_set_reserve(set), 0);
        nr_set_put(set, &(struct nr_entry){ .key_hash = hash,
                                            .id = hash ^ (uint64_t)ms,
                                            .stamp = (uint64_t)(T0_MS + ms) << 16,
                                            .lease_s = 345600,
                                            .kind = NR_KIND_HEARTBEAT });
    }
}

static int setup(void **state)
{
    (void)state;
    core = (struct nr_core){ .beat_interval_ms = BASE_MS };
    nr_core_set_budget(&core, BUDGET);
    nr_rng_init(&core.rng, 1);
    return nr_set_init(&core.sets[NR_PLANE_HOT], NR_RECORDS_MAX, false);
}

static int teardown(void **state)
{
    (void)state;
    nr_set_fini(&core.sets[NR_PLANE_HOT]);
    return 0;
}

/* The next of its own heartbeats, made as late as was promised; what it promises. */
static uint32_t next(int64_t *ms)
{
    *ms += core.beat_promised_ms ? core.beat_promised_ms : BASE_MS;
    core.beat_in_time = true;
    return nr_core_promise_beat(&core, at(*ms));
}

/* A cluster within the budget beats as configured; one that outgrows it stretches by half a heartbeat, up to its share.
 */
static void stretches_with_the_cluster(void **state)
{
    static const uint32_t want[] = { 15000, 22500, 33750, 50000, 50000 };
    int64_t ms = 0;
    (void)state;
    hear(0, 2000, 0);
    assert_int_equal(next(&ms), BASE_MS);
    for (size_t i = 0; i < COUNT(want); i++) {
        hear(0, NODES, ms);
        assert_int_equal(next(&ms), want[i]);
    }
}

/* Who has not been heard for 300 s, and for five intervals, no longer takes a share. */
static void the_silent_are_not_counted(void **state)
{
    int64_t ms = 0;
    (void)state;
    for (int i = 0; i < 6; i++) {
        hear(0, NODES, ms);
        (void)next(&ms);
    }
    int64_t silent_ms = ms;
    hear(0, NODES, silent_ms);
    ms = silent_ms + 250000;
    core.beat_in_time = true;
    assert_int_equal(nr_core_promise_beat(&core, at(silent_ms + 299000)), 50000);
    assert_int_equal(nr_core_promise_beat(&core, at(silent_ms + 301000)), BASE_MS);
}

/* The next heartbeat comes within what was promised: a twentieth earlier at most when all is as it was, half of it when
 * not. */
static void promises_are_kept(void **state)
{
    int64_t ms = 0;
    (void)state;
    hear(0, 100, 0);
    for (int i = 0; i < 200; i++) {
        core.beat_in_time = i % 2 == 0;
        int64_t ms_promised = nr_core_promise_beat(&core, at(ms));
        int64_t in_us = core.beat_us - at(ms).mono_us;
        int64_t least = core.beat_in_time && i > 0 ? 950 : 500;
        assert_true(in_us <= ms_promised * 1000 && in_us >= ms_promised * least);
    }
}

/* Passes a sponsored node's heartbeats through an hour; returns how many went on, *gap is the longest time between. */
static uint32_t sponsor_an_hour(int64_t every_ms, int64_t *gap)
{
    struct nr_entry before = { .key_hash = 12345, .stamp = (uint64_t)T0_MS << 16 };
    int64_t last = 0;
    uint32_t passed = 0;
    *gap = 0;
    for (int64_t ms = every_ms; ms <= 3600000; ms += every_ms) {
        bool on = nr_core_passes_on(&core, at(ms), &before);
        before.stamp = (uint64_t)(T0_MS + ms) << 16;
        if (!on) continue;
        passed++;
        if (ms - last > *gap) *gap = ms - last;
        last = ms;
    }
    return passed;
}

/* Of a node that beats too often a sponsor passes on one heartbeat a window, and the interval that it says is never
 * exceeded; in a small cluster all are passed on, and nothing is said that the node did not say. */
static void sponsors_pass_on_within_the_budget(void **state)
{
    int64_t gap;
    (void)state;
    core.beating = 10;
    assert_int_equal(sponsor_an_hour(1000, &gap), 3600);
    assert_int_equal(nr_core_sponsored_interval(&core, 0), 0);
    assert_int_equal(nr_core_sponsored_interval(&core, 30000), 30000);
    core.beating = NODES;
    static const uint32_t every[] = { 1000, 10000, 30000, 60000, 120000 };
    for (size_t i = 0; i < COUNT(every); i++) {
        uint32_t passed = sponsor_an_hour(every[i], &gap);
        assert_true(passed >= 3600000 / (WINDOW_MS + every[i]) && passed <= 3600000 / WINDOW_MS + 1);
        assert_true(gap <= nr_core_sponsored_interval(&core, every[i]));
    }
    assert_int_equal(nr_core_sponsored_interval(&core, 120000), 120000);
    assert_int_equal(nr_core_sponsored_interval(&core, 0), WINDOW_MS + 30000);
    assert_true(nr_core_passes_on(&core, at(0), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stretches_with_the_cluster, setup, teardown),
        cmocka_unit_test_setup_teardown(the_silent_are_not_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(promises_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(sponsors_pass_on_within_the_budget, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
