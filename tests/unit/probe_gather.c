#include "nodeprobe/gather.h"

#include <fcntl.h>

#include "io/clock.h"
#include "nr_test.h"
#include "probe/report.h"
#include "proto/mp.h"

#define PATIENCE_US 20000000

static struct nr_loop *loop;
static struct task_pool *pool;
static struct facts facts;
static struct nr_plan plan;
static struct nr_rng rng;
static struct gather *gather;
static int looked, measured;
static char switch_path[] = "/tmp/nr-gather-XXXXXX";

static int setup(void **state)
{
    (void)state;
    loop = nr_loop_new();
    pool = task_pool_new(loop, 4);
    facts_init(&facts);
    nr_rng_init(&rng, 1);
    plan = (struct nr_plan){ .load_ms = 250 };
    gather = NULL;
    looked = measured = 0;
    return loop && pool ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    gather_free(gather);
    task_pool_free(pool);
    facts_fini(&facts);
    nr_loop_free(loop);
    return 0;
}

static void on_looked(void *arg, bool load)
{
    (void)arg;
    looked++;
    measured += load;
}

static void begin(const struct source *const *sources)
{
    const struct gather_options options = { .loop = loop,
                                            .pool = pool,
                                            .facts = &facts,
                                            .rng = &rng,
                                            .sources = sources,
                                            .env = { .root = "", .ollama = "http://o", .docker = "", .nvidia = "" },
                                            .plan = &plan,
                                            .looked = on_looked };
    gather_free(gather);
    gather = gather_new(&options);
    assert_non_null(gather);
}

static void run_until(bool (*holds)(void))
{
    for (int64_t end_us = nr_clock_now().mono_us + PATIENCE_US; !holds();) {
        assert_true(nr_clock_now().mono_us < end_us);
        struct nr_timer *tick = nr_timer_new(loop, (nr_timer_fn *)nr_loop_stop, loop);
        nr_timer_in(tick, 5);
        assert_int_equal(nr_loop_run(loop), 0);
        nr_timer_free(tick);
    }
}

static bool complete(void)
{
    return gather_complete(gather);
}

static void capabilities(const char *bytes, size_t len)
{
    uint8_t room[NR_CAPABILITIES_MAX];
    struct nr_writer w;
    nr_writer_init(&w, room, sizeof room);
    assert_int_equal(facts_capabilities(&facts, &w), 0);
    test_bytes_equal(nr_writer_bytes(&w), nr_bytes(bytes, len));
}
#define CAPABILITIES(text) capabilities(text, sizeof(text) - 1)

static int say_a(const struct source_env *env, struct nr_writer *out)
{
    (void)env;
    nr_mp_write_map(out, 1);
    nr_mp_write_cstr(out, "a");
    nr_mp_write_uint(out, 1);
    return 0;
}

static int find_nothing(const struct source_env *env, struct nr_writer *out)
{
    (void)env;
    (void)out;
    return NR_E_NOT_FOUND;
}

static int hang(const struct source_env *env, struct nr_writer *out)
{
    (void)env;
    (void)out;
    for (;;) pause();
    return 0;
}

static int say_url(const struct source_env *env, struct nr_writer *out)
{
    nr_mp_write_map(out, 1);
    nr_mp_write_cstr(out, "z");
    nr_mp_write_cstr(out, env->ollama);
    return 0;
}

static const struct source facts_source = {
    .name = "a", .needs = SOURCE_NEEDS(NR_SOURCE_SYSTEM), .interval_ms = 300000, .deadline_ms = 10000, .run = say_a
};
static const struct source absent_source = { .name = "none",
                                             .needs = SOURCE_NEEDS(NR_SOURCE_DOCKER),
                                             .interval_ms = 300000,
                                             .deadline_ms = 10000,
                                             .run = find_nothing,
                                             .absent = SOURCE_SAYS("\x81\xa1n\xc2") };
static const struct source hanging_source = {
    .name = "hangs", .needs = SOURCE_NEEDS(NR_SOURCE_GPU), .interval_ms = 300000, .deadline_ms = 300, .run = hang
};
static const struct source url_source = {
    .name = "url", .needs = SOURCE_NEEDS(NR_SOURCE_OLLAMA), .interval_ms = 300000, .deadline_ms = 10000, .run = say_url
};

/* Each source runs at once, with its surroundings; one that hangs is given up, one that finds nothing says
 * what it says then. */
static void first_run(void **state)
{
    (void)state;
    begin((const struct source *const[]){ &facts_source, &hanging_source, &absent_source, &url_source, NULL });
    assert_false(complete());
    run_until(complete);
    assert_int_equal(looked, 4);
    assert_int_equal(measured, 0);
    CAPABILITIES("\x83\xa1\x61\x01\xa1n\xc2\xa1z\xa8http://o");
}

