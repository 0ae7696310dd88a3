#include "nr_test.h"
#include "probe/plan.h"
#include "proto/limits.h"
#include "proto/mp.h"

static uint8_t room[2 * NR_PLAN_FRAME_MAX];

static struct nr_bytes encode(const struct nr_plan *p)
{
    struct nr_writer w;
    nr_writer_init(&w, room, sizeof room);
    nr_plan_encode(&w, p);
    assert_int_equal(w.err, 0);
    assert_int_equal(nr_mp_check(nr_writer_bytes(&w), NR_DEPTH_MAX, true), 0);
    return nr_writer_bytes(&w);
}

static struct nr_check web(void)
{
    return (struct nr_check){ .id = nr_bytes_str("web"),
                              .kind = NR_CHECK_HTTP,
                              .target = nr_bytes_str("https://[::1]/health?x=1"),
                              .interval_ms = 30000,
                              .timeout_ms = 5000,
                              .port = 8443 };
}

static void same_check(const struct nr_check *a, const struct nr_check *b)
{
    test_bytes_equal(a->id, b->id);
    test_bytes_equal(a->target, b->target);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->interval_ms, b->interval_ms);
    assert_int_equal(a->timeout_ms, b->timeout_ms);
    assert_int_equal(a->port, b->port);
}

/* What was encoded is decoded as it was, whatever the kinds of its checks. */
static void round_trip(void **state)
{
    (void)state;
    static struct nr_plan p, back;
    p = (struct nr_plan){ .once = true,
                          .off = { [NR_SOURCE_GPU] = true, [NR_SOURCE_LOAD] = true },
                          .ollama = nr_bytes_str("http://127.0.0.1:11434"),
                          .load_ms = 10000,
                          .log_level = NR_LOG_DEBUG,
                          .log_format = NR_LOG_JSON,
                          .check_count = 3 };
    p.checks[0] = web();
    p.checks[1] = p.checks[0];
    p.checks[1].id = nr_bytes_str("db");
    p.checks[1].kind = NR_CHECK_TCP;
    p.checks[1].target = nr_bytes_str("localhost:5432");
    p.checks[2] = p.checks[0];
    p.checks[2].id = nr_bytes_str("disk");
    p.checks[2].kind = NR_CHECK_EXEC;
    p.checks[2].target = nr_bytes_str("/bin/sh -c 'exit 1'");
    p.checks[2].port = 0;
    assert_int_equal(nr_plan_decode(encode(&p), &back), 0);
    assert_true(back.once && back.off[NR_SOURCE_GPU] && back.off[NR_SOURCE_LOAD] && !back.off[NR_SOURCE_SYSTEM]);
    test_text_equal(back.ollama, "http://127.0.0.1:11434");
    assert_int_equal(back.load_ms, 10000);
    assert_int_equal(back.log_level, NR_LOG_DEBUG);
    assert_int_equal(back.log_format, NR_LOG_JSON);
    assert_int_equal(back.check_count, 3);
    for (size_t i = 0; i < 3; i++) same_check(&back.checks[i], &p.checks[i]);
}

/* The largest plan that the bounds allow fits into a frame; a check more is refused. */
static void largest(void **state)
{
    (void)state;
    static struct nr_plan p, back;
    static char target[NR_CHECK_TARGET_MAX], ids[NR_CHECKS_MAX][NR_CHECK_ID_MAX], url[NR_PLAN_URL_MAX];
    memset(target, 'x', sizeof target);
    memset(url, 'x', sizeof url);
    memset(ids, 'x', sizeof ids);
    p.ollama = nr_bytes(url, sizeof url);
    for (size_t i = 0; i < NR_CHECKS_MAX; i++) {
        ids[i][0] = (char)('A' + i % 26);
        ids[i][1] = (char)('A' + i / 26);
        p.checks[i] = web();
        p.checks[i].id = nr_bytes(ids[i], sizeof ids[i]);
        p.checks[i].kind = NR_CHECK_EXEC;
        p.checks[i].target = nr_bytes(target, sizeof target);
    }
    p.check_count = NR_CHECKS_MAX;
    assert_int_equal(nr_plan_decode(encode(&p), &back), 0);
    assert_int_equal(back.check_count, NR_CHECKS_MAX);

    struct nr_writer w;
    nr_writer_init(&w, room, sizeof room);
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, "checks");
    nr_mp_write_array(&w, NR_CHECKS_MAX + 1);
    for (size_t i = 0; i <= NR_CHECKS_MAX; i++) nr_mp_write_nil(&w);
    assert_int_equal(nr_plan_decode(nr_writer_bytes(&w), &back), NR_E_TOO_LARGE);
    memset(room, 0, sizeof room);
    assert_int_equal(nr_plan_decode(nr_bytes(room, NR_PLAN_FRAME_MAX + 1), &back), NR_E_TOO_LARGE);
}

