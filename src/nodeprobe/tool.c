#include "nodeprobe/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/clock.h"
#include "nodeprobe/program.h"

#define NO_PROGRAM    127
#define WAIT_PAUSE_MS 5

static _Noreturn void become(char *const argv[], pid_t parent, int out)
{
    program_begin(parent);
    int null = open("/dev/null", O_RDWR);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
        execvp(argv[0], argv);
    _exit(NO_PROGRAM);
}

static int64_t now_ms(void)
{
    return nr_clock_now().mono_us / 1000;
}

static int left_ms(int64_t until_ms)
{
    int64_t left = until_ms - now_ms();
    return left > 0 ? (int)left : 0;
}

/* Until the other side is closed. */
static int read_all(int fd, int64_t until_ms, char *into, size_t size, size_t *len)
{
    char beyond;
    *len = 0;
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int ready = poll(&p, 1, left_ms(until_ms));
        if (ready == 0) return NR_E_TIMEOUT;
        bool full = *len == size;
        ssize_t n = ready < 0 ? -1 : read(fd, full ? &beyond : into + *len, full ? 1 : size - *len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? NR_E_SYSTEM : 0;
        if (full) return NR_E_TOO_LARGE;
        *len += (size_t)n;
    }
}

/* It may close its output and go on. */
static int wait_end(pid_t pid, int64_t until_ms, bool *gone)
{
    int status;
    for (;;) {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got < 0 && errno != EINTR) return NR_E_SYSTEM;
        if (got == pid) break;
        if (left_ms(until_ms) == 0) return NR_E_TIMEOUT;
        poll(NULL, 0, WAIT_PAUSE_MS);
    }
    *gone = true;
    if (!WIFEXITED(status)) return NR_E_INVALID;
    if (WEXITSTATUS(status) == NO_PROGRAM) return NR_E_NOT_FOUND;
    return WEXITSTATUS(status) == 0 ? 0 : NR_E_INVALID;
}

int tool_run(char *const argv[], int timeout_ms, void *into, size_t size, struct nr_bytes *out)
{
    int64_t until_ms = now_ms() + timeout_ms;
    int ends[2];
    size_t len = 0;
    bool gone = false;
    *out = nr_bytes(into, 0);
    if (pipe2(ends, O_CLOEXEC) != 0) return NR_E_SYSTEM;
    pid_t self = getpid(), pid = fork();
    if (pid == 0) become(argv, self, ends[1]);
    close(ends[1]);
    int err = pid < 0 ? NR_E_SYSTEM : read_all(ends[0], until_ms, into, size, &len);
    if (!err) err = wait_end(pid, until_ms, &gone);
    close(ends[0]);
    if (pid > 0 && !gone) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, WNOHANG);
    }
    if (!err) *out = nr_bytes(into, len);
    return err;
}
