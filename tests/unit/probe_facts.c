#include "base/json.h"
#include "nodeprobe/facts.h"
#include "nr_test.h"
#include "probe/report.h"
#include "proto/json_mp.h"
#include "proto/mp.h"

static struct facts facts;

static int setup(void **state)
{
    (void)state;
    facts_init(&facts);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    facts_fini(&facts);
    return 0;
}

static void found(size_t source, const char *bytes, size_t len)
{
    assert_int_equal(facts_found(&facts, source, nr_bytes(bytes, len)), 0);
}
#define FOUND(source, bytes) found(source, bytes, sizeof(bytes) - 1)

/* What the facts make together reads so as JSON, and is canonical. */
static void reads(unsigned (*write)(const struct facts *, struct nr_writer *), const char *json)
{
    static uint8_t room[NR_CAPABILITIES_MAX];
    struct nr_writer w;
    struct nr_reader r;
    struct nr_buf text;
    struct nr_json j;
    nr_writer_init(&w, room, sizeof room);
    assert_int_equal(write(&facts, &w), 0);
    assert_int_equal(w.err, 0);
    assert_int_equal(nr_mp_check(nr_writer_bytes(&w), NR_REPORT_DEPTH_MAX, true), 0);
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_reader_init(&r, nr_writer_bytes(&w));
    nr_mp_to_json(&r, &j);
    test_text_equal(nr_buf_bytes(&text), json);
    nr_buf_fini(&text);
}

/* What the sources say stands together, by key; of those that say nothing, nothing. */
static void together(void **state)
{
    (void)state;
    reads(facts_capabilities, "{}");
    FOUND(0, "\x81\xa6system\x81\xa2os\xa5linux");
    FOUND(1, "\x80");
    FOUND(2, "\x82\xa5"
             "disks\x90\xa3gpu\x81\xa5"
             "count\x02");
    reads(facts_capabilities, "{\"disks\":[],\"gpu\":{\"count\":2},\"system\":{\"os\":\"linux\"}}");
}

/* Features and services are gathered from all, each once, by name. What is no word of a feature is left out. */
static void gathered(void **state)
{
    (void)state;
    FOUND(0, "\x81\xa8"
             "features\x92\xa3gpu\xa3"
             "amd");
    FOUND(1, "\x82\xa8"
             "features\x92\xa6"
             "docker\xa3gpu\xa8services\x91\xa6ollama");
    FOUND(2, "\x81\xa8"
             "features\x91\x01");
    reads(facts_capabilities, "{\"features\":[\"amd\",\"docker\",\"gpu\"],\"services\":[\"ollama\"]}");
}

/* Metrics of all sources stand together; they and what a source remembers are no capabilities. */
static void metrics(void **state)
{
    (void)state;
    reads(facts_metrics, "{}");
    FOUND(0, "\x82\xa6memory\x01\xa7metrics\x82\xa1\x61\x01\xa1\x63\x03");
    FOUND(1, "\x81\xa7metrics\x82\xa1\x62\x02\xa1\x63\x09");
    reads(facts_capabilities, "{}");
    reads(facts_metrics, "{\"a\":1,\"b\":2,\"c\":3}");
    test_bytes_equal(facts_memory(&facts, 0), nr_bytes("\x01", 1));
    assert_int_equal(facts_memory(&facts, 1).len, 0);
    assert_int_equal(facts_memory(&facts, 2).len, 0);
}

/* A source that fails keeps what it found for so many runs, and a run that finds something begins anew. */
static void failures(void **state)
{
    (void)state;
    FOUND(0, "\x81\xa1\x61\x01");
    for (int i = 0; i < FACTS_KEPT_RUNS; i++) facts_failed(&facts, 0, FACTS_KEPT_RUNS);
    reads(facts_capabilities, "{\"a\":1}");
    FOUND(0, "\x81\xa1\x61\x02");
    for (int i = 0; i < FACTS_KEPT_RUNS; i++) facts_failed(&facts, 0, FACTS_KEPT_RUNS);
    reads(facts_capabilities, "{\"a\":2}");
    facts_failed(&facts, 0, FACTS_KEPT_RUNS);
    reads(facts_capabilities, "{}");
    facts_failed(&facts, 0, FACTS_KEPT_RUNS);
    FOUND(1, "\x81\xa1\x61\x01");
    facts_failed(&facts, 1, 0);
    reads(facts_capabilities, "{}");
}

/* What is no fragment changes nothing. */
static void no_fragment(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = { { "", 0 }, { "\x90", 1 }, { "\x81\xa1\x61", 3 }, { "\x80\x80", 2 }, { "\x81\xa1\x61\xc4\x00", 5 } };
    FOUND(0, "\x81\xa1\x61\x01");
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_not_equal(facts_found(&facts, 0, nr_bytes(bad[i].bytes, bad[i].len)), 0);
    reads(facts_capabilities, "{\"a\":1}");
}

static void found_large(size_t source, const char *key, size_t len)
{
    static uint8_t room[NR_CAPABILITIES_MAX * 2], text[NR_CAPABILITIES_MAX];
    struct nr_writer w;
    memset(text, 'x', sizeof text);
    nr_writer_init(&w, room, sizeof room);
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, key);
    nr_mp_write_str(&w, nr_bytes(text, len));
    assert_int_equal(facts_found(&facts, source, nr_writer_bytes(&w)), 0);
}

/* What would be too large loses its largest parts, and only as many as it takes. */
static void too_large(void **state)
{
    (void)state;
    uint8_t room[NR_CAPABILITIES_MAX];
    struct nr_writer w;
    found_large(0, "a", NR_CAPABILITIES_MAX - 1000);
    found_large(1, "b", NR_CAPABILITIES_MAX - 900);
    FOUND(2, "\x81\xa1\x63\x01");
    nr_writer_init(&w, room, sizeof room);
    assert_int_equal(facts_capabilities(&facts, &w), 1);
    assert_int_equal(w.err, 0);
    assert_int_equal(nr_mp_check(nr_writer_bytes(&w), NR_REPORT_DEPTH_MAX, true), 0);
    assert_int_equal(room[0], 0x82);
    assert_memory_equal(room + 1, "\xa1\x61", 2);
    assert_in_range(nr_writer_len(&w), NR_CAPABILITIES_MAX - 1000, NR_CAPABILITIES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(together, setup, teardown),
        cmocka_unit_test_setup_teardown(gathered, setup, teardown),
        cmocka_unit_test_setup_teardown(metrics, setup, teardown),
        cmocka_unit_test_setup_teardown(failures, setup, teardown),
        cmocka_unit_test_setup_teardown(no_fragment, setup, teardown),
        cmocka_unit_test_setup_teardown(too_large, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
