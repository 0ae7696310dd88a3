#include "proto/body.h"

#include "nr_test.h"
#include "proto/mp.h"

static uint8_t memory[NR_RECORD_MAX];
static struct nr_writer w;

/* Starts a body of `pairs` members. */
static void begin(uint32_t pairs)
{
    nr_writer_init(&w, memory, sizeof memory);
    nr_mp_write_map(&w, pairs);
}

static void text_member(const char *key, size_t len)
{
    nr_mp_write_cstr(&w, key);
    char text[512];
    memset(text, 'a', sizeof text);
    nr_mp_write_str(&w, nr_bytes(text, len));
}

static void cstr_member(const char *key, const char *v)
{
    nr_mp_write_cstr(&w, key);
    nr_mp_write_cstr(&w, v);
}

static void uint_member(const char *key, uint64_t v)
{
    nr_mp_write_cstr(&w, key);
    nr_mp_write_uint(&w, v);
}

static void bool_member(const char *key, bool v)
{
    nr_mp_write_cstr(&w, key);
    nr_mp_write_bool(&w, v);
}

/* An object of exactly `size` bytes (at least 5) under `key`. */
static void object_member(const char *key, size_t size)
{
    size_t head = size - 3 < 34 ? 1 : size - 3 < 258 ? 2 : 3;
    char text[NR_RECORD_MAX];
    memset(text, 'v', sizeof text);
    nr_mp_write_cstr(&w, key);
    size_t at = nr_writer_len(&w);
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, "k");
    nr_mp_write_str(&w, nr_bytes(text, size - 3 - head));
    assert_int_equal(nr_writer_len(&w) - at, size);
}

static int node(struct nr_node_body *out)
{
    struct nr_node_body b;
    assert_int_equal(w.err, 0);
    assert_true(nr_mp_check(nr_writer_bytes(&w), NR_DEPTH_MAX, false) == 0);
    return nr_node_body_decode(nr_writer_bytes(&w), out ? out : &b);
}

static int heartbeat(void)
{
    struct nr_heartbeat_body b;
    return nr_heartbeat_body_decode(nr_writer_bytes(&w), &b);
}

static int profile(void)
{
    struct nr_profile_body b;
    return nr_profile_body_decode(nr_writer_bytes(&w), &b);
}

static struct nr_node_body full_node(void)
{
    struct nr_node_body b = {
        .self = true,
        .state = NR_STATE_DRAINING,
        .hostname = nr_bytes_str("h\xc3\xb4te"),
        .ip = nr_bytes_str("192.0.2.7"),
        .role = nr_bytes_str("worker"),
        .labels = { nr_bytes_str("z"), nr_bytes_str("a") },
        .label_count = 2,
        .metadata = nr_bytes("\x81\xa1k\x01", 4),
        .gossip_count = 2,
        .created_at_ms = 1,
        .updated_at_ms = NR_STAMP_MAX_MS,
    };
    assert_int_equal(nr_addr_parse(nr_bytes_str("192.0.2.7:9206"), &b.gossip[0]), 0);
    assert_int_equal(nr_addr_parse(nr_bytes_str("[2001:db8::7]:9206"), &b.gossip[1]), 0);
    return b;
}

/* A NODE with every member, there and back, in canonical form; labels keep the order given. */
static void node_round_trips(void **state)
{
    struct nr_node_body in = full_node(), out;
    (void)state;
    nr_writer_init(&w, memory, sizeof memory);
    nr_node_body_encode(&w, &in);
    assert_int_equal(node(&out), 0);
    assert_true(out.self && !out.deleted);
    assert_int_equal(out.state, NR_STATE_DRAINING);
    test_bytes_equal(out.hostname, in.hostname);
    test_bytes_equal(out.ip, in.ip);
    test_bytes_equal(out.role, in.role);
    assert_int_equal(out.label_count, 2);
    test_text_equal(out.labels[0], "z");
    test_text_equal(out.labels[1], "a");
    test_bytes_equal(out.metadata, in.metadata);
    assert_int_equal(out.gossip_count, 2);
    assert_true(nr_addr_eq(&out.gossip[0], &in.gossip[0]) && nr_addr_eq(&out.gossip[1], &in.gossip[1]));
    assert_true(out.created_at_ms == 1 && out.updated_at_ms == NR_STAMP_MAX_MS);
}

/* The least there is: hostname and role; what is absent reads as absent. */
static void smallest_node(void **state)
{
    struct nr_node_body out;
    (void)state;
    begin(2);
    cstr_member("hostname", "h");
    cstr_member("role", "r");
    assert_int_equal(node(&out), 0);
    assert_false(out.self || out.deleted);
    assert_int_equal(out.state, NR_STATE_ONLINE);
    assert_int_equal(out.ip.len + out.label_count + out.gossip_count + out.metadata.len, 0);
    assert_true(out.created_at_ms == 0 && out.updated_at_ms == 0);
}

