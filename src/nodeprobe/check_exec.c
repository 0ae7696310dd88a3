/* The command's output comes through a pipe that is emptied while it runs. It is over when the command has ended, not
 * when the pipe is closed: what the command leaves behind may hold that for ever. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/command.h"
#include "nodeprobe/check.h"
#include "nodeprobe/program.h"

struct command_run {
    pid_t pid;
    int output, ended; /* -1: closed */
    bool line_over;
    char line[CHECK_NOTE_MAX / 2];
    size_t line_len;
};

static _Noreturn void become(const struct nr_command *command, pid_t parent, int output, int fault)
{
    program_begin(parent);
    bool ready = chdir("/") == 0 && dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0;
    if (ready) execvp(command->argv[0], command->argv);
    int e = errno;
    ssize_t n = write(fault, &e, sizeof e);
    _exit(n > 0 ? 126 : 127);
}

/* 0, or the errno of what could not be started: `fault` is closed by the start. */
static int start_fault(int fault)
{
    int e = 0;
    ssize_t n = read(fault, &e, sizeof e);
    return n == (ssize_t)sizeof e ? e : n < 0 ? errno : 0;
}

/* 0 or an errno. */
static int start(struct command_run *run, const struct nr_command *command)
{
    int output[2] = { -1, -1 }, fault[2] = { -1, -1 };
    int e = 0;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    run->ended = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (run->ended < 0 || pipe2(output, O_CLOEXEC) != 0 || pipe2(fault, O_CLOEXEC) != 0) goto out;
    pid_t self = getpid();
    run->pid = fork();
    if (run->pid == 0) become(command, self, output[1], fault[1]);
    if (run->pid < 0) goto out;
    close(fault[1]);
    fault[1] = -1;
    e = start_fault(fault[0]);
    run->output = output[0];
    output[0] = -1;
    errno = 0;
out:
    if (!e) e = errno;
    for (int i = 0; i < 2; i++) {
        if (output[i] >= 0) close(output[i]);
        if (fault[i] >= 0) close(fault[i]);
    }
    return e;
}

static void keep_line(struct command_run *run, const char *data, size_t len)
{
    for (size_t i = 0; i < len && !run->line_over; i++) {
        run->line_over = data[i] == '\n' || run->line_len == sizeof run->line - 1;
        if (!run->line_over) run->line[run->line_len++] = data[i];
    }
}

static void read_output(struct command_run *run)
{
    char chunk[4096];
    ssize_t n = read(run->output, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) return;
    if (n > 0) {
        keep_line(run, chunk, (size_t)n);
        return;
    }
    close(run->output);
    run->output = -1;
}

/* Until the command has ended; *status as of waitpid. False (errno): it cannot be waited for. */
static bool wait_for_end(struct command_run *run, int *status)
{
    for (;;) {
        struct signalfd_siginfo info;
        struct pollfd p[2] = { { .fd = run->ended, .events = POLLIN }, { .fd = run->output, .events = POLLIN } };
        if (poll(p, 2, -1) < 0 && errno != EINTR) return false;
        if (p[1].revents) read_output(run);
        if (!p[0].revents || read(run->ended, &info, sizeof info) <= 0) continue;
        if (waitpid(run->pid, status, WNOHANG) > 0) return true;
    }
}

static void judge(struct check_result *out, int status, const char *line)
{
    const char *colon = line[0] ? ": " : "";
    if (WIFSIGNALED(status)) {
        check_say(out, CHECK_DOWN, "signal %d%s%s", WTERMSIG(status), colon, line);
        return;
    }
    int code = WEXITSTATUS(status);
    check_say(out, code == 0 ? CHECK_UP : code == 1 ? CHECK_DEGRADED : CHECK_DOWN, "status %d%s%s", code, colon, line);
}

void check_exec(const struct nr_check *c, struct check_result *out)
{
    struct command_run run = { .pid = -1, .output = -1, .ended = -1 };
    struct nr_command command;
    if (nr_command_split(c->target, &command) != 0) return;
    int status = 0, e = start(&run, &command);
    if (e && run.pid > 0) waitpid(run.pid, NULL, 0);
    if (!e && !wait_for_end(&run, &status)) e = errno;
    if (e) {
        check_say(out, CHECK_UNKNOWN, "%s", strerror(e));
    } else {
        judge(out, status, run.line);
    }
    if (run.output >= 0) close(run.output);
    if (run.ended >= 0) close(run.ended);
}
