#include "nodeprobe/task_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define OUTPUT_FD 3

/* The handlers of our loop write into descriptors that we share: none must run in the child. */
static void reset_signals(void)
{
    sigset_t none;
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL); /* fails for those that it cannot be changed for */
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* False: there is no /dev/null. */
static bool keep_only(int output)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) return false;
    if (output != OUTPUT_FD && dup3(output, OUTPUT_FD, O_CLOEXEC) < 0) return false;
    closefrom(OUTPUT_FD + 1);
    return true;
}

static bool write_all(int fd, struct nr_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes = nr_bytes(bytes.data + n, bytes.len - (size_t)n);
    }
    return true;
}

static _Noreturn void child(int (*work)(void *arg, struct nr_writer *out), void *arg, size_t output_max, int output,
                            pid_t parent)
{
    struct nr_writer w;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
    reset_signals();
    uint8_t *room = malloc(output_max);
    if (!room || !keep_only(output)) _exit(-NR_E_SYSTEM);
    nr_writer_init(&w, room, output_max);
    int err = work(arg, &w);
    if (!err) err = w.err;
    if (!err && !write_all(OUTPUT_FD, nr_writer_bytes(&w))) err = NR_E_IO;
    _exit(-err); /* without the ends of the parent, which are not its own */
}

pid_t task_child_fork(int (*work)(void *arg, struct nr_writer *out), void *arg, size_t output_max, int *fd)
{
    int ends[2];
    sigset_t all, before;
    pid_t parent = getpid();
    *fd = -1;
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) child(work, arg, output_max, ends[1], parent);
    int e = errno;
    if (pid > 0) setpgid(pid, pid); /* both sides do: whoever comes first */
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        errno = e;
        return -1;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *fd = ends[0];
    return pid;
}