/* Without hostname or role it is malformed, unless it says that the node is gone. */
static void node_needs_hostname_and_role(void **state)
{
    struct nr_node_body out;
    (void)state;
    begin(1);
    cstr_member("hostname", "h");
    assert_int_equal(node(&out), NR_E_INVALID);
    assert_int_equal(out.hostname.len, 0);
    begin(1);
    cstr_member("role", "h");
    assert_int_equal(node(NULL), NR_E_INVALID);
    begin(1);
    bool_member("deleted", true);
    assert_int_equal(node(&out), 0);
    assert_true(out.deleted);
}

/* `deleted` and `self` are true or absent. */
static void flags_are_true(void **state)
{
    (void)state;
    begin(1);
    bool_member("deleted", false);
    assert_int_equal(node(NULL), NR_E_INVALID);
    begin(2);
    bool_member("deleted", true);
    bool_member("self", false);
    assert_int_equal(node(NULL), NR_E_INVALID);
    begin(1);
    bool_member("deleted", false);
    assert_int_equal(profile(), NR_E_INVALID);
    begin(1);
    uint_member("deleted", 1);
    assert_int_equal(node(NULL), NR_E_INVALID);
}

/* Texts: n bytes are taken, n + 1 are too many, none is none. */
static void texts_have_limits(void **state)
{
    static const struct {
        const char *key;
        size_t most;
    } texts[] = { { "hostname", 255 }, { "role", 100 } };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t len = 0; len <= texts[i].most + 1; len += len == 0 ? texts[i].most : 1) {
            begin(2);
            bool_member("deleted", true);
            text_member(texts[i].key, len);
            int want = len == 0 ? NR_E_INVALID : len > texts[i].most ? NR_E_TOO_LARGE : 0;
            assert_int_equal(node(NULL), want);
        }
}

/* No control characters in texts. */
static void texts_are_clean(void **state)
{
    static const char *const keys[] = { "hostname", "ip", "role", "state" };
    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        begin(2);
        bool_member("deleted", true);
        cstr_member(keys[i], "a\x1b[0m");
        assert_int_equal(node(NULL), NR_E_INVALID);
    }
}

static int node_with_labels(uint32_t count, size_t len, bool twice)
{
    char text[128];
    memset(text, 'a', sizeof text);
    begin(2);
    bool_member("deleted", true);
    nr_mp_write_cstr(&w, "labels");
    nr_mp_write_array(&w, count);
    for (uint32_t i = 0; i < count; i++) {
        text[0] = (char)('A' + i % 8);
        if (len > 1) text[1] = (char)('A' + (twice ? 0 : i / 8));
        nr_mp_write_str(&w, nr_bytes(text, len));
    }
    return node(NULL);
}

/* 64 labels of 100 bytes; no more, no longer, none twice, none empty. */
static void labels_have_limits(void **state)
{
    (void)state;
    assert_int_equal(node_with_labels(0, 1, false), 0);
    assert_int_equal(node_with_labels(64, 100, false), 0);
    assert_int_equal(node_with_labels(65, 100, false), NR_E_TOO_LARGE);
    assert_int_equal(node_with_labels(1, 101, false), NR_E_TOO_LARGE);
    assert_int_equal(node_with_labels(8, 2, true), 0);
    assert_int_equal(node_with_labels(9, 2, true), NR_E_INVALID);
    assert_int_equal(node_with_labels(1, 0, false), NR_E_INVALID);
}

static int node_with_gossip(uint32_t count, const char *text, bool self)
{
    begin(2 + (self ? 1 : 0));
    bool_member("deleted", true);
    nr_mp_write_cstr(&w, "gossip");
    nr_mp_write_array(&w, count);
    for (uint32_t i = 0; i < count; i++) nr_mp_write_cstr(&w, text);
    if (self) bool_member("self", true);
    return node(NULL);
}

/* At most 8 addresses in numbers with a port, and only of the node itself. */
static void gossip_has_limits(void **state)
{
    (void)state;
    assert_int_equal(node_with_gossip(8, "[2001:db8::1]:1", true), 0);
    assert_int_equal(node_with_gossip(9, "192.0.2.1:1", true), NR_E_TOO_LARGE);
    assert_int_equal(node_with_gossip(1, "192.0.2.1:1", false), NR_E_INVALID);
    assert_int_equal(node_with_gossip(0, "", false), 0);
    assert_int_equal(node_with_gossip(1, "host:1", true), NR_E_INVALID);
    assert_int_equal(node_with_gossip(1, "192.0.2.1", true), NR_E_INVALID);
    assert_int_equal(node_with_gossip(1, "", true), NR_E_INVALID);
    assert_int_equal(node_with_gossip(1, "192.0.2.1:1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true),
                     NR_E_TOO_LARGE);
}

/* ip is an address. */
static void ip_is_an_address(void **state)
{
    static const char *const bad[] = { "",          "host",  "1.2.3",
                                       "1.2.3.4:5", "[::1]", "1111:2222:3333:4444:5555:6666:7777:8888:9999:a" };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        begin(2);
        bool_member("deleted", true);
        cstr_member("ip", bad[i]);
        assert_true(node(NULL) < 0);
    }
    begin(2);
    bool_member("deleted", true);
    cstr_member("ip", "2001:db8::7");
    assert_int_equal(node(NULL), 0);
}

