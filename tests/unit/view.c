#include "core/view.h"

#include "base/rng.h"
#include "nr_test.h"
#include "store_fixture.h"

static const struct nr_thresholds defaults = NR_THRESHOLDS_DEFAULT;

static enum nr_status after(enum nr_state declared, uint32_t interval_ms, int64_t silence_ms)
{
    const struct nr_liveness l = { .last_heartbeat_ms = T0, .interval_ms = interval_ms, .declared = declared };
    return nr_status_at(&l, &defaults, T0 + silence_ms, NULL);
}

/* The contract's thresholds: 90 s where the interval is not known, 3 missed of it where it is, 300 s, 72 h. */
static void silence(void **state)
{
    (void)state;
    assert_int_equal(after(NR_STATE_ONLINE, 0, 89999), NR_STATUS_ONLINE);
    assert_int_equal(after(NR_STATE_ONLINE, 0, 90000), NR_STATUS_DEGRADED);
    assert_int_equal(after(NR_STATE_ONLINE, 10000, 29999), NR_STATUS_ONLINE);
    assert_int_equal(after(NR_STATE_ONLINE, 10000, 30000), NR_STATUS_DEGRADED);
    assert_int_equal(after(NR_STATE_ONLINE, 60000, 100000), NR_STATUS_ONLINE);
    assert_int_equal(after(NR_STATE_ONLINE, 0, 299999), NR_STATUS_DEGRADED);
    assert_int_equal(after(NR_STATE_ONLINE, 0, 300000), NR_STATUS_OFFLINE);
    assert_int_equal(after(NR_STATE_ONLINE, 0, 259199999), NR_STATUS_OFFLINE);
    assert_int_equal(after(NR_STATE_ONLINE, 0, 259200000), NR_STATUS_FORGOTTEN);
    assert_int_equal(after(NR_STATE_ONLINE, 0, -50000), NR_STATUS_ONLINE);
}

/* Of an interval longer than a minute three missed make a node degraded, five make it offline, whatever the bound. */
static void long_intervals(void **state)
{
    (void)state;
    assert_int_equal(after(NR_STATE_ONLINE, 50000, 299999), NR_STATUS_DEGRADED);
    assert_int_equal(after(NR_STATE_ONLINE, 50000, 300000), NR_STATUS_OFFLINE);
    assert_int_equal(after(NR_STATE_ONLINE, 120000, 359999), NR_STATUS_ONLINE);
    assert_int_equal(after(NR_STATE_ONLINE, 120000, 360000), NR_STATUS_DEGRADED);
    assert_int_equal(after(NR_STATE_ONLINE, 120000, 599999), NR_STATUS_DEGRADED);
    assert_int_equal(after(NR_STATE_ONLINE, 120000, 600000), NR_STATUS_OFFLINE);
}

/* What is declared stands against silence: degraded until offline; maintenance, draining, left and offline until
 * forgotten. */
static void declared(void **state)
{
    (void)state;
    assert_int_equal(after(NR_STATE_DEGRADED, 0, 0), NR_STATUS_DEGRADED);
    assert_int_equal(after(NR_STATE_DEGRADED, 0, 300000), NR_STATUS_OFFLINE);
    assert_int_equal(after(NR_STATE_MAINTENANCE, 0, 300000), NR_STATUS_MAINTENANCE);
    assert_int_equal(after(NR_STATE_DRAINING, 0, 300000), NR_STATUS_DRAINING);
    assert_int_equal(after(NR_STATE_MAINTENANCE, 0, 259200000), NR_STATUS_FORGOTTEN);
    assert_int_equal(after(NR_STATE_LEFT, 0, 259199999), NR_STATUS_LEFT);
    assert_int_equal(after(NR_STATE_LEFT, 0, 259200000), NR_STATUS_FORGOTTEN);
    assert_int_equal(after(NR_STATE_OFFLINE, 0, 0), NR_STATUS_OFFLINE);
    assert_int_equal(after(NR_STATE_OFFLINE, 0, 259200000), NR_STATUS_FORGOTTEN);
}

static enum nr_status gone(enum nr_state declared, int64_t until_ms, int64_t silence_ms, int64_t *turns)
{
    const struct nr_liveness l = { .last_heartbeat_ms = T0, .declared = declared, .gone_until_ms = until_ms };
    return nr_status_at(&l, &defaults, T0 + silence_ms, turns);
}

/* Whom its observers call gone is offline for as long as their word lasts, but for who declared that it goes away, and
 * who is forgotten. */
static void gone_by_observers(void **state)
{
    int64_t turns;
    (void)state;
    assert_int_equal(gone(NR_STATE_ONLINE, T0 + 50000, 10, &turns), NR_STATUS_OFFLINE);
    assert_int_equal(turns, T0 + 50000); /* when the word ends the silence is still short */
    assert_int_equal(gone(NR_STATE_ONLINE, T0 + 50000, 50000, &turns), NR_STATUS_ONLINE);
    assert_int_equal(turns, T0 + 90000);
    assert_int_equal(gone(NR_STATE_ONLINE, T0 + 900000, 299999, &turns), NR_STATUS_OFFLINE);
    assert_int_equal(turns, T0 + 259200000); /* the long silence says the same by then */
    assert_int_equal(gone(NR_STATE_DEGRADED, T0 + 50000, 10, NULL), NR_STATUS_OFFLINE);
    assert_int_equal(gone(NR_STATE_LEFT, T0 + 50000, 10, NULL), NR_STATUS_LEFT);
    assert_int_equal(gone(NR_STATE_MAINTENANCE, T0 + 50000, 10, NULL), NR_STATUS_MAINTENANCE);
    assert_int_equal(gone(NR_STATE_DRAINING, T0 + 50000, 10, NULL), NR_STATUS_DRAINING);
    assert_int_equal(gone(NR_STATE_ONLINE, INT64_MAX, 259200000, NULL), NR_STATUS_FORGOTTEN);
}

