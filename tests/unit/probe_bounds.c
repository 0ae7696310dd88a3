/* What does not end although it was killed, as what waits for a dead disk does not: here it has left the group that is
 * killed. And what must end with those who started it. */
#include <stdio.h>
#include <sys/mman.h>

#include "io/clock.h"
#include "nodeprobe/checks.h"
#include "nodeprobe/tool.h"
#include "nr_test.h"

#define PATIENCE_US 20000000
#define TOOL_MS     60000

static struct shared {
    pid_t pids[TASK_ORPHANS_MAX];
    bool over;
} * shared;

static struct nr_loop *loop;
static struct task_pool *pool;

static int setup(void **state)
{
    (void)state;
    (void)setpgid(0, 0); /* that of a container may have no number here */
    loop = nr_loop_new();
    pool = task_pool_new(loop, 2 * TASK_ORPHANS_MAX);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    return loop && pool ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    task_pool_free(pool);
    nr_loop_free(loop);
    munmap(shared, sizeof *shared);
    return 0;
}

/* Runs the loop until a condition holds. */
static void run_until(bool (*holds)(void *arg), void *arg)
{
    struct nr_timer *tick = nr_timer_new(loop, (nr_timer_fn *)nr_loop_stop, loop);
    for (int64_t end = nr_clock_now().mono_us + PATIENCE_US; !holds(arg);) {
        assert_true(nr_clock_now().mono_us < end);
        nr_timer_in(tick, 5);
        assert_int_equal(nr_loop_run(loop), 0);
    }
    nr_timer_free(tick);
}

static bool was_told(void *arg)
{
    return *(int *)arg > 0;
}

static void told(void *arg, int err, struct nr_bytes output)
{
    (void)output;
    assert_int_equal(err, NR_E_SYSTEM);
    ++*(int *)arg;
}

/* In our group, it is not in its own. */
static int escape(void *arg, struct nr_writer *out)
{
    (void)out;
    *(pid_t *)arg = getpid();
    while (!shared->over) {
        (void)setpgid(0, getpgid(getppid()));
        usleep(5000);
    }
    return 0;
}

static void ignore(void *arg, int err, struct nr_bytes output)
{
    (void)arg;
    (void)err;
    (void)output;
}

static struct task *new_task(int (*work)(void *arg, struct nr_writer *out), void *arg)
{
    const struct task_options options = {
        .name = "test", .deadline_ms = TOOL_MS, .output_max = 16, .work = work, .ended = ignore, .arg = arg
    };
    struct task *t = task_new(pool, &options);
    assert_non_null(t);
    return t;
}

static bool all_escaped(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < TASK_ORPHANS_MAX; i++)
        if (!shared->pids[i] || getpgid(shared->pids[i]) != getpgrp()) return false;
    return true;
}

/* Leaves so many processes behind as may be. */
static void fill(void)
{
    struct task *tasks[TASK_ORPHANS_MAX];
    for (size_t i = 0; i < TASK_ORPHANS_MAX; i++) {
        tasks[i] = new_task(escape, &shared->pids[i]);
        assert_true(task_start(tasks[i]));
    }
    run_until(all_escaped, NULL);
    for (size_t i = 0; i < TASK_ORPHANS_MAX; i++) task_free(tasks[i]);
}

static bool starts(void *arg)
{
    return task_start(arg);
}

/* While so many are not gone nothing more is started; when they are it is. */
static void orphans(void **state)
{
    (void)state;
    fill();
    struct task *t = new_task(escape, &shared->pids[0]);
    assert_false(task_start(t));
    shared->over = true;
    run_until(starts, t);
    task_free(t);
}

/* How often the word stands in what was written to a file. */
static int count_in(FILE *f, const char *word)
{
    char line[512];
    int count = 0;
    rewind(f);
    while (fgets(line, sizeof line, f)) count += strstr(line, word) != NULL;
    return count;
}

