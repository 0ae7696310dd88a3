#include <stdio.h>

#include "nodehttpd/convert.h"
#include "nodehttpd/fields.h"
#include "nodehttpd/registration.h"
#include "nr_test.h"
#include "proto/mp.h"

static json_t *parse(const char *text)
{
    char detail[256];
    int status;
    json_t *v = fields_parse(nr_bytes_str(text), detail, sizeof detail, &status);
    assert_non_null(v);
    return v;
}

static void converts(const char *json, const char *hex)
{
    uint8_t out[512], want[512];
    struct nr_writer w;
    json_t *v = parse(json);
    nr_writer_init(&w, out, sizeof out);
    assert_int_equal(convert_value(v, &w), 0);
    test_bytes_equal(nr_writer_bytes(&w), test_unhex(hex, want, sizeof want));
    assert_int_equal(nr_mp_check(nr_writer_bytes(&w), CONVERT_DEPTH, true), 0);
    json_decref(v);
}

/* JSON becomes the one canonical encoding: shortest integers, doubles, members in the order of their bytes, a shorter
 * key first. */
static void test_converts(void **state)
{
    (void)state;
    converts("{}", "80");
    converts("{\"b\":1,\"a\":-1,\"aa\":200,\"B\":null}", "84 a142 c0 a161 ff a26161 ccc8 a162 01");
    converts("[true,false,65536,-32769,\"\\u00e4\"]", "95 c3 c2 ce00010000 d2ffff7fff a2c3a4");
    converts("{\"x\":1.5,\"y\":1.0}", "82 a178 cb3ff8000000000000 a179 cb3ff0000000000000");
}

/* What does not fit is refused at the bound, not cut. */
static void test_too_large(void **state)
{
    json_t *v = parse("{\"a\":\"0123456789\",\"b\":[1,2,3]}");
    uint8_t out[64];
    struct nr_writer w;
    nr_writer_init(&w, out, sizeof out);
    assert_int_equal(convert_value(v, &w), 0);
    size_t len = nr_writer_len(&w);
    for (size_t size = 0; size < len; size++) {
        nr_writer_init(&w, out, size);
        assert_int_equal(convert_value(v, &w), NR_E_TOO_LARGE);
    }
    (void)state;
    json_decref(v);
}

static int convert_nested(int depth)
{
    char text[2 * NR_DEPTH_MAX + 8] = "";
    uint8_t out[256];
    struct nr_writer w;
    for (int i = 0; i < depth; i++) strcat(text, "[");
    for (int i = 0; i < depth; i++) strcat(text, "]");
    json_t *v = parse(text);
    nr_writer_init(&w, out, sizeof out);
    int err = convert_value(v, &w);
    json_decref(v);
    return err;
}

/* A value may nest as deep as a record allows around it, no deeper. */
static void test_depth(void **state)
{
    (void)state;
    assert_int_equal(convert_nested(CONVERT_DEPTH), 0);
    assert_int_equal(convert_nested(CONVERT_DEPTH + 1), NR_E_INVALID);
}

/* Not JSON is 400 and says where; a number beyond what can be held is 422. */
static void test_not_json(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *says;
    } bad[] = {
        { "", 400, "empty" },
        { "{\"a\":1", 400, "line 1, column" },
        { "{\"a\":1}\n x", 400, "line 2, column" },
        { "{\"a\":1}{}", 400, "end of file" },
        { "{\"a\":1,\"a\":2}", 400, "duplicate" },
        { "{\"a\":\"\xff\"}", 400, "unable to decode byte" },
        { "{\"a\":\"\xed\xa0\x80\"}", 400, "unable to decode byte" },
        { "{\"a\":\"\\ud800\"}", 400, "invalid Unicode" },
        { "{'a':1}", 400, "line 1" },
        { "{\"a\":01}", 400, "line 1" },
        { "{\"a\":NaN}", 400, "line 1" },
        { "{\"a\":1e999}", 422, "real number overflow" },
        { "{\"a\":9223372036854775808}", 422, "too big integer" },
    };
    char detail[320];
    int status;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_null(fields_parse(nr_bytes_str(bad[i].text), detail, sizeof detail, &status));
        assert_int_equal(status, bad[i].status);
        if (!strstr(detail, bad[i].says)) fail_msg("%s: %s", bad[i].text, detail);
    }
}

