/* What the core counts for metrics. */
#include "unit/core_fixture.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    static struct fix f;
    *state = &f;
    return 0;
}

static const struct nr_core_stats *of(const struct fix *f, size_t peer)
{
    return nr_core_stats(f->peers[peer].core);
}

static void beat(struct fix *f, size_t peer, const char *node_id)
{
    bool durable;
    struct fix_peer *p = &f->peers[peer];
    assert_int_equal(
        nr_core_heartbeat(p->core, fix_now(f, p), nr_bytes_str(node_id), &(struct nr_heartbeat_body){ 0 }, &durable),
        0);
    fix_run_ms(f, 10);
}

static uint64_t total(const struct nr_histogram *h)
{
    uint64_t sum = 0;
    for (size_t i = 0; i <= nr_heartbeat_spread_bounds_us.count; i++) sum += h->counts[i];
    return sum;
}

/* A registration and a heartbeat are counted once at each peer, by where they came from. */
static void test_origins(void **state)
{
    struct fix *f = *state;
    fix_init(f, 2);
    fix_until(f, 20000, fix_all_equal, NULL, "joined");
    struct nr_core_stats here = *of(f, 0), there = *of(f, 1);
    fix_register(f, 0, "cat");
    fix_run_ms(f, 10);
    assert_int_equal(of(f, 0)->registrations_sponsored, here.registrations_sponsored + 1);
    assert_int_equal(of(f, 0)->registrations_self, here.registrations_self);
    assert_int_equal(of(f, 0)->heartbeats_sponsored, here.heartbeats_sponsored + 1); /* registering counts as one */
    assert_int_equal(of(f, 0)->accepted[NR_COUNTED_NODE][NR_FROM_SELF],
                     here.accepted[NR_COUNTED_NODE][NR_FROM_SELF] + 1);
    assert_int_equal(of(f, 0)->held[NR_COUNTED_NODE], here.held[NR_COUNTED_NODE] + 1);
    assert_int_equal(of(f, 1)->registrations_gossip, there.registrations_gossip + 1);
    assert_int_equal(of(f, 1)->heartbeats_gossip, there.heartbeats_gossip + 1);
    assert_int_equal(of(f, 1)->accepted[NR_COUNTED_HEARTBEAT][NR_FROM_GOSSIP],
                     there.accepted[NR_COUNTED_HEARTBEAT][NR_FROM_GOSSIP] + 1);
    assert_int_equal(of(f, 1)->held[NR_COUNTED_HEARTBEAT], there.held[NR_COUNTED_HEARTBEAT] + 1);
    beat(f, 0, "cat");
    assert_int_equal(of(f, 1)->heartbeats_gossip, there.heartbeats_gossip + 2);
    assert_int_equal(of(f, 1)->held[NR_COUNTED_HEARTBEAT], there.held[NR_COUNTED_HEARTBEAT] + 1); /* in its place */
    fix_fini(f);
}

/* A deletion is no registration. */
static void test_deletion(void **state)
{
    struct fix *f = *state;
    fix_init(f, 2);
    fix_register(f, 0, "cat");
    fix_until(f, 20000, fix_all_equal, NULL, "joined");
    struct nr_core_stats before = *of(f, 1);
    struct fix_peer *p = &f->peers[0];
    assert_int_equal(nr_core_delete_node(p->core, fix_now(f, p), nr_bytes_str("cat")), 0);
    fix_run_ms(f, 10);
    assert_int_equal(of(f, 1)->registrations_gossip, before.registrations_gossip);
    assert_int_equal(of(f, 1)->accepted[NR_COUNTED_NODE][NR_FROM_GOSSIP],
                     before.accepted[NR_COUNTED_NODE][NR_FROM_GOSSIP] + 1);
    fix_fini(f);
}

/* The spread of a heartbeat goes from its stamp to its arrival, by both clocks; a maker whose clock is ahead of ours
 * makes none that is negative. */