/* Where no process can be started each task is told so, and the log once. */
static void none_started(void **state)
{
    (void)state;
    struct rlimit files, none;
    FILE *log = tmpfile();
    int times = 0, count = 0, err = dup(STDERR_FILENO);
    const struct task_options options = {
        .name = "test", .deadline_ms = TOOL_MS, .output_max = 16, .work = escape, .ended = told, .arg = &times
    };
    struct task *t = task_new(pool, &options);
    assert_non_null(t);
    getrlimit(RLIMIT_NOFILE, &files);
    none = (struct rlimit){ .rlim_cur = 3, .rlim_max = files.rlim_max };
    dup2(fileno(log), STDERR_FILENO);
    setrlimit(RLIMIT_NOFILE, &none);
    for (int i = 0; i < 3; i++, times = 0) {
        if (!task_start(t)) break;
        run_until(was_told, &times);
        count++;
    }
    setrlimit(RLIMIT_NOFILE, &files);
    dup2(err, STDERR_FILENO);
    close(err);
    assert_int_equal(count, 3);
    assert_int_equal(count_in(log, "task not started"), 1);
    fclose(log);
    task_free(t);
}

static void looked(void *arg)
{
    ++*(int *)arg;
}

/* Then a service that cannot be looked at is unknown, and not down. */
static void unlooked(void **state)
{
    (void)state;
    int times = 0;
    uint8_t room[256];
    struct nr_rng rng;
    struct nr_writer w;
    static const struct nr_plan plan = {
        .checks = { { .id = { (const uint8_t *)"a", 1 },
                      .kind = NR_CHECK_EXEC,
                      .target = { (const uint8_t *)"true", 4 },
                      .interval_ms = 1000,
                      .timeout_ms = 1000 } },
        .check_count = 1,
    };
    const struct checks_options options = {
        .loop = loop, .pool = pool, .rng = &rng, .plan = &plan, .looked = looked, .arg = &times
    };
    nr_rng_init(&rng, 1);
    fill();
    struct checks *c = checks_new(&options, NULL);
    assert_non_null(c);
    run_until(was_told, &times);
    nr_writer_init(&w, room, sizeof room);
    checks_modules(c, &w);
    assert_non_null(memmem(room, nr_writer_len(&w), "unknown", 7));
    shared->over = true;
    checks_free(c);
}

static bool is_gone(void *arg)
{
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/%ld/stat", *(long *)arg);
    FILE *f = fopen(path, "r");
    if (!f) return true;
    if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1) state = 'Z';
    fclose(f);
    return state == 'Z';
}

/* The tool's process, once it has said which. */
static long said_pid(const char *path)
{
    long pid = 0;
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%ld\n", &pid) != 1) pid = 0;
    if (f) fclose(f);
    return pid;
}

/* A tool dies with the process that has it run. */
static void tool_dies(void **state)
{
    (void)state;
    char path[] = "/tmp/nr-tool-XXXXXX", line[128], answer[16];
    long tool = 0;
    close(mkstemp(path));
    snprintf(line, sizeof line, "echo $$ > %s; exec sleep 1000", path);
    pid_t runner = fork();
    if (runner == 0) {
        struct nr_bytes out;
        char *const argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, line, NULL };
        (void)!tool_run(argv, TOOL_MS, answer, sizeof answer, &out);
        _exit(0);
    }
    for (int64_t end = nr_clock_now().mono_us + PATIENCE_US; !(tool = said_pid(path)); usleep(5000))
        assert_true(nr_clock_now().mono_us < end);
    kill(runner, SIGKILL);
    assert_int_equal(waitpid(runner, NULL, 0), runner);
    unlink(path);
    run_until(is_gone, &tool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(orphans, setup, teardown),
        cmocka_unit_test_setup_teardown(unlooked, setup, teardown),
        cmocka_unit_test_setup_teardown(none_started, setup, teardown),
        cmocka_unit_test_setup_teardown(tool_dies, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
