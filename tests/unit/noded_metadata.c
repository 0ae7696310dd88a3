/* The metadata of a node's own record, and the pace at which the node says anew what it is. */
#include "noded/metadata.h"
#include "noded/pace.h"
#include "nr_test.h"
#include "proto/json_mp.h"
#include "proto/limits.h"
#include "tools/nodectl/jsonpack.h"

#include <stdio.h>

static struct nr_bytes pack(const char *json, uint8_t *out, size_t size)
{
    char fault[CTL_JSON_FAULT];
    struct nr_writer w;
    nr_writer_init(&w, out, size);
    if (ctl_json_pack(nr_bytes_str(json), 30, &w, fault) != 0) fail_msg("%s: %s", json, fault);
    return nr_writer_bytes(&w);
}

static struct nr_conf *conf_of(const char *metadata)
{
    char text[512];
    struct nr_conf *conf = NULL;
    struct nr_buf faults;
    nr_buf_init(&faults, 0);
    snprintf(text, sizeof text, "[node]\n%s\n", metadata);
    assert_int_equal(nr_conf_read_text(&conf, "c", nr_bytes_str(text), &faults), 0);
    return conf;
}

/* What is written with `room` bytes, as JSON. */
static void writes(const char *metadata, const struct metadata_facts *facts, size_t room, unsigned left_out,
                   const char *want)
{
    uint8_t out[NR_METADATA_MAX];
    struct nr_conf *conf = conf_of(metadata);
    struct nr_buf text;
    struct nr_json j;
    struct nr_reader r;
    struct nr_writer w;
    unsigned got_left_out;
    nr_writer_init(&w, out, room);
    assert_int_equal(metadata_write(conf, facts, &w, &got_left_out), 0);
    assert_int_equal(got_left_out, left_out);
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_reader_init(&r, nr_writer_bytes(&w));
    if (nr_writer_len(&w) > 0) nr_mp_to_json(&r, &j);
    assert_int_equal(nr_reader_end(&r), 0);
    test_text_equal(nr_buf_bytes(&text), want);
    nr_buf_fini(&text);
    nr_conf_free(conf);
}

/* The configuration's pairs and what was found stand side by side, in canonical order; what says nothing is absent. */
static void composition(void **state)
{
    (void)state;
    uint8_t a[256], b[256];
    struct nr_bytes capabilities = pack("{\"system\":{\"cpu_count\":2}}", a, sizeof a);
    struct nr_bytes modules = pack("{\"x\":[{\"id\":\"db\",\"status\":\"up\"}]}", b, sizeof b);
    modules = nr_bytes(modules.data + 3, modules.len - 3); /* the array in it */
    const struct metadata_facts none = { 0 }, both = { capabilities, modules };
    const struct metadata_facts empty = { nr_bytes("\x80", 1), nr_bytes("\x90", 1) };
    writes("", &none, 100, 0, "");
    writes("", &empty, 100, 0, "");
    writes("metadata = z=1, a=2, z=3", &none, 100, 0, "{\"a\":\"2\",\"z\":\"3\"}");
    writes("metadata = z=1", &both, 100, 0,
           "{\"capabilities\":{\"system\":{\"cpu_count\":2}},\"modules\":[{\"id\":\"db\",\"status\":\"up\"}],\"z\":"
           "\"1\"}");
}

/* A pair of the configuration wins over what was found under its name. */
static void pairs_win(void **state)
{
    (void)state;
    uint8_t a[256];
    const struct metadata_facts facts = { pack("{\"system\":{}}", a, sizeof a), nr_bytes("\x91\x01", 2) };
    writes("metadata = modules=mine, b=1", &facts, 100, 0,
           "{\"b\":\"1\",\"capabilities\":{\"system\":{}},\"modules\":\"mine\"}");
    writes("metadata = capabilities=none", &facts, 100, 0, "{\"capabilities\":\"none\",\"modules\":[1]}");
}