static struct registration g;
static struct faults f;

static json_t *reads(const char *text)
{
    json_t *v = parse(text);
    faults_init(&f);
    registration_read(v, &g, &f);
    return v;
}

/* The contract's own fields, with null as absent, unknown ones ignored and a label given twice counted once. */
static void test_registration(void **state)
{
    json_t *v = reads("{\"hostname\":\"h\",\"role\":\"r\",\"ip\":\"192.0.2.1\",\"node_id\":\"a.b_c-D1\",\"x\":[],"
                      "\"labels\":[\"b\",\"a\",\"b\"],\"metadata\":{\"z\":1,\"k\":2},\"node_type\":null}");
    uint8_t room[REGISTRATION_LABELS_MAX], want[64];
    (void)state;
    assert_int_equal(f.count, 0);
    test_text_equal(g.hostname, "h");
    test_text_equal(g.role, "r");
    test_text_equal(g.ip, "192.0.2.1");
    test_text_equal(g.node_id, "a.b_c-D1");
    test_bytes_equal(registration_labels(&g, room), test_unhex("92 a162 a161", want, sizeof want));
    test_bytes_equal(g.metadata, test_unhex("82 a16b 02 a17a 01", want, sizeof want));
    json_decref(v);
    faults_fini(&f);
    v = reads("{\"hostname\":\"h\",\"role\":\"r\",\"ip\":null,\"labels\":null,\"metadata\":null,\"node_id\":null}");
    assert_int_equal(f.count, 0);
    assert_int_equal(g.ip.len + g.node_id.len + g.metadata.len, 0);
    assert_false(g.has_labels);
    json_decref(v);
    faults_fini(&f);
}

/* The agent's fields: node_role and ip_address are role and ip, the others go into metadata, the role defaults to
 * worker. */
static void test_agent(void **state)
{
    json_t *v = reads(
        "{\"hostname\":\"h\",\"node_name\":\"n\",\"node_role\":\"ai\",\"node_type\":\"gpu\",\"ip_address\":null,"
        "\"local_ip\":\"10.0.0.2\",\"capabilities\":{\"gpu\":true},\"metadata\":{\"node_name\":\"old\",\"m\":1}}");
    uint8_t want[128];
    (void)state;
    assert_int_equal(f.count, 0);
    test_text_equal(g.role, "ai");
    assert_int_equal(g.ip.len, 0);
    test_bytes_equal(g.metadata,
                     test_unhex("85 ac6361706162696c6974696573 81 a3677075 c3 a86c6f63616c5f6970 a831302e302e302e32 "
                                "a16d 01 a96e6f64655f6e616d65 a16e a96e6f64655f74797065 a3677075",
                                want, sizeof want));
    json_decref(v);
    faults_fini(&f);
    v = reads("{\"hostname\":\"h\",\"node_name\":\"n\",\"node_role\":null,\"ip_address\":\"::1\"}");
    assert_int_equal(f.count, 0);
    test_text_equal(g.role, "worker");
    test_text_equal(g.ip, "::1");
    json_decref(v);
    faults_fini(&f);
    v = reads("{\"hostname\":\"h\",\"role\":\"a\",\"node_role\":\"b\"}");
    test_text_equal(g.role, "a");
    json_decref(v);
    faults_fini(&f);
}

