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

#define YEAR_MS (INT64_C(365) * 86400 * 1000)

static bool holds(struct fix *f, size_t i, const struct fix_peer *signer, const char *node_id)
{
    uint64_t stamp, id, key = fix_key_hash(signer, NR_KIND_NODE, node_id);
    return nr_core_lookup(f->peers[i].core, fix_now(f, &f->peers[i]), key, &stamp, &id);
}

static bool is_stored(const struct fix_peer *p, const struct fix_peer *signer, const char *node_id)
{
    return fix_find(p, fix_key_hash(signer, NR_KIND_NODE, node_id)) != NULL;
}

/* A lone peer that starts years behind what it stored holds none of it, keeps all of it, and has it back when its clock
 * is set; with it what it said of itself meanwhile, which ended by that step alone. */
static void test_started_behind(void **state)
{
    struct fix *f = *state;
    struct nr_aside_info aside;
    fix_init(f, 1);
    struct fix_peer *p = &f->peers[0];
    fix_register(f, 0, "peer-0");
    fix_register(f, 0, "guest");
    fix_run_ms(f, 5000);
    fix_stop(f, 0);
    p->wall_offset_ms = -10 * YEAR_MS;
    fix_start(f, 0);
    fix_register(f, 0, "peer-0");
    fix_register(f, 0, "late");
    fix_run_ms(f, 120000);
    nr_core_aside(p->core, &aside);
    assert_true(aside.ahead > 0 && !aside.confirmed && aside.newest_ms > fix_now(f, p).wall_ms);
    assert_true(!holds(f, 0, p, "guest") && is_stored(p, p, "guest") && holds(f, 0, p, "late"));
    p->wall_offset_ms = 0;
    fix_run_ms(f, 2000);
    assert_true(holds(f, 0, p, "guest") && holds(f, 0, p, "late") && holds(f, 0, p, "peer-0"));
    assert_int_equal(p->events[NR_EVENT_CLOCK_STEP], 1);
    assert_true(p->last_event[NR_EVENT_CLOCK_STEP].step_ms > 9 * YEAR_MS);
    nr_core_aside(p->core, &aside);
    assert_int_equal(aside.ahead, 0);
    fix_fini(f);
}

/* What ended by a clock that only this peer has leaves its set, not its store, and is back when the clock is; also
 * where the peer has started anew in between. */
static void test_ended_by_a_step(void **state)
{
    struct fix *f = *state;
    fix_init(f, 2);
    struct fix_peer *p = &f->peers[1];
    all_registered(f);
    fix_register(f, 1, "guest");
    fix_run_ms(f, 2000);
    for (int restart = 0; restart < 2; restart++) {
        p->wall_offset_ms = YEAR_MS;
        if (restart) fix_stop(f, 1);
        if (restart) fix_start(f, 1);
        fix_run_ms(f, 150000);
        assert_true(!holds(f, 1, p, "guest") && is_stored(p, p, "guest"));
        assert_true(!holds(f, 1, &f->peers[0], "peer-0") && is_stored(p, &f->peers[0], "peer-0"));
        p->wall_offset_ms = 0;
        fix_run_ms(f, 2000);
        assert_true(holds(f, 1, p, "guest") && holds(f, 1, &f->peers[0], "peer-0"));
    }
    fix_fini(f);
}

/* What has ended by a clock that the neighbour confirms goes from the store too. */
static void test_ended_for_good(void **state)
{
    struct fix *f = *state;
    fix_init(f, 2);
    struct fix_peer *p = &f->peers[1];
    all_registered(f);
    fix_register(f, 1, "guest");
    fix_run_ms(f, 2000);
    for (size_t i = 0; i < 2; i++) f->peers[i].wall_offset_ms = YEAR_MS;
    fix_run_ms(f, 60000);
    assert_true(!is_stored(p, p, "guest") && !is_stored(&f->peers[0], p, "guest"));
    fix_fini(f);
}

/* What a peer said while it was a year ahead nobody took; it is started again with the right clock, and says it anew
 * once its neighbour confirms that. */
static void test_said_ahead(void **state)
{
    struct fix *f = *state;
    fix_init(f, 2);
    struct fix_peer *p = &f->peers[1];
    all_registered(f);
    p->wall_offset_ms = YEAR_MS;
    fix_run_ms(f, 5000);
    fix_register(f, 1, "guest");
    fix_run_ms(f, 5000);
    assert_false(holds(f, 0, p, "guest"));
    fix_stop(f, 1);
    p->wall_offset_ms = 0;
    fix_start(f, 1);
    fix_run_ms(f, 45000);
    assert_true(holds(f, 0, p, "guest") && holds(f, 1, p, "guest"));
    fix_fini(f);
}

/* Two that were a year ahead together are set right while they run: what each says of itself from then on the other
 * takes, though it holds newer words. */