/* The status stays what it is until turns_at, and is another one then: tried millisecond by millisecond. */
static void turns_at_the_moment_given(void **state)
{
    struct nr_rng rng;
    (void)state;
    nr_rng_init(&rng, 11);
    for (int i = 0; i < 20000; i++) {
        const struct nr_thresholds t = { .degraded_after_ms = 1 + nr_rng_below(&rng, 12),
                                         .missed_heartbeats = 1 + nr_rng_below(&rng, 4),
                                         .offline_after_ms = 1 + nr_rng_below(&rng, 24),
                                         .forget_after_ms = 1 + nr_rng_below(&rng, 40) };
        const struct nr_liveness l = { .last_heartbeat_ms = 1000,
                                       .interval_ms = nr_rng_below(&rng, 8),
                                       .declared = (enum nr_state)nr_rng_below(&rng, NR_STATE_COUNT),
                                       .gone_until_ms = i % 2 ? 0 : 970 + nr_rng_below(&rng, 100) };
        int64_t now = 980 + nr_rng_below(&rng, 80), turns, at = now + 1;
        enum nr_status s = nr_status_at(&l, &t, now, &turns);
        while (at < 1100 && nr_status_at(&l, &t, at, NULL) == s) at++;
        assert_int_equal(turns, at == 1100 ? INT64_MAX : at);
    }
}

/* Names and words are each other's inverse, and `forgotten` is no word. */
static void names(void **state)
{
    enum nr_status s;
    (void)state;
    for (unsigned i = 0; i < NR_STATUS_FORGOTTEN; i++) {
        assert_true(nr_status_parse(nr_bytes_str(nr_status_name((enum nr_status)i)), &s));
        assert_int_equal(s, i);
    }
    assert_false(nr_status_parse(nr_bytes_str("forgotten"), &s));
    assert_false(nr_status_parse(nr_bytes_str("Online"), &s));
}

#define CANDIDATES 6

/* Fed in every order the same record wins: its own word first, then the newest stamp, then the higher id; the dead
 * never. */
static void same_winner_in_every_order(void **state)
{
    struct made *m[CANDIDATES] = {
        make_node(1, "n", T0 + 50, &(struct node_say){ .role = "sponsor" }),
        make_node(2, "n", T0 + 90, &(struct node_say){ .role = "sponsor" }),
        make_node(3, "n", T0 + 20, &(struct node_say){ .role = "old", .self = true }),
        make_node(3, "n", T0 + 30, &(struct node_say){ .role = "x", .self = true }),
        make_node(4, "n", T0 + 30, &(struct node_say){ .role = "y", .self = true }),
        make_node(5, "n", T0 - 9000, &(struct node_say){ .role = "dead", .self = true, .lease_s = 1 }),
    };
    struct nr_rng rng;
    uint64_t x = nr_record_id(m[3]->rec.raw), y = nr_record_id(m[4]->rec.raw);
    struct made *wanted = x > y ? m[3] : m[4];
    (void)state;
    nr_rng_init(&rng, 3);
    for (int round = 0; round < 200; round++) {
        struct nr_winner w;
        nr_winner_init(&w);
        for (uint32_t i = CANDIDATES; i > 1; i--) {
            uint32_t j = nr_rng_below(&rng, i);
            struct made *swap = m[i - 1];
            m[i - 1] = m[j];
            m[j] = swap;
        }
        for (int i = 0; i < CANDIDATES; i++) nr_winner_feed(&w, &m[i]->rec, nr_record_id(m[i]->rec.raw), T0);
        assert_true(w.any && w.self && !w.deleted);
        assert_true(nr_bytes_eq(w.rec.raw, wanted->rec.raw));
    }
    for (int i = 0; i < CANDIDATES; i++) free(m[i]);
}

/* With nobody alive there is no winner; a deletion that is the newest wins as one. */
static void nobody_and_deletion(void **state)
{
    struct made *dead = make_node(1, "n", T0, &(struct node_say){ .lease_s = 1 });
    struct made *gone = make_node(2, "n", T0 + 1, &(struct node_say){ .deleted = true });
    struct nr_winner w;
    (void)state;
    nr_winner_init(&w);
    nr_winner_feed(&w, &dead->rec, 1, T0 + 1000);
    assert_false(w.any);
    nr_winner_feed(&w, &dead->rec, 1, T0 + 999);
    nr_winner_feed(&w, &gone->rec, 2, T0 + 999);
    assert_true(w.any && w.deleted);
    free(dead), free(gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence),
        cmocka_unit_test(long_intervals),
        cmocka_unit_test(declared),
        cmocka_unit_test(gone_by_observers),
        cmocka_unit_test(turns_at_the_moment_given),
        cmocka_unit_test(names),
        cmocka_unit_test(same_winner_in_every_order),
        cmocka_unit_test(nobody_and_deletion),
    };
    if (nr_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
