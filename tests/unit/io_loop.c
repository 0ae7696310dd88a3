/* The loop: order of work, timers, descriptors, signals. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/clock.h"
#include "io/loop.h"

struct fixture {
    struct nr_loop *loop;
    struct nr_later *later;
    struct nr_timer *timer, *stopper;
    char order[64];
    int runs;
};

static void note(struct fixture *f, const char *what)
{
    size_t len = strlen(f->order);
    snprintf(f->order + len, sizeof f->order - len, "%s", what);
}

static void stop(void *arg)
{
    struct fixture *f = arg;
    nr_loop_stop(f->loop);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->loop = nr_loop_new();
    assert_non_null(f->loop);
    f->stopper = nr_timer_new(f->loop, stop, f);
    assert_non_null(f->stopper);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    nr_later_free(f->later);
    nr_timer_free(f->timer);
    nr_timer_free(f->stopper);
    nr_loop_free(f->loop);
    free(f);
    return 0;
}

static void run(struct fixture *f)
{
    assert_int_equal(nr_loop_run(f->loop), 0);
}

static void later_runs(void *arg)
{
    struct fixture *f = arg;
    note(f, "L");
    nr_loop_stop(f->loop);
}

static void first_ready(void *arg, unsigned what)
{
    assert_int_equal(what, NR_READABLE);
    struct fixture *f = arg;
    note(f, "a");
    nr_later_ask(f->later);
    nr_later_ask(f->later);
}

static void second_ready(void *arg, unsigned what)
{
    (void)what;
    struct fixture *f = arg;
    note(f, "b");
    nr_later_ask(f->later);
}

/* Work put off runs once, behind everything that was ready in the same turn, whoever asked for it first. */
static void later_is_behind(void **state)
{
    struct fixture *f = *state;
    int one[2], two[2];
    assert_int_equal(pipe(one), 0);
    assert_int_equal(pipe(two), 0);
    f->later = nr_later_new(f->loop, later_runs, f);
    struct nr_watch *a = nr_watch_new(f->loop, one[0], first_ready, f);
    struct nr_watch *b = nr_watch_new(f->loop, two[0], second_ready, f);
    assert_int_equal(nr_watch_want(a, NR_READABLE), 0);
    assert_int_equal(nr_watch_want(b, NR_READABLE), 0);
    assert_int_equal(write(one[1], "x", 1), 1);
    assert_int_equal(write(two[1], "x", 1), 1);
    run(f);
    assert_true(strcmp(f->order, "abL") == 0 || strcmp(f->order, "baL") == 0);
    nr_watch_free(a);
    nr_watch_free(b);
    for (int i = 0; i < 2; i++) {
        close(one[i]);
        close(two[i]);
    }
}

static void timer_runs(void *arg)
{
    struct fixture *f = arg;
    f->runs++;
    nr_timer_in(f->stopper, 30);
}

/* A timer fires once each time it is set, not before its time; setting it again replaces; cancelled it does not fire.
 */
static void timers(void **state)
{
    struct fixture *f = *state;
    f->timer = nr_timer_new(f->loop, timer_runs, f);
    struct nr_now before = nr_clock_now();
    nr_timer_in(f->timer, 100000);
    nr_timer_at(f->timer, before, before.mono_us + 20000);
    assert_true(nr_timer_pending(f->timer));
    run(f);
    assert_int_equal(f->runs, 1);
    assert_true(nr_clock_now().mono_us - before.mono_us >= 20000 - 1000); /* epoll counts in milliseconds */
    assert_false(nr_timer_pending(f->timer));

    nr_timer_in(f->timer, 1);
    nr_timer_cancel(f->timer);
    nr_timer_in(f->timer, 1);
    nr_timer_at(f->timer, before, NR_NEVER_US);
    nr_timer_in(f->stopper, 30);
    run(f);
    assert_int_equal(f->runs, 1);

    nr_timer_at(f->timer, before, before.mono_us - 5); /* long past: at once */
    run(f);
    assert_int_equal(f->runs, 2);
}

struct pipe_reader {
    struct fixture *f;
    struct nr_watch *watch;
    int fd;
};

static void read_and_free(void *arg, unsigned what)
{
    struct pipe_reader *p = arg;
    char c;
    (void)what;
    assert_int_equal(read(p->fd, &c, 1), 1);
    p->f->runs++;
    nr_watch_free(p->watch);
    p->watch = NULL;
    nr_timer_in(p->f->stopper, 30);
}

/* A watch may be freed by its own callback, and says nothing more; one that wants nothing says nothing. */
static void watch_frees_itself(void **state)
{
    struct fixture *f = *state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct pipe_reader p = { .f = f, .fd = fds[0] };
    p.watch = nr_watch_new(f->loop, fds[0], read_and_free, &p);
    assert_int_equal(write(fds[1], "xy", 2), 2);
    nr_timer_in(f->stopper, 20);
    run(f);
    assert_int_equal(f->runs, 0);
    assert_int_equal(nr_watch_want(p.watch, NR_READABLE), 0);
    run(f);
    assert_int_equal(f->runs, 1);
    assert_null(p.watch);
    close(fds[0]);
    close(fds[1]);
}

/* A signal is delivered by the loop. */
static void signals(void **state)
{
    struct fixture *f = *state;
    struct nr_signal *s = nr_signal_new(f->loop, SIGUSR1, timer_runs, f);
    assert_non_null(s);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(f->runs, 0);
    run(f);
    assert_int_equal(f->runs, 1);
    nr_signal_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(later_is_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(timers, setup, teardown),
        cmocka_unit_test_setup_teardown(watch_frees_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(signals, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
