/* What is launched is looked for beside the program's own file: the test copies itself into a directory of its own,
 * once with nodeprobe beside it and once without, and runs the copy. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/buf.h"
#include "nr_test.h"
#include "probe/launch.h"
#include "probe/plan.h"
#include "probe/report.h"
#include "proto/control.h"

#define LEAK 50

static bool has_fd(pid_t pid, int fd)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)pid, fd);
    return access(path, F_OK) == 0;
}

/* Whether the program begins with no signal blocked. */
static bool takes_signals(pid_t pid)
{
    char line[256];
    unsigned long long blocked = 1;
    snprintf(line, sizeof line, "/proc/%ld/status", (long)pid);
    FILE *f = fopen(line, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "SigBlk: %llx", &blocked) == 1) break;
    if (f) fclose(f);
    return blocked == 0;
}

/* Whether the program was told what the service manager says to ours. */
static bool was_told(pid_t pid)
{
    char path[64], text[65536];
    size_t len = 0;
    snprintf(path, sizeof path, "/proc/%ld/environ", (long)pid);
    while (len == 0) { /* for a moment of its exec nothing stands there */
        FILE *f = fopen(path, "r");
        if (!f) return true;
        len = fread(text, 1, sizeof text, f);
        fclose(f);
    }
    return !memmem(text, len, "NR_KEPT=1", 9) || memmem(text, len, "NOTIFY_SOCKET=", 14) ||
           memmem(text, len, "WATCHDOG_USEC=", 14);
}

/* Asks for everything once, with nothing on; whether a report came, and then the end. */
static bool ask(int fd)
{
    struct nr_plan plan = { .once = true };
    struct nr_report report;
    struct nr_writer w;
    uint8_t out[1024], in[1024];
    size_t got = 0;
    for (int s = 0; s < NR_SOURCE_COUNT; s++) plan.off[s] = true;
    nr_writer_init(&w, out, sizeof out);
    nr_write_u32(&w, 0);
    nr_plan_encode(&w, &plan);
    size_t len = nr_writer_len(&w);
    nr_writer_init(&w, out, 4);
    nr_write_u32(&w, (uint32_t)len - 4);
    if (write(fd, out, len) != (ssize_t)len) return false;
    for (ssize_t n = 1; n > 0 && got<sizeof in; got += n> 0 ? (size_t)n : 0) n = read(fd, in + got, sizeof in - got);
    return nr_control_frame(nr_bytes(in, got), NR_REPORT_FRAME_MAX) == (long)got &&
           nr_report_decode(nr_bytes(in + 4, got - 4), &report) == 0;
}

/* In the copy: 0, or the number of what is wrong. */
static int launch_and_ask(void)
{
    int fd, status;
    pid_t pid;
    sigset_t mask;
    sigfillset(&mask);
    sigprocmask(SIG_BLOCK, &mask, NULL); /* the child must not inherit this */
    if (dup2(STDERR_FILENO, LEAK) != LEAK) return 10;
    setenv("NOTIFY_SOCKET", "/nowhere", 1);
    setenv("NR_KEPT", "1", 1);
    setenv("WATCHDOG_USEC", "1000000", 1);
    int err = nr_probe_launch(&fd, &pid);
    if (err) return err == NR_E_NOT_FOUND ? 20 : 30;
    bool leaks = has_fd(pid, LEAK), deaf = !takes_signals(pid), told = was_told(pid), answers = ask(fd);
    close(fd);
    if (waitpid(pid, &status, 0) != pid || status != 0) return 40;
    return leaks ? 50 : deaf ? 60 : told ? 90 : answers ? 0 : 70;
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

static int run_copy(bool beside)
{
    char folder[] = "/tmp/nr-launch-XXXXXX", self[PATH_MAX], probe[PATH_MAX];
    int status;
    assert_non_null(mkdtemp(folder));
    snprintf(self, sizeof self, "%s/self", folder);
    snprintf(probe, sizeof probe, "%s/nodeprobe", folder);
    copy("/proc/self/exe", self);
    if (beside) assert_int_equal(symlink(NODEPROBE, probe), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl(self, self, "--launch", NULL);
        _exit(80);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    unlink(probe);
    unlink(self);
    rmdir(folder);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Launched, it gets none of our descriptors, no blocked signals and nothing of the service manager's, answers, and ends
 * with status 0. */
static void launched(void **state)
{
    (void)state;
    assert_int_equal(run_copy(true), 0);
}

/* Where there is no nodeprobe, that is said. */
static void not_there(void **state)
{
    (void)state;
    if (access(NR_LIBEXECDIR "/nodeprobe", F_OK) == 0) skip();
    assert_int_equal(run_copy(false), 20);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(launched), cmocka_unit_test(not_there) };
    if (argc == 2 && strcmp(argv[1], "--launch") == 0) return launch_and_ask();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
