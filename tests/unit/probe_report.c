#include "nr_test.h"
#include "probe/plan.h"
#include "probe/report.h"
#include "proto/limits.h"
#include "proto/mp.h"

static uint8_t room[2 * NR_REPORT_FRAME_MAX];

static struct nr_bytes encode(const struct nr_report *r)
{
    struct nr_writer w;
    nr_writer_init(&w, room, sizeof room);
    nr_report_encode(&w, r);
    assert_int_equal(w.err, 0);
    return nr_writer_bytes(&w);
}

static int decode(struct nr_report r)
{
    struct nr_report back;
    int err = nr_report_decode(encode(&r), &back);
    if (err) assert_int_equal(back.capabilities.len + back.modules.len + back.metrics.len, 0);
    return err;
}

static int decode_modules(const char *item, size_t len)
{
    return decode((struct nr_report){ .modules = nr_bytes(item, len) });
}
#define MODULES(text) decode_modules(text, sizeof text - 1)

/* A part that is not in the report is empty, the others are as they were. */
static void round_trip(void **state)
{
    (void)state;
    struct nr_report back, r = { .capabilities = nr_bytes("\x81\xa1\x61\x01", 4) };
    assert_int_equal(nr_report_decode(encode(&r), &back), 0);
    test_bytes_equal(back.capabilities, r.capabilities);
    assert_int_equal(back.modules.len + back.metrics.len, 0);
    r.modules = nr_bytes("\x91\x83\xa2id\xa1\x61\xa4port\x50\xa6status\xa2up", 23);
    r.metrics = nr_bytes("\x80", 1);
    assert_int_equal(nr_report_decode(encode(&r), &back), 0);
    test_bytes_equal(back.capabilities, r.capabilities);
    test_bytes_equal(back.modules, r.modules);
    test_bytes_equal(back.metrics, r.metrics);
    assert_int_equal(nr_report_decode(nr_bytes("\x80", 1), &back), 0);
    assert_int_equal(nr_report_decode(nr_bytes("\x81\xa5later\x01", 8), &back), 0);
}

/* A report is one canonical map; its parts are of their types and can be written as JSON. */
static void types(void **state)
{
    (void)state;
    struct nr_report back;
    static const char *const bad[] = { "", "\x90", "\x80\x80", "\x82\xa1z\x01\xa1\x61\x01" };
    for (size_t i = 0; i < COUNT(bad); i++) assert_int_not_equal(nr_report_decode(nr_bytes_str(bad[i]), &back), 0);
    assert_int_equal(decode((struct nr_report){ .capabilities = nr_bytes("\x90", 1) }), NR_E_INVALID);
    assert_int_equal(decode((struct nr_report){ .metrics = nr_bytes("\x01", 1) }), NR_E_INVALID);
    assert_int_equal(decode((struct nr_report){ .modules = nr_bytes("\x80", 1) }), NR_E_INVALID);
    assert_int_equal(decode((struct nr_report){ .metrics = nr_bytes("\x81\xa1\x61\xc4\x01x", 6) }), NR_E_INVALID);
    assert_int_equal(decode((struct nr_report){ .capabilities = nr_bytes("\x81\xa1\x61\xc4\x01x", 6) }), NR_E_INVALID);
}

/* One map of `bytes` bytes. */
static struct nr_bytes map_of(uint8_t *out, size_t bytes)
{
    static uint8_t text[NR_REPORT_FRAME_MAX];
    struct nr_writer w;
    memset(text, 'x', sizeof text);
    nr_writer_init(&w, out, bytes);
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, "a");
    nr_mp_write_str(&w, nr_bytes(text, bytes - 6));
    assert_int_equal(w.err, 0);
    assert_int_equal(nr_writer_len(&w), bytes);
    return nr_writer_bytes(&w);
}

