#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "io/clock.h"
#include "nodeprobe/task.h"
#include "nr_test.h"

#define OUTPUT_MAX  100000
#define PATIENCE_MS 20000
#define AT_ONCE     3

/* What children write and their parent reads. */
static struct shared {
    pid_t pids[2];
    int running, most, fd;
} * shared;

static struct nr_loop *loop;
static struct task_pool *pool;
static struct nr_timer *patience;

struct told {
    struct task *task;
    int times, err, want; /* stops the loop when it was told `want` times */
    uint8_t output[OUTPUT_MAX];
    size_t len;
    int64_t at_us;
    bool again; /* starts once more from within */
};

static void too_long(void *arg)
{
    (void)arg;
    fail_msg("nothing ends");
}

static int setup(void **state)
{
    (void)state;
    loop = nr_loop_new();
    pool = task_pool_new(loop, AT_ONCE);
    patience = nr_timer_new(loop, too_long, NULL);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    return loop && pool && patience ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    task_pool_free(pool);
    nr_timer_free(patience);
    nr_loop_free(loop);
    munmap(shared, sizeof *shared);
    return 0;
}

static void on_ended(void *arg, int err, struct nr_bytes output)
{
    struct told *t = arg;
    t->times++;
    t->err = err;
    t->len = output.len;
    t->at_us = nr_clock_now().mono_us;
    assert_true(output.len <= sizeof t->output);
    if (output.len > 0) memcpy(t->output, output.data, output.len);
    if (t->again) {
        t->again = false;
        assert_true(task_start(t->task));
    }
    if (t->times == t->want) nr_loop_stop(loop);
}

static struct told *begin(int (*work)(void *arg, struct nr_writer *out), int64_t deadline_ms)
{
    struct told *t = calloc(1, sizeof *t);
    const struct task_options options = {
        .name = "test", .deadline_ms = deadline_ms, .output_max = OUTPUT_MAX, .work = work, .ended = on_ended, .arg = t
    };
    assert_non_null(t);
    t->want = 1;
    t->task = task_new(pool, &options);
    assert_non_null(t->task);
    assert_true(task_start(t->task));
    return t;
}

static void run(void)
{
    nr_timer_in(patience, PATIENCE_MS);
    assert_int_equal(nr_loop_run(loop), 0);
    nr_timer_cancel(patience);
}

/* Runs the loop until a condition holds. */
static void run_until(bool (*holds)(void *arg), void *arg)
{
    for (int64_t end = nr_clock_now().mono_us + PATIENCE_MS * 1000; !holds(arg);) {
        assert_true(nr_clock_now().mono_us < end);
        struct nr_timer *tick = nr_timer_new(loop, (nr_timer_fn *)nr_loop_stop, loop);
        nr_timer_in(tick, 5);
        assert_int_equal(nr_loop_run(loop), 0);
        nr_timer_free(tick);
    }
}

static void end(struct told *t)
{
    task_free(t->task);
    free(t);
}

static bool is_gone(pid_t pid)
{
    return kill(pid, 0) != 0 && errno == ESRCH;
}

/* Somebody else's child is gone when it is a zombie, too: who reaps it is not ours. */
static bool pid_gone(void *arg)
{
    char path[64], state = 'Z';
    pid_t pid = *(pid_t *)arg;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *f = fopen(path, "r");
    if (!f) return true;
    if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1) state = 'Z';
    fclose(f);
    return state == 'Z' || is_gone(pid);
}

static pid_t pid_of(const struct told *t)
{
    pid_t pid = 0;
    assert_int_equal(t->len, sizeof pid);
    memcpy(&pid, t->output, sizeof pid);
    return pid;
}

static int say_pid(void *arg, struct nr_writer *out)
{
    pid_t pid = getpid();
    (void)arg;
    nr_write_bytes(out, nr_bytes(&pid, sizeof pid));
    return 0;
}