/* Objects: as many bytes as A.4 says, of what JSON can say. */
static void objects_have_limits(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        int want = over ? NR_E_TOO_LARGE : 0;
        begin(2);
        bool_member("deleted", true);
        object_member("metadata", NR_METADATA_MAX + over);
        assert_int_equal(node(NULL), want);
        begin(1);
        object_member("metrics", NR_METRICS_MAX + over);
        assert_int_equal(heartbeat(), want);
        begin(1);
        object_member("config", NR_CONFIG_MAX + over);
        assert_int_equal(profile(), want);
    }
}

/* An object is a map, and no bin is in it. */
static void objects_are_json(void **state)
{
    (void)state;
    begin(1);
    nr_mp_write_cstr(&w, "config");
    nr_mp_write_array(&w, 0);
    assert_int_equal(profile(), NR_E_INVALID);
    begin(1);
    nr_mp_write_cstr(&w, "config");
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, "k");
    nr_mp_write_bin(&w, nr_bytes("x", 1));
    assert_int_equal(profile(), NR_E_INVALID);
    begin(1);
    nr_mp_write_cstr(&w, "config");
    nr_mp_write_map(&w, 0);
    assert_int_equal(profile(), 0);
}

/* Times end where stamps do. */
static void times_have_limits(void **state)
{
    static const char *const keys[] = { "created_at", "updated_at" };
    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++)
        for (uint64_t over = 0; over < 2; over++) {
            begin(2);
            if (i == 0) uint_member(keys[i], (uint64_t)NR_STAMP_MAX_MS + over);
            bool_member("deleted", true);
            if (i == 1) uint_member(keys[i], (uint64_t)NR_STAMP_MAX_MS + over);
            assert_int_equal(node(NULL), over ? NR_E_INVALID : 0);
            assert_int_equal(profile(), over ? NR_E_INVALID : 0);
        }
}

/* The words of a declared state, in a NODE as in a HEARTBEAT, and no other; who beats is not offline. */
static void states_are_words(void **state)
{
    (void)state;
    for (int s = 0; s < NR_STATE_COUNT; s++) {
        enum nr_state back;
        const char *name = nr_state_name((enum nr_state)s);
        assert_true(nr_state_parse(nr_bytes_str(name), &back));
        assert_int_equal(back, s);
        begin(2);
        bool_member("deleted", true);
        cstr_member("state", name);
        assert_int_equal(node(NULL), 0);
        begin(1);
        cstr_member("status", name);
        assert_int_equal(heartbeat(), s == NR_STATE_OFFLINE ? NR_E_INVALID : 0);
    }
    begin(2);
    bool_member("deleted", true);
    cstr_member("state", "Online");
    assert_int_equal(node(NULL), NR_E_INVALID);
    assert_string_equal(nr_state_name((enum nr_state)99), "unknown");
}

/* A HEARTBEAT there and back; an empty one says nothing and is good. */
static void heartbeat_round_trips(void **state)
{
    struct nr_heartbeat_body in = { .has_status = true,
                                    .status = NR_STATE_DEGRADED,
                                    .metrics = nr_bytes("\x81\xa1k\xc3", 4),
                                    .interval_ms = 10000 },
                             out;
    (void)state;
    nr_writer_init(&w, memory, sizeof memory);
    nr_heartbeat_body_encode(&w, &in);
    assert_int_equal(nr_mp_check(nr_writer_bytes(&w), 3, true), 0);
    assert_int_equal(nr_heartbeat_body_decode(nr_writer_bytes(&w), &out), 0);
    assert_true(out.has_status && out.status == NR_STATE_DEGRADED && out.interval_ms == 10000);
    test_bytes_equal(out.metrics, in.metrics);
    begin(0);
    assert_int_equal(nr_heartbeat_body_decode(nr_writer_bytes(&w), &out), 0);
    assert_true(!out.has_status && out.interval_ms == 0 && out.metrics.len == 0);
}

