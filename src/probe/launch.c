#include "probe/launch.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

/* The path of nodeprobe, where there is one that can be run. */
static bool find_program(char out[static PATH_MAX])
{
    /* NR_LIBEXEC_WAY leads from where programs are installed to there, so that an installed tree can be moved. */
    static const char *const ways[] = { "/", "/" NR_LIBEXEC_WAY "/" };
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = len > 0 ? memrchr(self, '/', (size_t)len) : NULL;
    for (size_t i = 0; slash && i < sizeof ways / sizeof *ways; i++) {
        int n = snprintf(out, PATH_MAX, "%.*s%snodeprobe", (int)(slash - self), self, ways[i]);
        if (n < PATH_MAX && access(out, X_OK) == 0) return true;
    }
    snprintf(out, PATH_MAX, "%s/nodeprobe", NR_LIBEXECDIR);
    return access(out, X_OK) == 0;
}

static int set_actions(posix_spawn_file_actions_t *actions, int theirs)
{
    int e = posix_spawn_file_actions_adddup2(actions, theirs, STDIN_FILENO);
    if (!e) e = posix_spawn_file_actions_adddup2(actions, theirs, STDOUT_FILENO);
    if (!e) e = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    return e;
}

static int set_signals(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int e = posix_spawnattr_setsigmask(attr, &none);
    if (!e) e = posix_spawnattr_setsigdefault(attr, &all);
    if (!e) e = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return e;
}

/* What a service manager tells a program that is for this one alone. */
static bool is_ours(const char *variable)
{
    static const char *const ours[] = { "NOTIFY_SOCKET=", "WATCHDOG_PID=", "WATCHDOG_USEC=",
                                        "LISTEN_PID=",    "LISTEN_FDS=",   "LISTEN_FDNAMES=" };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strncmp(variable, ours[i], strlen(ours[i])) == 0) return true;
    return false;
}

/* The environment without that; the texts are not copied. NULL: no memory. */
static char **environment(void)
{
    size_t count = 0, kept = 0;
    while (environ && environ[count]) count++;
    char **out = calloc(count + 1, sizeof *out);
    for (size_t i = 0; out && i < count; i++)
        if (!is_ours(environ[i])) out[kept++] = environ[i];
    return out;
}

/* 0 or an errno. */
static int spawn(const char *path, int theirs, pid_t *pid)
{
    char *argv[] = { (char[]){ "nodeprobe" }, NULL }, **variables = environment();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int e = variables ? posix_spawn_file_actions_init(&actions) : ENOMEM;
    if (e) goto out_variables;
    e = posix_spawnattr_init(&attr);
    if (e) goto out_actions;
    e = set_actions(&actions, theirs);
    if (!e) e = set_signals(&attr);
    if (!e) e = posix_spawn(pid, path, &actions, &attr, argv, variables);
    posix_spawnattr_destroy(&attr);
out_actions:
    posix_spawn_file_actions_destroy(&actions);
out_variables:
    free(variables);
    return e;
}

int nr_probe_launch(int *fd, pid_t *pid)
{
    char path[PATH_MAX];
    int pair[2];
    *fd = -1;
    *pid = -1;
    if (!find_program(path)) return NR_E_NOT_FOUND;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return NR_E_SYSTEM;
    int e = spawn(path, pair[1], pid);
    close(pair[1]);
    if (e) {
        close(pair[0]);
        errno = e;
        return e == ENOENT ? NR_E_NOT_FOUND : NR_E_SYSTEM;
    }
    *fd = pair[0];
    return 0;
}
