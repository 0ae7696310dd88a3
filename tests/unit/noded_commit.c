/* When the store commits, and what those are told who wait for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "io/clock.h"
#include "noded/commit.h"

/* The registry's disk takes so long for each commit (linked with --wrap). */
static int64_t disk_us;
int __real_nr_store_commit(struct nr_store *s);
int __wrap_nr_store_commit(struct nr_store *s);

int __wrap_nr_store_commit(struct nr_store *s)
{
    for (int64_t until = nr_clock_now().mono_us + disk_us; nr_clock_now().mono_us < until;) continue;
    return __real_nr_store_commit(s);
}

struct fixture {
    struct nr_loop *loop;
    struct nr_blob_pool *pool;
    struct nr_memdisk *disk;
    struct nr_store *store;
    struct commit *commit;
    struct nr_timer *limit, *timer;
    int answers, errs[8];
    uint64_t last_request;
    int stop_at;
};

static void done(void *arg, const struct commit_waiter *waiter, int err)
{
    struct fixture *f = arg;
    assert_true(f->answers < 8);
    assert_false(nr_store_dirty(f->store) && !err);
    assert_int_equal(waiter->reply.len, 3);
    f->errs[f->answers++] = err;
    f->last_request = waiter->request;
    if (f->answers == f->stop_at) nr_loop_stop(f->loop);
}

static void give_up(void *arg)
{
    (void)arg;
    fail_msg("took too long");
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(nr_crypto_init(), 0);
    f->loop = nr_loop_new();
    f->pool = nr_blob_pool_new();
    f->disk = nr_memdisk_new(f->pool);
    assert_int_equal(nr_store_open_memory(&f->store, f->disk, false, &(struct nr_store_options){ 0 }), 0);
    f->commit = commit_new(f->loop, f->store, done, f);
    assert_non_null(f->commit);
    f->limit = nr_timer_new(f->loop, give_up, f);
    nr_timer_in(f->limit, 20000);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    commit_free(f->commit);
    nr_timer_free(f->limit);
    nr_timer_free(f->timer);
    nr_store_close(f->store);
    nr_memdisk_free(f->disk);
    nr_blob_pool_free(f->pool);
    nr_loop_free(f->loop);
    free(f);
    return 0;
}

static void stage(struct fixture *f)
{
    static uint8_t n;
    uint8_t value = n++;
    assert_int_equal(nr_store_meta_put(f->store, "x", nr_bytes(&value, 1)), 0);
    assert_true(nr_store_dirty(f->store));
}

static struct commit_waiter waiter(uint64_t request)
{
    struct commit_waiter w = { .request = request };
    nr_buf_init(&w.reply, 0);
    nr_buf_add(&w.reply, "yes", 3);
    return w;
}

static void wait_for(struct fixture *f, uint64_t request)
{
    struct commit_waiter w = waiter(request);
    stage(f);
    assert_int_equal(commit_wait(f->commit, &w), 0);
}

static uint64_t commits(const struct fixture *f)
{
    struct nr_store_info info;
    nr_store_info(f->store, &info);
    return info.commits;
}

/* Many who wait in the same turn of the loop share one commit, and are answered in their order behind it. */
static void shared(void **state)
{
    struct fixture *f = *state;
    uint64_t before = commits(f);
    for (uint64_t i = 1; i <= 5; i++) wait_for(f, i);
    assert_int_equal(f->answers, 0);
    f->stop_at = 5;
    assert_int_equal(nr_loop_run(f->loop), 0);
    assert_int_equal(commits(f), before + 1);
    assert_int_equal(f->last_request, 5);
    for (int i = 0; i < 5; i++) assert_int_equal(f->errs[i], 0);
}