/* Intervals from a second to an hour. */
static void intervals_have_limits(void **state)
{
    static const struct {
        uint64_t v;
        int rc;
    } cases[] = { { 999, NR_E_INVALID },
                  { 1000, 0 },
                  { 3600000, 0 },
                  { 3600001, NR_E_INVALID },
                  { (UINT64_C(1) << 32) + 5000, NR_E_INVALID },
                  { 0, NR_E_INVALID } };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin(1);
        uint_member("interval", cases[i].v);
        assert_int_equal(heartbeat(), cases[i].rc);
    }
}

/* A PROFILE there and back; without a config it is malformed, unless deleted. */
static void profile_round_trips(void **state)
{
    struct nr_profile_body in = { .config = nr_bytes("\x80", 1), .created_at_ms = 5, .updated_at_ms = 6 }, out;
    (void)state;
    nr_writer_init(&w, memory, sizeof memory);
    nr_profile_body_encode(&w, &in);
    assert_int_equal(nr_mp_check(nr_writer_bytes(&w), 3, true), 0);
    assert_int_equal(nr_profile_body_decode(nr_writer_bytes(&w), &out), 0);
    assert_true(out.created_at_ms == 5 && out.updated_at_ms == 6 && !out.deleted && out.config.len == 1);
    in = (struct nr_profile_body){ .deleted = true };
    nr_writer_init(&w, memory, sizeof memory);
    nr_profile_body_encode(&w, &in);
    assert_int_equal(nr_profile_body_decode(nr_writer_bytes(&w), &out), 0);
    assert_true(out.deleted);
    begin(0);
    assert_int_equal(profile(), NR_E_INVALID);
}

/* Members that nobody here knows are stepped over, whatever they hold. */
static void unknown_members_are_ignored(void **state)
{
    struct nr_node_body out;
    (void)state;
    begin(4);
    nr_mp_write_cstr(&w, "gpu");
    nr_mp_write_array(&w, 2);
    nr_mp_write_bin(&w, nr_bytes("x", 1));
    nr_mp_write_map(&w, 0);
    cstr_member("hostname", "h");
    cstr_member("role", "r");
    nr_mp_write_cstr(&w, "zone");
    nr_mp_write_nil(&w);
    assert_int_equal(node(&out), 0);
    test_text_equal(out.role, "r");
}

/* A known member of any other type makes the record malformed. */
static void other_types_are_refused(void **state)
{
    static const char *const keys[] = { "created_at", "deleted", "gossip", "hostname", "ip",        "labels",
                                        "metadata",   "role",    "self",   "state",    "updated_at" };
    static const uint8_t values[] = { 0xc0, 0xff, 0x80, 0x90, 0x05, 0xc3 };
    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++)
        for (size_t k = 0; k < COUNT(values); k++) {
            bool right = (values[k] == 0x80 && i == 6) || (values[k] == 0x90 && (i == 2 || i == 5)) ||
                         (values[k] == 0x05 && (i == 0 || i == 10)) || (values[k] == 0xc3 && (i == 1 || i == 8));
            struct nr_node_body b;
            nr_writer_init(&w, memory, sizeof memory);
            nr_mp_write_map(&w, i == 1 ? 1 : 2);
            if (i != 1) bool_member("deleted", true);
            nr_mp_write_cstr(&w, keys[i]);
            nr_write_u8(&w, values[k]);
            assert_int_equal(nr_node_body_decode(nr_writer_bytes(&w), &b), right ? 0 : NR_E_INVALID);
        }
}

/* Cut at any byte, a body is refused. */
static void every_cut_is_refused(void **state)
{
    struct nr_node_body in = full_node(), out;
    (void)state;
    nr_writer_init(&w, memory, sizeof memory);
    nr_node_body_encode(&w, &in);
    for (size_t n = 0; n < nr_writer_len(&w); n++) assert_true(nr_node_body_decode(nr_bytes(memory, n), &out) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_round_trips),
        cmocka_unit_test(smallest_node),
        cmocka_unit_test(node_needs_hostname_and_role),
        cmocka_unit_test(flags_are_true),
        cmocka_unit_test(texts_have_limits),
        cmocka_unit_test(texts_are_clean),
        cmocka_unit_test(labels_have_limits),
        cmocka_unit_test(gossip_has_limits),
        cmocka_unit_test(ip_is_an_address),
        cmocka_unit_test(objects_have_limits),
        cmocka_unit_test(objects_are_json),
        cmocka_unit_test(times_have_limits),
        cmocka_unit_test(states_are_words),
        cmocka_unit_test(heartbeat_round_trips),
        cmocka_unit_test(intervals_have_limits),
        cmocka_unit_test(profile_round_trips),
        cmocka_unit_test(unknown_members_are_ignored),
        cmocka_unit_test(other_types_are_refused),
        cmocka_unit_test(every_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
