#include "tools/nodectl/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "io/clock.h"

/* Signals are the process's, and so is this: the handler writes to the pipe, so that a poll which is about to begin
 * ends too. */
static int asked_pipe[2] = { -1, -1 };
static volatile sig_atomic_t asked;

static void on_signal(int signo)
{
    (void)signo;
    int saved = errno;
    asked = 1;
    ssize_t n = write(asked_pipe[1], "", 1);
    (void)n;
    errno = saved;
}

int ctl_stop_setup(void)
{
    const struct sigaction action = { .sa_handler = on_signal };
    if (asked_pipe[0] < 0 && pipe2(asked_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    return sigaction(SIGTERM, &action, NULL) != 0 || sigaction(SIGINT, &action, NULL) != 0 ? -1 : 0;
}

bool ctl_stop_asked(void)
{
    return asked != 0;
}

void ctl_stop_forget(void)
{
    char drain[16];
    while (read(asked_pipe[0], drain, sizeof drain) > 0) continue;
    asked = 0;
}

bool ctl_wait(int fd, int64_t until_us)
{
    struct pollfd fds[2] = { { .fd = fd, .events = POLLIN }, { .fd = asked_pipe[0], .events = POLLIN } };
    while (!asked) {
        int64_t left_us = until_us - nr_clock_now().mono_us;
        int64_t left_ms = left_us <= 0 ? 0 : left_us / 1000 + 1;
        int n = poll(fds, 2, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
        if (n < 0 && errno != EINTR) return false;
        if (n > 0 && fds[0].revents) return true;
        if (n == 0 && left_us <= 0) return false;
    }
    return false;
}