/* A commit that fails is what those are told who waited for it; it is tried again by itself, without anybody asking. */
static void failed(void **state)
{
    struct fixture *f = *state;
    wait_for(f, 1);
    nr_memdisk_fail(f->disk, NR_E_FULL, 0);
    f->stop_at = 1;
    assert_int_equal(nr_loop_run(f->loop), 0);
    assert_int_equal(f->errs[0], NR_E_FULL);
    assert_true(nr_store_dirty(f->store));
    struct commit_waiter w = waiter(2);
    assert_int_equal(commit_wait(f->commit, &w), 0); /* stages nothing of its own */
    f->stop_at = 2;
    assert_int_equal(nr_loop_run(f->loop), 0);
    assert_int_equal(f->errs[1], 0);
    assert_false(nr_store_dirty(f->store));
}

static void look(void *arg)
{
    struct fixture *f = arg;
    if (nr_store_dirty(f->store)) {
        nr_timer_in(f->timer, 5);
    } else {
        nr_loop_stop(f->loop);
    }
}

/* What nobody waits for is committed all the same, also after a failure. */
static void without_waiters(void **state)
{
    struct fixture *f = *state;
    f->timer = nr_timer_new(f->loop, look, f);
    stage(f);
    commit_note(f->commit);
    nr_timer_in(f->timer, 1);
    assert_int_equal(nr_loop_run(f->loop), 0);
    stage(f);
    nr_memdisk_fail(f->disk, NR_E_IO, 0);
    commit_note(f->commit);
    nr_timer_in(f->timer, 1);
    assert_int_equal(nr_loop_run(f->loop), 0);
    assert_int_equal(f->answers, 0);
}

#define FLOOD_MS 600

struct flood {
    struct fixture *f;
    int64_t lasts_ms;
    int64_t began_us, last_us;
    uint64_t stalls; /* of this machine, as long as a rest */
};

static void stage_more(void *arg)
{
    struct flood *flood = arg;
    int64_t now_us = nr_clock_now().mono_us;
    flood->stalls += now_us - flood->last_us > 40000;
    flood->last_us = now_us;
    if (now_us - flood->began_us > flood->lasts_ms * 1000) {
        nr_loop_stop(flood->f->loop);
        return;
    }
    stage(flood->f);
    commit_note(flood->f->commit);
    nr_timer_in(flood->f->timer, 2);
}

static struct flood flood_for(struct fixture *f, int64_t ms)
{
    int64_t now_us = nr_clock_now().mono_us;
    struct flood flood = { .f = f, .lasts_ms = ms, .began_us = now_us, .last_us = now_us };
    f->timer = nr_timer_new(f->loop, stage_more, &flood);
    stage_more(&flood);
    assert_int_equal(nr_loop_run(f->loop), 0);
    nr_timer_free(f->timer);
    f->timer = NULL;
    return flood;
}

/* What comes without a pause is committed the more seldom the longer it lasts, and soon after it has ended. */
static void flooded(void **state)
{
    struct fixture *f = *state;
    uint64_t before = commits(f);
    struct flood flood = flood_for(f, FLOOD_MS);
    assert_in_range(commits(f) - before, 2, FLOOD_MS / 200 + 2 + flood.stalls);
    f->timer = nr_timer_new(f->loop, look, f);
    nr_timer_in(f->timer, 1);
    assert_int_equal(nr_loop_run(f->loop), 0);
}

/* A slow disk has the daemon wait for it an eighth of its time: of 1.2 s with 60 ms a commit three times. */
static void slow_disk(void **state)
{
    struct fixture *f = *state;
    uint64_t before = commits(f);
    disk_us = 60000;
    (void)flood_for(f, 1200);
    disk_us = 0;
    assert_in_range(commits(f) - before, 2, 3);
}

static void look_at_pulse(void *arg)
{
    struct fixture *f = arg;
    if (nr_store_dirty_pulse(f->store)) {
        nr_timer_in(f->timer, 5);
    } else {
        nr_loop_stop(f->loop);
    }
}