/* The output of the work comes back whole, also where it is more than a pipe holds, and the process is reaped. */
static int say_much(void *arg, struct nr_writer *out)
{
    (void)arg;
    for (size_t i = 0; i < OUTPUT_MAX; i++) nr_write_u8(out, (uint8_t)(i * 7));
    return 0;
}

static void output_comes_back(void **state)
{
    (void)state;
    struct told *t = begin(say_much, 10000);
    run();
    assert_int_equal(t->err, 0);
    assert_int_equal(t->len, OUTPUT_MAX);
    for (size_t i = 0; i < OUTPUT_MAX; i++) assert_int_equal(t->output[i], (uint8_t)(i * 7));
    end(t);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* What the work returns is what is told, and then there is no output. */
static int fail_with(void *arg, struct nr_writer *out)
{
    (void)arg;
    nr_write_u8(out, 1);
    return NR_E_NOT_FOUND;
}

static int write_too_much(void *arg, struct nr_writer *out)
{
    (void)arg;
    nr_write_zero(out, OUTPUT_MAX + 1);
    return 0;
}

static int crash(void *arg, struct nr_writer *out)
{
    (void)arg;
    nr_write_u8(out, 1);
    raise(SIGSEGV); /* its disposition was reset */
    return 0;
}

static void errors(void **state)
{
    (void)state;
    static const struct {
        int (*work)(void *arg, struct nr_writer *out);
        int err;
    } cases[] = { { fail_with, NR_E_NOT_FOUND }, { write_too_much, NR_E_TOO_LARGE }, { crash, NR_E_SYSTEM } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct told *t = begin(cases[i].work, 10000);
        run();
        assert_int_equal(t->err, cases[i].err);
        assert_int_equal(t->len, 0);
        end(t);
    }
}

/* One that sleeps for ever is given up at its deadline, while another begins, ends, and begins again. */
static int sleep_for_ever(void *arg, struct nr_writer *out)
{
    (void)arg;
    (void)out;
    signal(SIGTERM, SIG_IGN);
    for (;;) pause();
    return 0;
}

static void hangs(void **state)
{
    (void)state;
    struct told *stuck = begin(sleep_for_ever, 300), *other = begin(say_pid, 10000);
    other->again = true;
    other->want = 0;
    int64_t begun_us = nr_clock_now().mono_us;
    run();
    assert_int_equal(stuck->err, NR_E_TIMEOUT);
    assert_in_range(stuck->at_us - begun_us, 290000, 10000000);
    assert_int_equal(other->times, 2);
    assert_true(other->at_us < stuck->at_us);
    end(other);
    end(stuck);
}

/* A task that was given up can be started again when it is gone, and not before. */
static bool started_again(void *arg)
{
    struct told *t = arg;
    return task_start(t->task);
}

static void after_giving_up(void **state)
{
    (void)state;
    struct told *t = begin(sleep_for_ever, 50);
    assert_false(task_start(t->task));
    run();
    assert_int_equal(t->err, NR_E_TIMEOUT);
    assert_false(task_start(t->task)); /* killed, and not reaped yet */
    run_until(started_again, t);
    t->want = 2;
    run();
    assert_int_equal(t->times, 2);
    end(t);
}

/* When the work ends its output is there, also while a process that it left behind holds the pipe; that one is killed.
 */
static int leave_one_behind(void *arg, struct nr_writer *out)
{
    (void)arg;
    pid_t pid = fork();
    if (pid == 0)
        for (;;) pause();
    nr_write_bytes(out, nr_bytes(&pid, sizeof pid));
    return 0;
}

static void pipe_held(void **state)
{
    (void)state;
    struct told *t = begin(leave_one_behind, 10000);
    int64_t begun_us = nr_clock_now().mono_us;
    run();
    assert_int_equal(t->err, 0);
    assert_in_range(t->at_us - begun_us, 0, 9000000);
    pid_t left = pid_of(t);
    run_until(pid_gone, &left);
    end(t);
}

/* All processes of a task that is given up are killed, not only the first. */
static int start_another_and_hang(void *arg, struct nr_writer *out)
{
    (void)arg;
    (void)out;
    shared->pids[0] = getpid();
    pid_t pid = fork();
    if (pid > 0) shared->pids[1] = pid;
    for (;;) pause();
    return 0;
}

static void group_is_killed(void **state)
{
    (void)state;
    struct told *t = begin(start_another_and_hang, 300);
    run();
    assert_int_equal(t->err, NR_E_TIMEOUT);
    assert_true(shared->pids[0] > 0 && shared->pids[1] > 0);
    run_until(pid_gone, &shared->pids[0]);
    run_until(pid_gone, &shared->pids[1]);
    end(t);
}

/* One that is freed while it runs is killed, and tells nothing any more. */
static bool both_there(void *arg)
{
    (void)arg;
    return shared->pids[0] > 0 && shared->pids[1] > 0;
}

static void freed_while_running(void **state)
{
    (void)state;
    struct told *t = begin(start_another_and_hang, 10000);
    run_until(both_there, NULL);
    task_free(t->task);
    run_until(pid_gone, &shared->pids[0]);
    run_until(pid_gone, &shared->pids[1]);
    assert_int_equal(t->times, 0);
    free(t);
}

/* No more run at once than the pool may; the others take their turn. */
static int count_in_and_out(void *arg, struct nr_writer *out)
{
    (void)arg;
    (void)out;
    int now = __atomic_add_fetch(&shared->running, 1, __ATOMIC_SEQ_CST);
    if (now > shared->most) shared->most = now;
    usleep(30000);
    __atomic_sub_fetch(&shared->running, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static bool all_ended(void *arg)
{
    struct told **all = arg;
    for (int i = 0; i < 8; i++)
        if (all[i]->times == 0) return false;
    return true;
}

static void turns(void **state)
{
    (void)state;
    struct told *all[8];
    for (int i = 0; i < 8; i++) {
        all[i] = begin(count_in_and_out, 10000);
        all[i]->want = 0;
    }
    run_until(all_ended, all);
    assert_in_range(shared->most, 1, AT_ONCE);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(all[i]->err, 0);
        end(all[i]);
    }
}

/* The child has a group of its own, none of our descriptors and handlers, and SIGPIPE ignored. */
static int look_around(void *arg, struct nr_writer *out)
{
    (void)arg;
    struct sigaction term, broken;
    sigset_t mask;
    sigaction(SIGTERM, NULL, &term);
    sigaction(SIGPIPE, NULL, &broken);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    nr_write_u8(out, getpgrp() == getpid());
    nr_write_u8(out, fcntl(shared->fd, F_GETFD) < 0);
    nr_write_u8(out, term.sa_handler == SIG_DFL && broken.sa_handler == SIG_IGN);
    nr_write_u8(out, !sigismember(&mask, SIGCHLD));
    nr_write_u8(out, read(STDIN_FILENO, &mask, 1) == 0); /* /dev/null */
    return 0;
}

static void on_term(void *arg)
{
    (void)arg;
}

static void surroundings(void **state)
{
    (void)state;
    shared->fd = fcntl(STDERR_FILENO, F_DUPFD, 100);
    assert_true(shared->fd >= 100);
    struct nr_signal *term = nr_signal_new(loop, SIGTERM, on_term, NULL);
    struct told *t = begin(look_around, 10000);
    run();
    assert_int_equal(t->err, 0);
    assert_int_equal(t->len, 5);
    for (size_t i = 0; i < t->len; i++) assert_int_equal(t->output[i], 1);
    end(t);
    nr_signal_free(term);
    close(shared->fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(output_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(errors, setup, teardown),
        cmocka_unit_test_setup_teardown(hangs, setup, teardown),
        cmocka_unit_test_setup_teardown(after_giving_up, setup, teardown),
        cmocka_unit_test_setup_teardown(pipe_held, setup, teardown),
        cmocka_unit_test_setup_teardown(group_is_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(freed_while_running, setup, teardown),
        cmocka_unit_test_setup_teardown(turns, setup, teardown),
        cmocka_unit_test_setup_teardown(surroundings, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
