/* nodeprobe is looked for beside the program's own file: the test copies itself into a directory of its own, puts a
 * script beside it in nodeprobe's place, and runs the copy. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "io/clock.h"
#include "noded/probe.h"
#include "nr_test.h"

#define SILENT_MS   600
#define PATIENCE_US 20000000

static void on_report(void *arg, const struct nr_report *r)
{
    (void)r;
    ++*(int *)arg;
}

static void on_lost(void *arg)
{
    (void)arg;
}

/* In the copy: 0 when nodeprobe is killed for its silence before it has said so many times that it lives; else 1. */
static int watch(int reports_wanted)
{
    int reports = 0;
    struct nr_plan plan = { .load_ms = 0 };
    struct nr_loop *loop = nr_loop_new();
    struct nr_timer *tick = nr_timer_new(loop, (nr_timer_fn *)nr_loop_stop, loop);
    struct probe *p = probe_new(&(struct probe_options){
        .loop = loop, .silent_ms = SILENT_MS, .report = on_report, .lost = on_lost, .arg = &reports });
    int64_t end = nr_clock_now().mono_us + PATIENCE_US;
    if (!loop || !tick || !p || probe_set_plan(p, &plan) != 0) return 2;
    while (reports < reports_wanted && probe_stats(p)->probe_ends == 0 && nr_clock_now().mono_us < end) {
        nr_timer_in(tick, 10);
        if (nr_loop_run(loop) != 0) return 2;
    }
    int killed = probe_stats(p)->probe_ends > 0;
    probe_free(p);
    nr_timer_free(tick);
    nr_loop_free(loop);
    return killed ? 0 : 1;
}

static void copy(const char *from, const char *to)
{
    char chunk[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, chunk, sizeof chunk)) > 0;) assert_int_equal(write(out, chunk, (size_t)n), n);
    close(in);
    close(out);
}

/* What `watch` says with this script in nodeprobe's place. */
static int watched(const char *script)
{
    char folder[] = "/tmp/nr-probe-XXXXXX", self[PATH_MAX], probe[PATH_MAX];
    int status;
    assert_non_null(mkdtemp(folder));
    snprintf(self, sizeof self, "%s/self", folder);
    snprintf(probe, sizeof probe, "%s/nodeprobe", folder);
    copy("/proc/self/exe", self);
    int fd = open(probe, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_int_equal(write(fd, script, strlen(script)), (ssize_t)strlen(script));
    close(fd);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl(self, self, "--watch", NULL);
        _exit(80);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    unlink(probe);
    unlink(self);
    rmdir(folder);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* One that never says anything is killed, and one that stops saying anything; one that says only that it lives is not.
 */
static void silence(void **state)
{
    (void)state;
    assert_int_equal(watched("#!/bin/sh\nexec sleep 1000\n"), 0);
    assert_int_equal(watched("#!/bin/sh\nprintf '\\0\\0\\0\\1\\200'\nexec sleep 1000\n"), 0);
    assert_int_equal(watched("#!/bin/sh\nwhile printf '\\0\\0\\0\\1\\200'; do sleep 0.1; done\n"), 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(silence) };
    if (argc == 2 && strcmp(argv[1], "--watch") == 0) return watch(2 * SILENT_MS / 100);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