/* What does not fit is left out step by step in the stated order, never a pair of the configuration. */
static void steps(void **state)
{
    (void)state;
    uint8_t a[512];
    const struct metadata_facts facts = {
        pack("{\"disks\":[\"d\"],\"gpu\":{\"count\":1,\"devices\":[\"g\"]},\"ollama\":{\"available\":true,\"models\":["
             "\"m\"]},"
             "\"system\":{\"addresses\":[\"a\"],\"os\":\"o\"}}",
             a, sizeof a),
        nr_bytes("\x91\xa3mod", 5),
    };
    static const char *const want[] = {
        "{\"capabilities\":{\"disks\":[\"d\"],\"gpu\":{\"count\":1,\"devices\":[\"g\"]},\"ollama\":{\"available\":true,"
        "\"models\":[\"m\"]},\"system\":{\"addresses\":[\"a\"],\"os\":\"o\"}},\"k\":\"v\",\"modules\":[\"mod\"]}",
        "{\"capabilities\":{\"disks\":[\"d\"],\"gpu\":{\"count\":1,\"devices\":[\"g\"]},\"ollama\":{\"available\":true}"
        ","
        "\"system\":{\"addresses\":[\"a\"],\"os\":\"o\"}},\"k\":\"v\",\"modules\":[\"mod\"]}",
        "{\"capabilities\":{\"gpu\":{\"count\":1,\"devices\":[\"g\"]},\"ollama\":{\"available\":true},"
        "\"system\":{\"addresses\":[\"a\"],\"os\":\"o\"}},\"k\":\"v\",\"modules\":[\"mod\"]}",
        "{\"capabilities\":{\"gpu\":{\"count\":1},\"ollama\":{\"available\":true},"
        "\"system\":{\"addresses\":[\"a\"],\"os\":\"o\"}},\"k\":\"v\",\"modules\":[\"mod\"]}",
        "{\"capabilities\":{\"gpu\":{\"count\":1},\"ollama\":{\"available\":true},\"system\":{\"os\":\"o\"}},"
        "\"k\":\"v\",\"modules\":[\"mod\"]}",
        "{\"k\":\"v\",\"modules\":[\"mod\"]}",
        "{\"k\":\"v\"}",
    };
    size_t room = 200;
    for (unsigned step = 0; step < COUNT(want); step++) {
        uint8_t packed[256];
        size_t needs = pack(want[step], packed, sizeof packed).len;
        assert_true(needs <= room);
        writes("metadata = k=v", &facts, needs, step, want[step]);
        assert_true((step == 0) == (*metadata_left_out(step) == '\0'));
        room = needs - 1; /* the next step must be taken */
    }
    struct nr_conf *conf = conf_of("metadata = k=v");
    uint8_t out[4];
    struct nr_writer w;
    unsigned left_out;
    nr_writer_init(&w, out, sizeof out);
    assert_int_equal(metadata_write(conf, &facts, &w, &left_out), NR_E_INVALID);
    nr_conf_free(conf);
}

/* A GPU told in another form than ours is passed on as it is. */
static void other_forms(void **state)
{
    (void)state;
    uint8_t a[256];
    const struct metadata_facts facts = {
        pack("{\"disks\":1,\"gpu\":\"none\",\"ollama\":{\"models\":[\"a long name of a model\"]}}", a, sizeof a), { 0 }
    };
    writes("", &facts, 45, 1, "{\"capabilities\":{\"disks\":1,\"gpu\":\"none\",\"ollama\":{}}}");
    writes("", &facts, 32, 2, "{\"capabilities\":{\"gpu\":\"none\",\"ollama\":{}}}");
    writes("", &facts, 31, 5, "");
}

static struct nr_now at(int64_t ms)
{
    return (struct nr_now){ .mono_us = 1000000000 + ms * 1000 };
}

/* Plays changes every `step` ms for `length` and returns how many were said, each as soon as it may be. */
static int said_of(struct pace *p, int64_t step, int64_t length)
{
    int said = 0;
    int64_t due_us = INT64_MAX;
    for (int64_t ms = 0; ms < length; ms += step) {
        if (due_us == INT64_MAX) due_us = pace_due(p, at(ms));
        if (due_us > at(ms).mono_us) continue;
        pace_said(p, at(ms));
        said++;
        due_us = INT64_MAX;
    }
    return said;
}

/* The first two changes are said at once, one after more than 5 s too; one within them when they have passed. */
static void pace_first(void **state)
{
    (void)state;
    struct pace p = { 0 };
    assert_int_equal(pace_due(&p, at(0)), at(0).mono_us);
    pace_said(&p, at(-10));
    assert_int_equal(pace_due(&p, at(0)), at(0).mono_us);
    pace_said(&p, at(0));
    assert_int_equal(pace_due(&p, at(6000)), at(6000).mono_us);
    assert_int_equal(pace_due(&p, at(1000)), at(5000).mono_us);
}

/* What keeps changing is said at 0, 0.1, 5.1, 15.1, 35.1, 75.1 s and then once a minute, whether it waits for its turn
 * or comes just behind the pause; after a rest the pause is short again. */
static void pace_flapping(void **state)
{
    (void)state;
    struct pace fast = { 0 }, slow = { 0 };
    assert_int_equal(said_of(&fast, 100, 75000), 5);
    fast = (struct pace){ 0 };
    assert_int_equal(said_of(&fast, 100, 600000), 14);
    assert_true(said_of(&slow, 6000, 600000) <= 14);
    assert_int_equal(fast.pause_us, PACE_MAX_US);
    int64_t rested = fast.said_us + 2 * PACE_MAX_US;
    assert_int_equal(pace_due(&fast, (struct nr_now){ .mono_us = rested }), rested);
    pace_said(&fast, (struct nr_now){ .mono_us = rested });
    assert_int_equal(fast.pause_us, PACE_MIN_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(composition), cmocka_unit_test(pairs_win),  cmocka_unit_test(steps),
        cmocka_unit_test(other_forms), cmocka_unit_test(pace_first), cmocka_unit_test(pace_flapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
