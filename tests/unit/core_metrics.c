/* What this node's own heartbeats say of its load. */
#include "unit/core_fixture.h"

#include <stdlib.h>

#include "proto/mp.h"

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    fix_init(f, 2);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fix_fini(*state);
    free(*state);
    return 0;
}

/* {"cpu_percent": n} */
static struct nr_bytes load(uint8_t buf[static 32], uint64_t n)
{
    struct nr_writer w;
    nr_writer_init(&w, buf, 32);
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, "cpu_percent");
    nr_mp_write_uint(&w, n);
    return nr_writer_bytes(&w);
}

/* The heartbeat that peer `at` holds of peer 0's own node. */
static struct nr_bytes metrics_at(const struct fix *f, size_t at)
{
    const struct fix_peer *own = &f->peers[0];
    const struct fix_record *held = fix_find(&f->peers[at], fix_key_hash(own, NR_KIND_HEARTBEAT, own->id));
    struct nr_record rec;
    struct nr_heartbeat_body body;
    assert_non_null(held);
    assert_int_equal(nr_record_decode(nr_bytes(held->raw, held->len), &rec), 0);
    assert_int_equal(nr_heartbeat_body_decode(rec.body, &body), 0);
    return body.metrics;
}

/* Metrics ride in every beat of one's own from when they are set to when they are cleared, by the clock and by
 * registering, and reach the others. */
static void own_beats_carry_metrics(void **state)
{
    struct fix *f = *state;
    struct fix_peer *a = &f->peers[0];
    uint8_t buf[32], other[32];
    fix_register(f, 0, a->id);
    fix_until(f, 10000, fix_all_equal, NULL, "equal sets");
    assert_int_equal(metrics_at(f, 0).len, 0);
    assert_int_equal(nr_core_set_metrics(a->core, load(buf, 7)), 0);
    memset(buf, 0xff, sizeof buf); /* it was copied */
    fix_run_ms(f, 11000);
    assert_true(nr_bytes_eq(metrics_at(f, 1), load(buf, 7)));
    assert_int_equal(nr_core_set_metrics(a->core, load(buf, 8)), 0);
    fix_register(f, 0, a->id);
    assert_true(nr_bytes_eq(metrics_at(f, 0), load(other, 8)));
    assert_int_equal(nr_core_set_metrics(a->core, nr_bytes(NULL, 0)), 0);
    fix_run_ms(f, 11000);
    assert_int_equal(metrics_at(f, 1).len, 0);
}

/* They are this node's only: what it says for others, and what a client says for it, is not touched. */
static void others_beats_do_not(void **state)
{
    struct fix *f = *state;
    struct fix_peer *a = &f->peers[0];
    struct nr_record rec;
    struct nr_heartbeat_body body;
    uint8_t buf[32], given[32];
    bool durable;
    fix_register(f, 0, a->id);
    assert_int_equal(nr_core_set_metrics(a->core, load(buf, 7)), 0);
    fix_register(f, 0, "sponsored");
    const struct fix_record *held = fix_find(a, fix_key_hash(a, NR_KIND_HEARTBEAT, "sponsored"));
    assert_int_equal(nr_record_decode(nr_bytes(held->raw, held->len), &rec), 0);
    assert_int_equal(nr_heartbeat_body_decode(rec.body, &body), 0);
    assert_int_equal(body.metrics.len, 0);
    body = (struct nr_heartbeat_body){ .metrics = load(given, 9) };
    assert_int_equal(nr_core_heartbeat(a->core, fix_now(f, a), nr_bytes_str(a->id), &body, &durable), 0);
    assert_true(nr_bytes_eq(metrics_at(f, 0), load(buf, 9)));
}

/* What no heartbeat may carry is refused, and what was set before stays. */
static void bad_metrics_are_refused(void **state)
{
    struct fix *f = *state;
    struct fix_peer *a = &f->peers[0];
    uint8_t buf[32], large[NR_METRICS_MAX + 8] = { 0x81, 0xa1, 'k', 0xda, 0x10, 0 };
    assert_int_equal(nr_core_set_metrics(a->core, load(buf, 7)), 0);
    static const struct {
        const char *data;
        size_t len;
    } bad[] = {
        { "\xa1k", 2 },             /* no map */
        { "\x81\xa1k", 3 },         /* cut off */
        { "\x81\xa1k\x01\x01", 5 }, /* something behind it */
        { "\x81\xa1k\xcc\x01", 5 }, /* not canonical */
        { "\x81\xa1k\xc4\x00", 5 }, /* no JSON */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(nr_core_set_metrics(a->core, nr_bytes(bad[i].data, bad[i].len)), NR_E_INVALID);
    }
    memset(large + 6, 'x', sizeof large - 6);
    assert_int_equal(nr_core_set_metrics(a->core, nr_bytes(large, 4096 + 6)), NR_E_INVALID);
    fix_register(f, 0, a->id);
    assert_true(nr_bytes_eq(metrics_at(f, 0), load(buf, 7)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(own_beats_carry_metrics, setup, teardown),
        cmocka_unit_test_setup_teardown(others_beats_do_not, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_metrics_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
