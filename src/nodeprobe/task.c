/* A process that has ended is left unreaped until its group has been killed, so that neither number can mean somebody
 * else. Where a callback is called, nothing of the task or the list is used behind it. */
#include "nodeprobe/task.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/log.h"
#include "nodeprobe/task_child.h"

enum task_state {
    TASK_IDLE,
    TASK_WAITING, /* for its turn */
    TASK_RUNNING,
    TASK_KILLED, /* given up, and not gone yet */
};

struct task {
    struct task_pool *pool;
    struct task *next;
    struct task_options options;
    enum task_state state;
    bool orphan; /* freed by its owner while its process is not gone */
    uint64_t turn;
    pid_t pid;
    int fd; /* its output; -1: closed */
    struct nr_watch *readable;
    struct nr_timer *deadline;
    struct nr_buf output;
};

struct task_pool {
    struct nr_loop *loop;
    struct nr_signal *child;
    struct nr_later *turns;
    struct task *tasks;
    unsigned running, at_most, orphans;
    bool fails; /* the last that was to begin could not: said once */
    uint64_t last_turn;
};

static void close_output(struct task *t)
{
    nr_watch_free(t->readable);
    t->readable = NULL;
    if (t->fd >= 0) close(t->fd);
    t->fd = -1;
}

static void unlink_and_free(struct task *t)
{
    struct task **at = &t->pool->tasks;
    while (*at != t) at = &(*at)->next;
    *at = t->next;
    t->pool->orphans -= t->orphan;
    close_output(t);
    nr_timer_free(t->deadline);
    nr_buf_fini(&t->output);
    free(t);
}

/* Out of those that run, to `state`. */
static void leave(struct task *t, enum task_state state)
{
    if (t->state == TASK_RUNNING) {
        t->pool->running--;
        nr_later_ask(t->pool->turns);
    }
    t->state = state;
    nr_timer_cancel(t->deadline);
}

static void kill_group(struct task *t)
{
    kill(-t->pid, SIGKILL);
    close_output(t);
    leave(t, TASK_KILLED);
}

static void give_up(struct task *t, int err)
{
    nr_log_debug("probe: task given up: %s name=%s pid=%ld", nr_strerror(err), t->options.name, (long)t->pid);
    kill_group(t);
    t->options.ended(t->options.arg, err, nr_bytes(NULL, 0));
}

static void deadline_passed(void *arg)
{
    give_up(arg, NR_E_TIMEOUT);
}

/* Takes what is there. False: more than the bound. */
static bool read_output(struct task *t)
{
    uint8_t chunk[4096];
    ssize_t n = 1;
    while (n > 0 && !t->output.err) {
        n = read(t->fd, chunk, sizeof chunk);
        if (n > 0) nr_buf_add(&t->output, chunk, (size_t)n);
    }
    if (n == 0) close_output(t);
    return !t->output.err;
}

static void output_readable(void *arg, unsigned what)
{
    struct task *t = arg;
    (void)what;
    if (!read_output(t)) give_up(t, t->output.err);
}

static int error_of(int status)
{
    if (!WIFEXITED(status)) return NR_E_SYSTEM;
    int code = WEXITSTATUS(status);
    return code <= TASK_EXIT_MAX ? -code : NR_E_SYSTEM;
}

/* Its process has ended: kills what is left of the group, reaps it, and tells. */
static void finish(struct task *t)
{
    int status = 0;
    struct nr_buf output;
    if (t->state == TASK_RUNNING && t->fd >= 0 && !read_output(t)) {
        give_up(t, t->output.err); /* comes here once more */
        return;
    }
    kill(-t->pid, SIGKILL);
    waitpid(t->pid, &status, 0);
    bool tell = t->state == TASK_RUNNING;
    leave(t, TASK_IDLE);
    t->pid = 0;
    close_output(t);
    output = t->output;
    nr_buf_init(&t->output, t->options.output_max);
    struct task_options options = t->options;
    if (t->orphan) unlink_and_free(t);
    int err = error_of(status);
    if (tell) options.ended(options.arg, err, err ? nr_bytes(NULL, 0) : nr_buf_bytes(&output));
    nr_buf_fini(&output);
}