/* What a plan leaves out has its plain meaning: nothing off, no checks, no load, lines of importance. */
static void empty(void **state)
{
    (void)state;
    struct nr_plan p;
    assert_int_equal(nr_plan_decode(nr_bytes("\x80", 1), &p), 0);
    assert_false(p.once);
    for (int s = 0; s < NR_SOURCE_COUNT; s++) assert_false(p.off[s]);
    assert_int_equal(p.load_ms + p.check_count + p.ollama.len, 0);
    assert_int_equal(p.log_level, NR_LOG_INFO);
}

static int decode_member(const char *key, void (*write)(struct nr_writer *w))
{
    struct nr_plan p;
    struct nr_writer w;
    nr_writer_init(&w, room, sizeof room);
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, key);
    write(&w);
    return nr_plan_decode(nr_writer_bytes(&w), &p);
}

static void write_text(struct nr_writer *w)
{
    nr_mp_write_cstr(w, "text");
}

static void write_long(struct nr_writer *w)
{
    nr_mp_write_uint(w, UINT64_C(1) << 40);
}

static void write_short(struct nr_writer *w)
{
    nr_mp_write_uint(w, 1);
}

static void write_words(struct nr_writer *w)
{
    nr_mp_write_array(w, 2);
    nr_mp_write_cstr(w, "gpu");
    nr_mp_write_cstr(w, "a source of a later version");
}

/* A member of another type or out of its bounds is refused; one that nobody knows is passed over. */
static void members(void **state)
{
    (void)state;
    static const char *const keys[] = { "checks", "load_ms", "log", "log_json", "off", "once" };
    for (size_t i = 0; i < COUNT(keys); i++) assert_int_equal(decode_member(keys[i], write_text), NR_E_INVALID);
    assert_int_equal(decode_member("ollama", write_long), NR_E_INVALID);
    assert_int_equal(decode_member("load_ms", write_long), NR_E_INVALID);
    assert_int_equal(decode_member("load_ms", write_short), NR_E_INVALID);
    assert_int_equal(decode_member("off", write_words), 0);
    assert_int_equal(decode_member("later", write_words), 0);
}

/* A plan is one canonical map. */
static void canonical(void **state)
{
    (void)state;
    struct nr_plan p;
    static const char *const bad[] = { "", "\x90", "\xc0", "\x80\x80", "\x81\xa1", "\x82\xa1z\x01\xa1\x61\x01" };
    for (size_t i = 0; i < COUNT(bad); i++) assert_int_not_equal(nr_plan_decode(nr_bytes_str(bad[i]), &p), 0);
}

static void refused(struct nr_check c)
{
    static struct nr_plan p, back;
    const char *why;
    assert_int_equal(nr_check_valid(&c, &why), NR_E_INVALID);
    assert_non_null(why);
    p = (struct nr_plan){ .check_count = 1, .checks = { c } };
    assert_int_equal(nr_plan_decode(encode(&p), &back), NR_E_INVALID);
    assert_int_equal(back.check_count, 0);
}
#define REFUSED(...)                                                                                                   \
    do {                                                                                                               \
        struct nr_check c = web();                                                                                     \
        __VA_ARGS__;                                                                                                   \
        refused(c);                                                                                                    \
    } while (0)