/* Every fault is named at once, under the name that the client used. */
static void test_faults(void **state)
{
    static const char *const fields[] = { "hostname", "node_id",  "node_role", "ip_address",
                                          "labels",   "metadata", "node_type", "capabilities" };
    json_t *v = reads("{\"node_id\":\"a b\",\"node_role\":7,\"ip_address\":\"1.2.3\",\"labels\":[1],\"metadata\":[],"
                      "\"node_type\":{},\"capabilities\":\"x\"}");
    char want[48];
    (void)state;
    assert_int_equal(f.count, COUNT(fields));
    nr_buf_add(&f.errors, "", 1);
    for (size_t i = 0; i < COUNT(fields); i++) {
        snprintf(want, sizeof want, "{\"field\":\"%s\",", fields[i]);
        if (!strstr((const char *)f.errors.data, want)) fail_msg("%s is not named in %s", fields[i], f.errors.data);
    }
    json_decref(v);
    faults_fini(&f);
}

static size_t faults_with(const char *field, size_t len)
{
    json_t *v = json_pack("{s:s,s:s}", "hostname", "h", "role", "r");
    char *text = malloc(len + 1);
    memset(text, 'a', len);
    json_object_set_new(v, field, json_stringn(text, len));
    faults_init(&f);
    registration_read(v, &g, &f);
    size_t count = f.count;
    faults_fini(&f);
    json_decref(v);
    free(text);
    return count;
}

/* Lengths are met exactly. */
static void test_lengths(void **state)
{
    static const struct {
        const char *field;
        size_t max;
    } bounds[] = { { "hostname", 255 }, { "role", 100 }, { "node_id", 255 }, { "node_role", 100 } };
    (void)state;
    for (size_t i = 0; i < COUNT(bounds); i++) {
        assert_int_equal(faults_with(bounds[i].field, 0), 1);
        assert_int_equal(faults_with(bounds[i].field, 1), 0);
        assert_int_equal(faults_with(bounds[i].field, bounds[i].max), 0);
        assert_int_equal(faults_with(bounds[i].field, bounds[i].max + 1), 1);
    }
}

static size_t metadata_faults(size_t len)
{
    json_t *v = json_pack("{s:s,s:s,s:{}}", "hostname", "h", "role", "r", "metadata");
    char *text = malloc(len);
    memset(text, 'a', len);
    json_object_set_new(json_object_get(v, "metadata"), "k", json_stringn(text, len));
    faults_init(&f);
    registration_read(v, &g, &f);
    size_t count = f.count;
    faults_fini(&f);
    json_decref(v);
    free(text);
    return count;
}

/* Metadata may take 8 KiB as it is kept: map, key and the string's head are six bytes here. */
static void test_metadata_size(void **state)
{
    (void)state;
    assert_int_equal(metadata_faults(NR_METADATA_MAX - 6), 0);
    assert_int_equal(g.metadata.len, NR_METADATA_MAX);
    assert_int_equal(metadata_faults(NR_METADATA_MAX - 5), 1);
}

/* At most 64 labels, each of at most 100 bytes. */
static void test_label_bounds(void **state)
{
    struct nr_bytes labels[NR_LABELS_MAX];
    size_t count;
    json_t *v = json_object(), *list = json_array();
    (void)state;
    json_object_set_new(v, "labels", list);
    for (int i = 0; i < NR_LABELS_MAX; i++) json_array_append_new(list, json_sprintf("%0*d", i ? 3 : NR_LABEL_MAX, i));
    faults_init(&f);
    assert_true(field_labels(v, "labels", &f, labels, &count));
    assert_int_equal(count, NR_LABELS_MAX);
    json_array_append_new(list, json_string("one more"));
    assert_false(field_labels(v, "labels", &f, labels, &count));
    json_array_clear(list);
    json_array_append_new(list, json_sprintf("%0*d", NR_LABEL_MAX + 1, 0));
    assert_false(field_labels(v, "labels", &f, labels, &count));
    assert_int_equal(f.count, 2);
    faults_fini(&f);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_converts),     cmocka_unit_test(test_too_large),    cmocka_unit_test(test_depth),
        cmocka_unit_test(test_not_json),     cmocka_unit_test(test_registration), cmocka_unit_test(test_agent),
        cmocka_unit_test(test_faults),       cmocka_unit_test(test_lengths),      cmocka_unit_test(test_metadata_size),
        cmocka_unit_test(test_label_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