static struct task *find_ended(struct task_pool *pool)
{
    for (struct task *t = pool->tasks; t; t = t->next) {
        siginfo_t info = { 0 };
        if (t->pid == 0 || waitid(P_PID, (id_t)t->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) continue;
        if (info.si_pid != 0) return t;
    }
    return NULL;
}

static void child_ended(void *arg)
{
    struct task_pool *pool = arg;
    struct task *t;
    while ((t = find_ended(pool))) finish(t);
}

static int run_child(struct task *t)
{
    t->pid = task_child_fork(t->options.work, t->options.arg, t->options.output_max, &t->fd);
    if (t->pid < 0) {
        t->pid = 0;
        return NR_E_SYSTEM;
    }
    t->state = TASK_RUNNING;
    t->pool->running++;
    nr_buf_reset(&t->output);
    nr_timer_in(t->deadline, t->options.deadline_ms);
    t->readable = nr_watch_new(t->pool->loop, t->fd, output_readable, t);
    return t->readable ? nr_watch_want(t->readable, NR_READABLE) : NR_E_NOMEM;
}

static void begin(struct task *t)
{
    int err = run_child(t);
    enum nr_log_level level = t->pool->fails ? NR_LOG_DEBUG : NR_LOG_WARNING;
    t->pool->fails = err != 0;
    if (!err) return;
    nr_log(level, "probe: task not started: %s name=%s", strerror(errno), t->options.name);
    if (t->pid > 0) {
        give_up(t, err);
        return;
    }
    t->state = TASK_IDLE;
    t->options.ended(t->options.arg, err, nr_bytes(NULL, 0));
}

static struct task *next_in_turn(struct task_pool *pool)
{
    struct task *next = NULL;
    for (struct task *t = pool->tasks; t; t = t->next)
        if (t->state == TASK_WAITING && (!next || t->turn < next->turn)) next = t;
    return next;
}

static void give_turns(void *arg)
{
    struct task_pool *pool = arg;
    struct task *t;
    while (pool->running < pool->at_most && (t = next_in_turn(pool))) begin(t);
}

struct task_pool *task_pool_new(struct nr_loop *loop, unsigned at_most)
{
    struct task_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    *pool = (struct task_pool){ .loop = loop, .at_most = at_most };
    pool->child = nr_signal_new(loop, SIGCHLD, child_ended, pool);
    pool->turns = nr_later_new(loop, give_turns, pool);
    if (pool->child && pool->turns) return pool;
    task_pool_free(pool);
    return NULL;
}

void task_pool_free(struct task_pool *pool)
{
    if (!pool) return;
    while (pool->tasks) {
        nr_assert(pool->tasks->orphan);
        waitpid(pool->tasks->pid, NULL, WNOHANG); /* the others are left to init */
        unlink_and_free(pool->tasks);
    }
    nr_signal_free(pool->child);
    nr_later_free(pool->turns);
    free(pool);
}

struct task *task_new(struct task_pool *pool, const struct task_options *options)
{
    struct task *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    *t = (struct task){ .pool = pool, .options = *options, .fd = -1, .next = pool->tasks };
    nr_buf_init(&t->output, options->output_max);
    t->deadline = nr_timer_new(pool->loop, deadline_passed, t);
    if (!t->deadline) {
        free(t);
        return NULL;
    }
    pool->tasks = t;
    return t;
}

void task_free(struct task *t)
{
    if (!t) return;
    if (t->pid > 0) {
        kill_group(t);
        t->orphan = true;
        t->pool->orphans++;
    } else {
        unlink_and_free(t);
    }
}

bool task_start(struct task *t)
{
    if (t->state != TASK_IDLE || t->pool->orphans >= TASK_ORPHANS_MAX) return false;
    t->state = TASK_WAITING;
    t->turn = ++t->pool->last_turn;
    nr_later_ask(t->pool->turns);
    return true;
}