static void test_spread(void **state)
{
    struct fix *f = *state;
    fix_init(f, 2);
    fix_register(f, 0, "cat");
    fix_until(f, 20000, fix_all_equal, NULL, "joined");
    fix_run_ms(f, 6000); /* caught up */
    struct nr_histogram before = of(f, 1)->heartbeat_spread_us;
    f->peers[1].wall_offset_ms = 300;
    beat(f, 0, "cat");
    const struct nr_histogram *h = &of(f, 1)->heartbeat_spread_us;
    assert_int_equal(nr_heartbeat_spread_bounds_us.upper[6], 500000);
    assert_int_equal(h->counts[6], before.counts[6] + 1);
    assert_int_equal(h->sum, before.sum + 300000);
    f->peers[1].wall_offset_ms = -300;
    before = *h;
    beat(f, 0, "cat");
    assert_int_equal(h->counts[0], before.counts[0] + 1);
    assert_int_equal(h->sum, before.sum);
    fix_fini(f);
}

/* What a late joiner catches up on says nothing about how heartbeats spread. */
static void test_catching_up(void **state)
{
    struct fix *f = *state;
    fix_init(f, 2);
    fix_stop(f, 1);
    fix_wipe(f, 1);
    for (int i = 0; i < 50; i++) {
        char id[16];
        snprintf(id, sizeof id, "node-%d", i);
        fix_register(f, 0, id);
    }
    fix_run_ms(f, 20000);
    fix_start(f, 1);
    fix_until(f, 20000, fix_all_equal, NULL, "joined");
    fix_run_ms(f, 3000);
    assert_true(of(f, 1)->held[NR_COUNTED_HEARTBEAT] >= 50);
    assert_int_equal(total(&of(f, 1)->heartbeat_spread_us), 0);
    fix_run_ms(f, 5000);
    beat(f, 0, "node-1");
    assert_int_equal(total(&of(f, 1)->heartbeat_spread_us), 1);
    fix_fini(f);
}

/* A record that a repair brought is counted as such on both sides, with the ranges that were described for it. */
static void test_repair(void **state)
{
    struct fix *f = *state;
    uint8_t raw[NR_RECORD_MAX];
    struct nr_record rec;
    fix_init(f, 2);
    fix_stop(f, 0);
    fix_stop(f, 1);
    size_t len = fix_make_node(&f->peers[0], "cat", nr_stamp_make(FIX_START_MS, 1), raw);
    assert_int_equal(nr_record_decode(nr_bytes(raw, len), &rec), 0);
    fix_store(&f->peers[0], &rec);
    fix_start(f, 0);
    fix_start(f, 1);
    assert_int_equal(of(f, 0)->held[NR_COUNTED_NODE], 1); /* restored */
    fix_until(f, 20000, fix_all_equal, NULL, "repaired");
    assert_true(fix_there(f, 1, "cat"));
    assert_int_equal(of(f, 1)->repair_records_in, 1);
    assert_int_equal(of(f, 1)->registrations_repair, 1);
    assert_int_equal(of(f, 1)->accepted[NR_COUNTED_NODE][NR_FROM_REPAIR], 1);
    assert_int_equal(of(f, 0)->repair_records_out, 1);
    assert_true(of(f, 0)->repair_ranges_out + of(f, 1)->repair_ranges_out > 0);
    assert_int_equal(of(f, 0)->repair_ranges_out + of(f, 1)->repair_ranges_out,
                     of(f, 0)->repair_ranges_in + of(f, 1)->repair_ranges_in);
    fix_fini(f);
}

/* What ends its lease is held no more. */
static void test_lease_ends(void **state)
{
    struct fix *f = *state;
    fix_init(f, 1);
    uint64_t before = of(f, 0)->held[NR_COUNTED_NODE];
    fix_register(f, 0, "cat");
    assert_int_equal(of(f, 0)->held[NR_COUNTED_NODE], before + 1);
    for (int hour = 0; hour < 100 && of(f, 0)->held[NR_COUNTED_NODE] > before; hour++) {
        f->us += INT64_C(3600000000);
        fix_run_ms(f, 1);
    }
    assert_int_equal(of(f, 0)->held[NR_COUNTED_NODE], before);
    fix_fini(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins),     cmocka_unit_test(test_deletion), cmocka_unit_test(test_spread),
        cmocka_unit_test(test_catching_up), cmocka_unit_test(test_repair),   cmocka_unit_test(test_lease_ends),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
