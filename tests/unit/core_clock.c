/* Cores whose wall clock goes back while they run, or between two runs. */
#include "unit/core_fixture.h"

static int setup(void **state)
{
    static struct fix f;
    *state = &f;
    return 0;
}

static void all_registered(struct fix *f)
{
    for (size_t i = 0; i < f->count; i++) fix_register(f, i, f->peers[i].id);
    fix_until(f, 10000, fix_all_equal, NULL, "all equal after registering");
}

/* A peer whose clock was set back meets its own heartbeats of before, further ahead than its clock follows, and beats
 * on. */
static void test_clock_set_back(void **state)
{
    struct fix *f = *state;
    uint64_t before, after, id;
    bool durable;
    fix_init(f, 2);
    all_registered(f);
    fix_run_ms(f, 61000);
    struct fix_peer *p = &f->peers[1], *other = &f->peers[0];
    uint64_t key = fix_key_hash(p, NR_KIND_HEARTBEAT, "peer-1");
    assert_true(nr_core_lookup(other->core, fix_now(f, other), key, &before, &id));
    fix_stop(f, 1);
    fix_wipe(f, 1);
    p->reserved = 0;
    p->wall_offset_ms = -45000;
    fix_start(f, 1);
    fix_run_ms(f, 25000);
    assert_true(nr_core_lookup(p->core, fix_now(f, p), key, &after, &id));
    fix_register(f, 1, "peer-1");
    struct nr_heartbeat_body beat = { .has_status = true, .status = NR_STATE_ONLINE };
    assert_int_equal(nr_core_heartbeat(p->core, fix_now(f, p), nr_bytes_str("peer-1"), &beat, &durable), 0);
    fix_run_ms(f, 1000);
    assert_true(nr_core_lookup(other->core, fix_now(f, other), key, &after, &id));
    assert_true(after > before);
    fix_fini(f);
}

/* A peer whose clock was a year ahead, and is set right while it runs, can say all that it said before: itself by the
 * way, a sponsored node with its next heartbeat. The others take it. */
static void test_clock_set_right(void **state)
{
    struct fix *f = *state;
    uint64_t stamp, id;
    bool durable;
    fix_init(f, 2);
    all_registered(f);
    fix_run_ms(f, 5000);
    struct fix_peer *p = &f->peers[1], *other = &f->peers[0];
    p->wall_offset_ms = INT64_C(365) * 86400 * 1000;
    fix_run_ms(f, 15000);
    fix_register(f, 1, "peer-1");
    fix_register(f, 1, "guest");
    p->wall_offset_ms = 0;
    fix_run_ms(f, 15000);
    struct nr_heartbeat_body beat = { .has_status = true, .status = NR_STATE_ONLINE };
    assert_int_equal(nr_core_heartbeat(p->core, fix_now(f, p), nr_bytes_str("guest"), &beat, &durable), 0);
    fix_run_ms(f, 2000);
    static const char *const said[] = { "peer-1", "guest" };
    for (size_t i = 0; i < 2; i++) {
        uint64_t key = fix_key_hash(p, NR_KIND_NODE, said[i]);
        assert_true(nr_core_lookup(other->core, fix_now(f, other), key, &stamp, &id));
        assert_true(nr_stamp_ms(stamp) <= fix_now(f, other).wall_ms);
    }
    fix_until(f, 10000, fix_all_equal, NULL, "all equal");
    fix_fini(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_set_back),
        cmocka_unit_test(test_clock_set_right),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
