/* The way where noded is installed and does not run: it is configured and started, by systemd where that runs this
 * machine, else by itself in the background. The token goes to it through standard input, or through the file of mode
 * 0600 that the unit's looks for, which is removed once it has joined; never by its arguments. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/clock.h"
#include "tools/nodectl/bootstrap.h"
#include "tools/nodectl/bootstrap_conf.h"
#include "tools/nodectl/bootstrap_id.h"
#include "tools/nodectl/files.h"
#include "tools/nodectl/info.h"
#include "tools/nodectl/stop.h"

#define UNIT      "noded.service"
#define UNIT_USER "dagi"
#define READY_US  INT64_C(30000000)
#define TRY_US    INT64_C(50000)
#define JOINED_US INT64_C(10000000)
#define SAID_MAX  2000

extern char **environ;

/* A command without a shell, what it says being for people, or for nobody. Its exit status; -1: it could not be run. */
static int run_command(char *const argv[], bool silent)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    if (posix_spawn_file_actions_init(&actions) != 0) return -1;
    int err = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!err && silent) err = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!err) err = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    if (!err) err = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (err) return -1;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The unit runs the machine's own node: with the usual directory and socket, by the usual file. */
static bool systemd_does_it(const struct bootstrap *b, const char *conf)
{
    const struct nr_conf *c = b->ctl->conf;
    char *cat[] = { (char[]){ "systemctl" }, (char[]){ "cat" }, (char[]){ UNIT }, NULL };
    if (geteuid() != 0 || access("/run/systemd/system", F_OK) != 0 || strcmp(conf, "/etc/dagi/noded.conf") != 0)
        return false;
    if (nr_conf_source(c, NR_CONF_STATE_DIR) > NR_CONF_FROM_FILE) return false;
    if (nr_conf_source(c, NR_CONF_SOCKET) > NR_CONF_FROM_FILE) return false;
    return run_command(cat, true) == 0; /* there is such a unit */
}

