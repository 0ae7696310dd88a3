/* nodeprobe: the order of its life. It is no program for people: noded starts it (probe/launch.h), with a socket as its
 * standard input, and it ends when that is closed. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "nodeprobe/probe.h"

static int say(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("nodeprobe " NR_VERSION);
        return 0;
    }
    fputs("nodeprobe looks at this machine for noded(8), which starts it by itself\n", stderr);
    return 2;
}

static bool is_socket(int fd)
{
    int type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){ sizeof type }) == 0 && type == SOCK_STREAM;
}

static void stop(void *arg)
{
    nr_loop_stop(arg);
}

int main(int argc, char **argv)
{
    if (argc != 1 || !is_socket(STDIN_FILENO)) return say(argc, argv);
    int status = 1;
    struct probe *probe = NULL;
    struct nr_signal *term = NULL, *interrupt = NULL;
    nr_log_setup(NR_LOG_INFO, NR_LOG_TEXT); /* a plan says better */
    signal(SIGPIPE, SIG_IGN);
    struct nr_loop *loop = nr_loop_new();
    if (!loop) goto out;
    term = nr_signal_new(loop, SIGTERM, stop, loop);
    interrupt = nr_signal_new(loop, SIGINT, stop, loop);
    probe = probe_new(loop, STDIN_FILENO);
    if (!term || !interrupt || !probe) goto out;
    status = nr_loop_run(loop) == 0 ? 0 : 1;
out:
    if (status) nr_log_error("nodeprobe: cannot run: %s", strerror(errno));
    probe_free(probe);
    nr_signal_free(interrupt);
    nr_signal_free(term);
    nr_loop_free(loop);
    return status;
}