/* Each part has its bound, and so has the depth: what is within goes into a record. */
static void bounds(void **state)
{
    (void)state;
    static uint8_t a[NR_REPORT_FRAME_MAX];
    assert_int_equal(decode((struct nr_report){ .capabilities = map_of(a, NR_CAPABILITIES_MAX) }), 0);
    assert_int_equal(decode((struct nr_report){ .capabilities = map_of(a, NR_CAPABILITIES_MAX + 1) }), NR_E_TOO_LARGE);
    assert_int_equal(decode((struct nr_report){ .metrics = map_of(a, NR_REPORT_METRICS_MAX) }), 0);
    assert_int_equal(decode((struct nr_report){ .metrics = map_of(a, NR_REPORT_METRICS_MAX + 1) }), NR_E_TOO_LARGE);
    struct nr_writer w;
    for (int depth = NR_REPORT_DEPTH_MAX; depth <= NR_REPORT_DEPTH_MAX + 1; depth++) {
        nr_writer_init(&w, a, sizeof a);
        for (int i = 0; i < depth; i++) {
            nr_mp_write_map(&w, i < depth - 1);
            if (i < depth - 1) nr_mp_write_cstr(&w, "d");
        }
        int want = depth > NR_REPORT_DEPTH_MAX ? NR_E_TOO_LARGE : 0;
        assert_int_equal(decode((struct nr_report){ .capabilities = nr_writer_bytes(&w) }), want);
    }
    memset(room, 0, sizeof room);
    struct nr_report back;
    assert_int_equal(nr_report_decode(nr_bytes(room, NR_REPORT_FRAME_MAX + 1), &back), NR_E_TOO_LARGE);
}

/* A module has an id and a status that is one of four; a port, where it has one, is one. */
static void modules(void **state)
{
    (void)state;
    assert_int_equal(MODULES("\x90"), 0);
    assert_int_equal(MODULES("\x91\x82\xa2id\xa1\x61\xa6status\xa4"
                             "down"),
                     0);
    assert_int_equal(MODULES("\x91\x82\xa2id\xa1\x61\xa6status\xa4high"), NR_E_INVALID);
    assert_int_equal(MODULES("\x91\x81\xa2id\xa1\x61"), NR_E_INVALID);
    assert_int_equal(MODULES("\x91\x81\xa6status\xa2up"), NR_E_INVALID);
    assert_int_equal(MODULES("\x91\x82\xa2id\xa0\xa6status\xa2up"), NR_E_INVALID);
    assert_int_equal(MODULES("\x91\x82\xa2id\x01\xa6status\xa2up"), NR_E_INVALID);
    assert_int_equal(MODULES("\x91\x83\xa2id\xa1\x61\xa4port\x00\xa6status\xa2up"), NR_E_INVALID);
    assert_int_equal(MODULES("\x91\x83\xa2id\xa1\x61\xa4port\xce\x00\x01\x00\x00\xa6status\xa2up"), NR_E_INVALID);
    assert_int_equal(MODULES("\x91\x83\xa2id\xa1\x61\xa4port\xa1x\xa6status\xa2up"), NR_E_INVALID);
    assert_int_equal(MODULES("\x91\x90"), NR_E_INVALID);
}

/* Modules stand by id, each once, and are no more than checks can be. */
static void modules_order(void **state)
{
    (void)state;
    uint8_t item[NR_MODULES_MAX];
    struct nr_writer w;
    assert_int_equal(MODULES("\x92\x82\xa2id\xa1\x61\xa6status\xa2up\x82\xa2id\xa1\x62\xa6status\xa2up"), 0);
    assert_int_equal(MODULES("\x92\x82\xa2id\xa1\x62\xa6status\xa2up\x82\xa2id\xa1\x61\xa6status\xa2up"), NR_E_INVALID);
    assert_int_equal(MODULES("\x92\x82\xa2id\xa1\x61\xa6status\xa2up\x82\xa2id\xa1\x61\xa6status\xa2up"), NR_E_INVALID);
    nr_writer_init(&w, item, sizeof item);
    nr_mp_write_array(&w, NR_CHECKS_MAX + 1);
    for (int i = 0; i <= NR_CHECKS_MAX; i++) nr_mp_write_nil(&w);
    assert_int_equal(decode((struct nr_report){ .modules = nr_writer_bytes(&w) }), NR_E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(types),         cmocka_unit_test(bounds),
        cmocka_unit_test(modules),    cmocka_unit_test(modules_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