/* A source of which something is off does not run, and what it said is forgotten; what others said stays. */
static void switched_off(void **state)
{
    (void)state;
    static const struct source *const sources[] = { &facts_source, &url_source, NULL };
    static const struct source both = { .name = "both",
                                        .needs = SOURCE_NEEDS(NR_SOURCE_OLLAMA) | SOURCE_NEEDS(NR_SOURCE_SYSTEM),
                                        .interval_ms = 300000,
                                        .deadline_ms = 10000,
                                        .run = say_a };
    begin(sources);
    run_until(complete);
    plan.off[NR_SOURCE_OLLAMA] = true;
    begin(sources);
    CAPABILITIES("\x81\xa1\x61\x01");
    run_until(complete);
    CAPABILITIES("\x81\xa1\x61\x01");
    looked = 0;
    begin((const struct source *const[]){ &both, NULL });
    assert_true(complete());
    CAPABILITIES("\x80");
}

/* Counts its runs by what it remembers. */
static int count(const struct source_env *env, struct nr_writer *out)
{
    struct nr_reader r;
    uint64_t n = 0;
    nr_reader_init(&r, env->last);
    if (env->last.len > 0) n = nr_mp_read_uint(&r);
    nr_mp_write_map(out, 2);
    nr_mp_write_cstr(out, "memory");
    nr_mp_write_uint(out, n + 1);
    nr_mp_write_cstr(out, "metrics");
    nr_mp_write_map(out, 1);
    nr_mp_write_cstr(out, "n");
    nr_mp_write_uint(out, n + 1);
    return r.err;
}

static bool three_measured(void)
{
    return measured == 3;
}

/* Load is measured again and again, with what was remembered, and told each time. */
static void load(void **state)
{
    (void)state;
    static const struct source source = {
        .name = "load", .needs = SOURCE_NEEDS(NR_SOURCE_LOAD), .interval_ms = 0, .deadline_ms = 10000, .run = count
    };
    uint8_t room[NR_REPORT_METRICS_MAX];
    struct nr_writer w;
    begin((const struct source *const[]){ &source, NULL });
    int64_t begun_us = nr_clock_now().mono_us;
    run_until(three_measured);
    assert_in_range(nr_clock_now().mono_us - begun_us, 2 * 230000, PATIENCE_US);
    nr_writer_init(&w, room, sizeof room);
    assert_int_equal(facts_metrics(&facts, &w), 0);
    test_bytes_equal(nr_writer_bytes(&w), nr_bytes("\x81\xa1n\x03", 4));
}

/* Where load is never measured, a source of load does not run. */
static void no_load(void **state)
{
    (void)state;
    static const struct source source = {
        .name = "load", .needs = SOURCE_NEEDS(NR_SOURCE_LOAD), .interval_ms = 0, .deadline_ms = 10000, .run = count
    };
    plan.load_ms = 0;
    begin((const struct source *const[]){ &source, NULL });
    assert_true(complete());
    plan.once = true;
    begin((const struct source *const[]){ &source, NULL });
    assert_false(complete());
    run_until(complete);
    assert_int_equal(measured, 1);
}

/* Says what it is while a file is there, and fails without. */
static int say_a_for_a_while(const struct source_env *env, struct nr_writer *out)
{
    return access(switch_path, F_OK) == 0 ? say_a(env, out) : NR_E_IO;
}

static int runs_wanted;

static bool looked_enough(void)
{
    return looked >= runs_wanted;
}

static void run_times(int times)
{
    runs_wanted = looked + times;
    run_until(looked_enough);
}

/* One that was there and fails keeps what it said for some runs; then it is left out, until it works again. */
static void fails_later(void **state)
{
    (void)state;
    static const struct source source = { .name = "flaky",
                                          .needs = SOURCE_NEEDS(NR_SOURCE_DISKS),
                                          .interval_ms = 100,
                                          .deadline_ms = 10000,
                                          .run = say_a_for_a_while };
    int fd = mkstemp(switch_path);
    assert_true(fd >= 0);
    close(fd);
    begin((const struct source *const[]){ &source, NULL });
    run_times(1);
    CAPABILITIES("\x81\xa1\x61\x01");
    unlink(switch_path);
    run_times(1); /* one may have been on its way */
    looked = 0;
    run_times(FACTS_KEPT_RUNS - 1);
    CAPABILITIES("\x81\xa1\x61\x01");
    run_times(2);
    CAPABILITIES("\x80");
    fd = open(switch_path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    run_times(2);
    CAPABILITIES("\x81\xa1\x61\x01");
    unlink(switch_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_run, setup, teardown),
        cmocka_unit_test_setup_teardown(switched_off, setup, teardown),
        cmocka_unit_test_setup_teardown(load, setup, teardown),
        cmocka_unit_test_setup_teardown(no_load, setup, teardown),
        cmocka_unit_test_setup_teardown(fails_later, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