/* A check that does not hold to its bounds, or has a target that is not of its kind, is refused. */
static void bad_checks(void **state)
{
    (void)state;
    static char text[NR_CHECK_TARGET_MAX + 1];
    memset(text, 'a', sizeof text);
    REFUSED(c.id = nr_bytes_str(""));
    REFUSED(c.id = nr_bytes_str("a b"));
    REFUSED(c.id = nr_bytes(text, NR_CHECK_ID_MAX + 1));
    REFUSED(c.interval_ms = NR_CHECK_INTERVAL_MIN - 1);
    REFUSED(c.interval_ms = NR_CHECK_INTERVAL_MAX + 1);
    REFUSED(c.timeout_ms = NR_CHECK_TIMEOUT_MIN - 1);
    REFUSED(c.timeout_ms = NR_CHECK_TIMEOUT_MAX + 1);
    REFUSED(c.target = nr_bytes_str(""));
    REFUSED(c.target = nr_bytes_str("ftp://host/"));
    REFUSED(c.target = nr_bytes_str("http://host/a b"));
    REFUSED(c.kind = NR_CHECK_TCP);
    REFUSED(c.kind = NR_CHECK_TCP, c.target = nr_bytes_str("host:0"));
    REFUSED(c.kind = NR_CHECK_TCP, c.target = nr_bytes_str("host"));
    REFUSED(c.kind = NR_CHECK_EXEC, c.target = nr_bytes_str("a 'b"));
    REFUSED(c.kind = NR_CHECK_EXEC, c.target = nr_bytes_str("a\nb"));
    REFUSED(c.kind = NR_CHECK_EXEC, c.target = nr_bytes(text, sizeof text));
}

/* No two checks share an id, and a check has one target. */
static void one_each(void **state)
{
    (void)state;
    static struct nr_plan p, back;
    struct nr_writer w;
    p = (struct nr_plan){ .check_count = 2, .checks = { web(), web() } };
    assert_int_equal(nr_plan_decode(encode(&p), &back), NR_E_INVALID);
    for (uint32_t targets = 0; targets < 3; targets += 2) {
        nr_writer_init(&w, room, sizeof room);
        nr_mp_write_map(&w, 1);
        nr_mp_write_cstr(&w, "checks");
        nr_mp_write_array(&w, 1);
        nr_mp_write_map(&w, 3 + targets);
        if (targets > 0) {
            nr_mp_write_cstr(&w, "exec");
            nr_mp_write_cstr(&w, "/bin/true");
        }
        nr_mp_write_cstr(&w, "id");
        nr_mp_write_cstr(&w, "a");
        nr_mp_write_cstr(&w, "interval_ms");
        nr_mp_write_uint(&w, 1000);
        if (targets > 0) {
            nr_mp_write_cstr(&w, "tcp");
            nr_mp_write_cstr(&w, "host:1");
        }
        nr_mp_write_cstr(&w, "timeout_ms");
        nr_mp_write_uint(&w, 1000);
        assert_int_equal(w.err, 0);
        assert_int_equal(nr_plan_decode(nr_writer_bytes(&w), &back), NR_E_INVALID);
    }
}

/* The port that a check shows is that of its target. */
static void ports(void **state)
{
    (void)state;
    static const struct {
        enum nr_check_kind kind;
        const char *target;
        uint16_t port;
    } cases[] = {
        { NR_CHECK_HTTP, "http://h/", 80 },    { NR_CHECK_HTTP, "https://[::1]", 443 },
        { NR_CHECK_HTTP, "http://h:81/", 81 }, { NR_CHECK_TCP, "[::1]:22", 22 },
        { NR_CHECK_EXEC, "a h:22", 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct nr_check c = { .kind = cases[i].kind, .target = nr_bytes_str(cases[i].target) };
        assert_int_equal(nr_check_target_port(&c), cases[i].port);
    }
}

/* Sources have their words, both ways. */
static void source_words(void **state)
{
    (void)state;
    enum nr_source s;
    for (int i = 0; i < NR_SOURCE_COUNT; i++) {
        assert_true(nr_source_parse(nr_bytes_str(nr_source_name((enum nr_source)i)), &s));
        assert_int_equal(s, i);
    }
    assert_false(nr_source_parse(nr_bytes_str("all"), &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(largest),   cmocka_unit_test(empty),
        cmocka_unit_test(members),    cmocka_unit_test(canonical), cmocka_unit_test(bad_checks),
        cmocka_unit_test(one_each),   cmocka_unit_test(ports),     cmocka_unit_test(source_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