static void stage_pulse(struct fixture *f)
{
    static const uint8_t key[NR_KEY_SIZE], sig[NR_SIG_SIZE], body[] = { 0x80 };
    static uint64_t stamp;
    uint8_t bytes[256];
    struct nr_writer w;
    struct nr_record rec;
    const struct nr_record_draft draft = { .kind = NR_KIND_HEARTBEAT,
                                           .signer = key,
                                           .subject = nr_bytes_str("n"),
                                           .stamp = ++stamp,
                                           .lease_s = 60,
                                           .body = nr_bytes(body, sizeof body) };
    nr_writer_init(&w, bytes, sizeof bytes);
    nr_record_encode_unsigned(&w, &draft);
    nr_record_encode_signature(&w, sig);
    assert_int_equal(nr_record_decode(nr_writer_bytes(&w), &rec), 0);
    assert_int_equal(nr_store_put(f->store, 1, &rec), 0);
    assert_true(nr_store_dirty_pulse(f->store));
}

static int64_t pulse_takes_ms(struct fixture *f, bool soon)
{
    stage_pulse(f);
    commit_note(f->commit);
    if (soon) commit_pulse_soon(f->commit);
    int64_t began_us = nr_clock_now().mono_us;
    nr_timer_in(f->timer, 1);
    assert_int_equal(nr_loop_run(f->loop), 0);
    return (nr_clock_now().mono_us - began_us) / 1000;
}

/* The pulse half takes its time, but for what readers are to see soon; the next commit is as slow as ever. */
static void pulse_soon(void **state)
{
    struct fixture *f = *state;
    f->timer = nr_timer_new(f->loop, look_at_pulse, f);
    commit_pulse_soon(f->commit); /* nothing is staged */
    assert_true(pulse_takes_ms(f, true) < 900);
    assert_true(pulse_takes_ms(f, false) > 900);
    assert_true(pulse_takes_ms(f, true) < 900);
}

static uint64_t timed(const struct fixture *f, enum nr_half half)
{
    uint64_t sum = 0;
    for (size_t i = 0; i <= commit_bounds_us.count; i++) sum += commit_stats(f->commit)->took_us[half].counts[i];
    return sum;
}

/* Each commit that had something to do is measured, also one that failed; one without work is not. */
static void measured(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(commit_now(f->commit), 0);
    assert_int_equal(timed(f, NR_REGISTRY), 0);
    stage(f);
    assert_int_equal(commit_now(f->commit), 0);
    assert_int_equal(timed(f, NR_REGISTRY), 1);
    assert_int_equal(timed(f, NR_PULSE), 0);
    assert_int_equal(commit_stats(f->commit)->failed[NR_REGISTRY], 0);
    stage(f);
    nr_memdisk_fail(f->disk, NR_E_FULL, 0);
    assert_int_equal(commit_now(f->commit), NR_E_FULL);
    assert_int_equal(timed(f, NR_REGISTRY), 2);
    assert_int_equal(commit_stats(f->commit)->failed[NR_REGISTRY], 1);
}

/* More than a bound do not wait: who comes then is told so, and keeps his reply. */
static void bounded(void **state)
{
    struct fixture *f = *state;
    for (uint64_t i = 0; i < COMMIT_WAITERS_MAX; i++) {
        struct commit_waiter w = waiter(i);
        assert_int_equal(commit_wait(f->commit, &w), 0);
    }
    struct commit_waiter w = waiter(1);
    assert_int_equal(commit_wait(f->commit, &w), NR_E_BUSY);
    nr_buf_fini(&w.reply);
    commit_free(f->commit); /* answers nobody, leaks nothing */
    f->commit = NULL;
    assert_int_equal(f->answers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shared, setup, teardown),
        cmocka_unit_test_setup_teardown(failed, setup, teardown),
        cmocka_unit_test_setup_teardown(without_waiters, setup, teardown),
        cmocka_unit_test_setup_teardown(flooded, setup, teardown),
        cmocka_unit_test_setup_teardown(slow_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(pulse_soon, setup, teardown),
        cmocka_unit_test_setup_teardown(measured, setup, teardown),
        cmocka_unit_test_setup_teardown(bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