static void test_both_set_right(void **state)
{
    struct fix *f = *state;
    uint64_t stamp, id;
    fix_init(f, 2);
    for (size_t i = 0; i < 2; i++) f->peers[i].wall_offset_ms = YEAR_MS;
    fix_run_ms(f, 2000);
    all_registered(f);
    for (size_t i = 0; i < 2; i++) f->peers[i].wall_offset_ms = 0;
    fix_run_ms(f, 5000);
    for (size_t i = 0; i < 2; i++) {
        struct fix_peer *p = &f->peers[i], *other = &f->peers[1 - i];
        uint64_t key = fix_key_hash(p, NR_KIND_NODE, p->id);
        assert_true(nr_core_lookup(other->core, fix_now(f, other), key, &stamp, &id));
        assert_true(nr_stamp_ms(stamp) <= fix_now(f, other).wall_ms);
    }
    fix_fini(f);
}

/* A record that lies aside and is alive by now is compared with, not overwritten, before it was looked for. */
static void test_met_aside(void **state)
{
    struct fix *f = *state;
    uint8_t raw[NR_RECORD_MAX];
    struct nr_record rec;
    uint64_t stamp, id;
    fix_init(f, 2);
    struct fix_peer *p = &f->peers[1];
    all_registered(f);
    fix_stop(f, 1);
    int64_t ms = fix_now(f, p).wall_ms + NR_STAMP_AHEAD_MS + 5000;
    size_t len = fix_make_node(&f->peers[0], "guest", nr_stamp_make(ms, 0), raw);
    assert_int_equal(nr_record_decode(nr_bytes(raw, len), &rec), 0);
    fix_store(p, &rec);
    fix_start(f, 1);
    fix_run_ms(f, 20000);
    assert_false(holds(f, 1, &f->peers[0], "guest"));
    fix_register(f, 0, "guest");
    fix_run_ms(f, 1000);
    assert_true(nr_core_lookup(p->core, fix_now(f, p), fix_key_hash(&f->peers[0], NR_KIND_NODE, "guest"), &stamp, &id));
    assert_true(stamp == rec.stamp);
    fix_fini(f);
}

static bool met_own(struct fix *f, void *arg)
{
    const uint64_t *before = arg;
    return nr_core_stats(f->peers[1].core)->own_newer_met > *before;
}

/* peer-1 declares maintenance by a clock an hour back, which nobody takes; the clock is set right, and its record of
 * before comes back to it. */
static void declare_behind(struct fix *f)
{
    fix_init(f, 2);
    all_registered(f);
    fix_run_ms(f, 5000);
    struct fix_peer *p = &f->peers[1];
    p->wall_offset_ms = -3600 * 1000;
    fix_run_ms(f, 2000);
    assert_int_equal(nr_core_declare(p->core, fix_now(f, p), nr_bytes_str("peer-1"), NR_STATE_MAINTENANCE), 0);
    p->wall_offset_ms = 0;
    uint64_t before = nr_core_stats(p->core)->own_newer_met;
    fix_until(f, 10000, met_own, &before, "its record of before, met");
}

static enum nr_state state_at_other(struct fix *f)
{
    struct nr_node_body body;
    uint8_t raw[NR_RECORD_MAX];
    fix_run_ms(f, 15000);
    assert_true(fix_sees(f, 0, "peer-1", &body, raw));
    return body.state;
}

/* What a node said last holds, and what is said next is said after it: also in the moment when an older record of its
 * own has just come back. */
static void test_last_word_holds(void **state)
{
    struct fix *f = *state;
    struct fix_peer *p = &f->peers[1];
    const struct nr_heartbeat_body beat = { .has_status = true, .status = NR_STATE_ONLINE };
    bool durable;
    declare_behind(f);
    assert_int_equal(nr_core_declare(p->core, fix_now(f, p), nr_bytes_str("peer-1"), NR_STATE_ONLINE), 0);
    assert_int_equal(state_at_other(f), NR_STATE_ONLINE);
    fix_fini(f);
    declare_behind(f);
    assert_int_equal(nr_core_heartbeat(p->core, fix_now(f, p), nr_bytes_str("peer-1"), &beat, &durable), 0);
    assert_true(durable);
    assert_int_equal(state_at_other(f), NR_STATE_ONLINE);
    fix_fini(f);
    declare_behind(f);
    fix_register(f, 1, "peer-1");
    assert_int_equal(state_at_other(f), NR_STATE_MAINTENANCE);
    fix_fini(f);
    declare_behind(f);
    p->fail_saves = NR_E_FULL;
    assert_int_equal(nr_core_declare(p->core, fix_now(f, p), nr_bytes_str("peer-1"), NR_STATE_ONLINE), NR_E_FULL);
    p->fail_saves = 0;
    assert_int_equal(state_at_other(f), NR_STATE_MAINTENANCE);
    fix_fini(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_set_back),  cmocka_unit_test(test_clock_set_right),
        cmocka_unit_test(test_started_behind),  cmocka_unit_test(test_ended_by_a_step),
        cmocka_unit_test(test_ended_for_good),  cmocka_unit_test(test_said_ahead),
        cmocka_unit_test(test_both_set_right),  cmocka_unit_test(test_met_aside),
        cmocka_unit_test(test_last_word_holds),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