static int leave_token(const struct bootstrap *b)
{
    const struct passwd *user = getpwnam(UNIT_USER);
    if (!user) return ctl_fail("the user " UNIT_USER ", which the unit runs as, is missing: systemd-sysusers makes it");
    if (ctl_make_dirs("/etc/dagi", 0755) != 0) return ctl_fail("/etc/dagi: cannot be made: %s", strerror(errno));
    int dir = open("/etc/dagi", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return ctl_fail("/etc/dagi: cannot be opened: %s", strerror(errno));
    const char *name = strrchr(BOOTSTRAP_TOKEN, '/') + 1;
    int err = unlinkat(dir, name, 0) == 0 || errno == ENOENT ? 0 : -1; /* of a start that was cut short */
    if (!err) err = ctl_write_file(dir, name, nr_buf_bytes(&b->token_text), 0600, user->pw_uid, user->pw_gid);
    int why = errno;
    close(dir);
    return err ? ctl_fail(BOOTSTRAP_TOKEN ": cannot be written: %s", strerror(why)) : 0;
}

static int start_by_systemd(const struct bootstrap *b, const char *conf, bool with_token)
{
    char *start[] = { (char[]){ "systemctl" }, (char[]){ "enable" }, (char[]){ "--now" }, (char[]){ UNIT }, NULL };
    int status = bootstrap_configure(b, conf);
    if (status == 0 && with_token) status = leave_token(b);
    if (status == 0 && run_command(start, false) != 0)
        status = ctl_fail("systemctl enable --now " UNIT " failed: journalctl -u noded says why");
    return status;
}

/* The token where a child can read it as its standard input, and nothing is left on a disk. */
static int token_as_file(const struct bootstrap *b, bool with_token)
{
    if (!with_token) return open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fd = memfd_create("token", MFD_CLOEXEC);
    size_t len = b->token_text.len;
    bool good = fd >= 0 && write(fd, b->token_text.data, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0;
    if (good || fd < 0) return fd;
    close(fd);
    return -1;
}

/* In the child: never returns. */
static void become_noded(const char *noded, char **argv, int in, int log)
{
    setsid();
    if (dup2(in, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0) _exit(127);
    closefrom(STDERR_FILENO + 1);
    unsetenv("NOTIFY_SOCKET"); /* it would speak for nodectl */
    execv(noded, argv);
    static const char line[] = "nodectl: noded cannot be started\n";
    ssize_t n = write(STDERR_FILENO, line, sizeof line - 1);
    (void)n;
    _exit(127);
}

static pid_t spawn_noded(const struct bootstrap *b, const char *noded, const char *conf, bool with_token, int log)
{
    const struct nr_conf *c = b->ctl->conf;
    const char *read = nr_conf_file(c);
    /* What nodectl took from the file that noded reads too need not be said. */
    enum nr_conf_source known = read && ctl_same_file(read, conf) ? NR_CONF_FROM_FILE : NR_CONF_FROM_NOWHERE;
    const char *argv[12] = { "noded", "--config", conf };
    size_t n = 3;
    if (nr_conf_source(c, NR_CONF_STATE_DIR) > known) {
        argv[n++] = "--state-dir";
        argv[n++] = b->ctl->state_dir;
    }
    if (nr_conf_source(c, NR_CONF_SOCKET) > known) {
        argv[n++] = "--socket";
        argv[n++] = b->ctl->socket;
    }
    if (with_token) {
        argv[n++] = "--token";
        argv[n++] = "-";
    }
    int in = token_as_file(b, with_token);
    if (in < 0) return -1;
    pid_t pid = fork();
    if (pid == 0) become_noded(noded, (char **)(uintptr_t)argv, in, log);
    close(in);
    return pid;
}

/* What it has said since then: its last words when it ends at once. */
static void say_log(const char *path, off_t from)
{
    char text[SAID_MAX + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    if (end - from > SAID_MAX) from = end - SAID_MAX;
    ssize_t n = end > from ? pread(fd, text, SAID_MAX, from) : 0;
    text[n > 0 ? n : 0] = '\0';
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        char q[CTL_QUOTED];
        if (*line) ctl_say("  %s", ctl_quoted(nr_bytes_str(line), q));
    }
    if (fd >= 0) close(fd);
}

struct child {
    pid_t pid; /* 0: systemd's */
    char log[4200];
    off_t log_from;
};

static int start_by_itself(struct bootstrap *b, const char *noded, const char *conf, bool with_token,
                           struct child *child)
{
    const char *dir = b->ctl->state_dir;
    int status = bootstrap_configure(b, conf);
    if (status) return status;
    if (ctl_make_dirs(dir, 0750) != 0) return ctl_fail("%s: cannot be made: %s", dir, strerror(errno));
    snprintf(child->log, sizeof child->log, "%s/noded.log", dir);
    int log = open(child->log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (log < 0) return ctl_fail("%s: cannot be opened: %s", child->log, strerror(errno));
    child->log_from = lseek(log, 0, SEEK_END);
    child->pid = spawn_noded(b, noded, conf, with_token, log);
    int why = errno;
    close(log);
    return child->pid < 0 ? ctl_fail("%s: cannot be started: %s", noded, strerror(why)) : 0;
}

static int wait_until_ready(struct bootstrap *b, const struct child *child)
{
    int64_t until_us = nr_clock_now().mono_us + READY_US;
    while (ctl_try_connect(b->ctl) != 0) {
        int64_t now_us = nr_clock_now().mono_us;
        int ended;
        if (child->pid > 0 && waitpid(child->pid, &ended, WNOHANG) == child->pid) {
            ctl_say("noded has ended at once. It said (%s):", child->log);
            say_log(child->log, child->log_from);
            return CTL_FAILED;
        }
        if (now_us >= until_us)
            return ctl_fail("noded was started and does not answer yet at %s: %s says what it does", b->ctl->socket,
                            child->pid > 0 ? child->log : "journalctl -u noded");
        (void)ctl_wait(-1, now_us + TRY_US);
    }
    return 0;
}

/* What noded holds is committed a moment later, and readers see what is committed. */
static bool shows_all(struct bootstrap *b)
{
    struct ctl_info info = { 0 };
    struct nr_store_facts facts = { 0 };
    bool asked = ctl_info_ask(b->ctl, &info) == 0;
    uint64_t held = info.records_cold;
    ctl_info_fini(&info);
    return asked && ctl_try_read(b->ctl) == 0 && nr_store_facts(b->ctl->snapshot, &facts) == 0 && facts.records >= held;
}

/* Whoever joined sees the cluster when this returns, unless no member of it answers: that does not keep noded from
 * being started, and it goes on trying. */
static void wait_until_joined(struct bootstrap *b)
{
    struct ctl_peer_sum sum = { 0 };
    int64_t until_us = nr_clock_now().mono_us + JOINED_US;
    do {
        if (ctl_peer_sum_ask(b->ctl, &sum) == 0 && sum.in_sync > 0 && shows_all(b)) return;
        (void)ctl_wait(-1, nr_clock_now().mono_us + TRY_US);
    } while (nr_clock_now().mono_us < until_us);
    if (sum.total > 0)
        ctl_say("the registry is still being copied from the cluster");
    else
        ctl_say(
            "no member of the token's cluster answers yet: noded goes on trying, and nodectl doctor says what it sees");
}

static int finish(struct bootstrap *b, const struct child *child)
{
    struct ctl_info info = { 0 };
    int status = wait_until_ready(b, child), err = 0;
    if (status == 0 && (err = ctl_info_ask(b->ctl, &info)) != 0) status = ctl_fail("noded: %s", nr_error_text(err));
    if (status == 0) status = bootstrap_settle(b, info.state_dir);
    ctl_info_fini(&info);
    if (status == 0 && b->token) wait_until_joined(b);
    if (status == 0) status = bootstrap_show(b);
    if (status == 0 && child->pid > 0)
        ctl_say(
            "noded runs in the background as process %ld, and writes %s. To stop it: kill %ld. It does not start with "
            "the machine: run this again after a boot",
            (long)child->pid, child->log, (long)child->pid);
    else if (status == 0)
        ctl_say("noded is run by systemd, and starts with the machine. To stop it: systemctl stop noded");
    return status;
}

/* A machine that was a node before it had noded stays that node, unless somebody has said otherwise. */
static void take_known_id(struct bootstrap *b, struct bootstrap_id *known, const char *conf)
{
    struct nr_conf *file = NULL;
    struct nr_buf text, faults;
    if (b->node_id || !nr_conf_default_state_dir(b->ctl->conf)) return;
    nr_buf_init(&text, 0);
    nr_buf_init(&faults, 0);
    bool said = ctl_read_file(conf, CTL_CONF_FILE_MAX, &text) == 0 &&
                nr_conf_read_text(&file, conf, nr_buf_bytes(&text), &faults) == 0 &&
                nr_conf_source(file, NR_CONF_NODE_ID) == NR_CONF_FROM_FILE;
    nr_conf_free(file);
    nr_buf_fini(&text);
    nr_buf_fini(&faults);
    if (said) return;
    bootstrap_id_read(known, true);
    if (!*known->id) return;
    ctl_say("this machine is the node %s already (%s), and stays it", known->id, known->path);
    b->node_id = known->id;
}

/* A node that is there keeps its id. */
static int check_node_id(const struct bootstrap *b)
{
    char path[4200];
    struct nr_buf text;
    snprintf(path, sizeof path, "%s/node_id", b->ctl->state_dir);
    nr_buf_init(&text, 0);
    bool there = b->node_id && ctl_read_file(path, 4096, &text) == 0;
    while (text.len > 0 && text.data[text.len - 1] == '\n') text.len--;
    bool same = !there || nr_bytes_eq(nr_buf_bytes(&text), nr_bytes_str(b->node_id));
    if (!same)
        ctl_say("--node-id: this node is %.*s, and its id belongs to its key", (int)text.len, (const char *)text.data);
    nr_buf_fini(&text);
    return same ? 0 : CTL_FAILED;
}

int bootstrap_start(struct bootstrap *b, const char *noded)
{
    struct child child = { 0 };
    struct bootstrap_id known;
    char conf[4096];
    bool joined;
    int status = bootstrap_check_cluster(b, b->ctl->state_dir, &joined);
    if (status == 0) status = check_node_id(b);
    if (status == 0) status = bootstrap_conf_path(b, NULL, conf);
    if (status == 0 && !joined) take_known_id(b, &known, conf);
    if (status || b->dry_run) return status ? status : bootstrap_configure(b, conf);
    bool with_token = b->token && !joined;
    if (!joined && !b->token)
        ctl_say("no token was given: this node founds a cluster of its own. nodectl invite lets others join it");
    status = systemd_does_it(b, conf) ? start_by_systemd(b, conf, with_token)
                                      : start_by_itself(b, noded, conf, with_token, &child);
    return status ? status : finish(b, &child);
}
