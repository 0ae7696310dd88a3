/* The child is gone when it has been reaped, whatever became of its socket: only then another is started. */
#include "noded/probe.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/stream.h"
#include "probe/launch.h"

#define PAUSE_MIN_MS 1000
#define PAUSE_MAX_MS 60000
#define RAN_WELL_US  60000000
#define LINGER_MS    5000 /* one that was asked to end */
#define REAP_STEP_MS 10
#define MUTE_MAX     3
#define REAP_MS      1000

struct probe {
    struct probe_options o;
    struct nr_buf plan; /* a frame */
    bool wanted;
    bool leaving; /* the child was asked to end */
    bool missing_said, ends_said;
    pid_t pid;                /* -1: none */
    struct nr_stream *stream; /* NULL: none, or its socket is closed */
    int64_t started_us, pause_ms;
    struct nr_timer *restart, *patience;
    struct nr_signal *child;
    unsigned mute; /* times in a row that it ended without a report */
    struct probe_stats stats;
};

static void on_report(void *arg, struct nr_bytes body)
{
    struct probe *p = arg;
    struct nr_report report;
    if (nr_report_decode(body, &report) != 0) {
        p->stats.probe_reports_refused++;
        return;
    }
    p->stats.probe_reports++;
    p->mute = 0;
    nr_timer_in(p->patience, p->o.silent_ms);
    p->o.report(p->o.arg, &report);
}

static void hang_up(struct probe *p)
{
    nr_stream_free(p->stream);
    p->stream = NULL;
}

/* It has ended, or what came is no frame: it has a while to be gone. */
static void on_closed(void *arg)
{
    struct probe *p = arg;
    hang_up(p);
    nr_timer_in(p->patience, LINGER_MS);
}

static void try_again(struct probe *p)
{
    nr_timer_in(p->restart, p->pause_ms);
    p->pause_ms = p->pause_ms < PAUSE_MAX_MS / 2 ? 2 * p->pause_ms : PAUSE_MAX_MS;
}

static void launch_failed(struct probe *p, int err)
{
    const char *why = err == NR_E_SYSTEM ? strerror(errno) : nr_strerror(err);
    if (err == NR_E_NOT_FOUND) why = "nodeprobe is not installed";
    if (!p->missing_said) nr_log_warning("probe: cannot be started, this node does not describe itself: %s", why);
    p->missing_said = true;
    p->o.lost(p->o.arg);
    if (err == NR_E_NOT_FOUND) p->pause_ms = PAUSE_MAX_MS;
    try_again(p);
}

static void launch(struct probe *p)
{
    const struct nr_stream_options options = {
        .frame_max = NR_REPORT_FRAME_MAX,
        .pending_max = 2 * (NR_PLAN_FRAME_MAX + 4),
        .pending_high = 2 * (NR_PLAN_FRAME_MAX + 4),
        .frame = on_report,
        .closed = on_closed,
        .arg = p,
    };
    int fd;
    int err = nr_probe_launch(&fd, &p->pid);
    if (err) {
        p->pid = -1;
        launch_failed(p, err);
        return;
    }
    p->stats.probe_starts++;
    p->missing_said = false;
    p->started_us = nr_clock_now().mono_us;
    p->stream = nr_stream_new(p->o.loop, fd, &options);
    if (!p->stream) {
        kill(p->pid, SIGKILL);
        return;
    }
    nr_log_debug("probe: started: pid=%d", (int)p->pid);
    nr_timer_in(p->patience, p->o.silent_ms);
    nr_stream_send(p->stream, nr_buf_bytes(&p->plan));
}

static void on_restart(void *arg)
{
    struct probe *p = arg;
    if (p->wanted && p->pid < 0) launch(p);
}

static void on_patience_over(void *arg)
{
    struct probe *p = arg;
    if (p->pid < 0) return;
    if (p->stream) nr_log_warning("probe: nodeprobe says nothing any more: killed pid=%d", (int)p->pid);
    kill(p->pid, SIGKILL);
}

static void say_ended(struct probe *p, int status)
{
    if (p->ends_said) return;
    p->ends_said = true; /* one that always ends is not said each time */
    if (WIFSIGNALED(status)) {
        nr_log_warning("probe: nodeprobe ended, and is started again: signal=%d", WTERMSIG(status));
    } else {
        nr_log_warning("probe: nodeprobe ended, and is started again: status=%d", WEXITSTATUS(status));
    }
}

static void on_child(void *arg)
{
    struct probe *p = arg;
    int status;
    if (p->pid < 0 || waitpid(p->pid, &status, WNOHANG) != p->pid) return;
    p->pid = -1;
    hang_up(p);
    nr_timer_cancel(p->patience);
    if (p->leaving) {
        p->leaving = false;
        if (p->wanted) launch(p);
        return;
    }
    if (nr_clock_now().mono_us - p->started_us >= RAN_WELL_US) {
        p->pause_ms = PAUSE_MIN_MS;
        p->ends_said = false;
    }
    p->stats.probe_ends++;
    if (++p->mute == MUTE_MAX) p->o.lost(p->o.arg);
    say_ended(p, status);
    try_again(p);
}

struct probe *probe_new(const struct probe_options *options)
{
    struct probe *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->o = *options;
    p->pid = -1;
    p->pause_ms = PAUSE_MIN_MS;
    nr_buf_init(&p->plan, 0);
    p->restart = nr_timer_new(options->loop, on_restart, p);
    p->patience = nr_timer_new(options->loop, on_patience_over, p);
    p->child = nr_signal_new(options->loop, SIGCHLD, on_child, p);
    if (p->restart && p->patience && p->child) return p;
    probe_free(p);
    return NULL;
}

/* Asked by its socket, it has a while to end what it runs itself. */
void probe_end(struct probe *p)
{
    if (!p) return;
    p->wanted = false;
    nr_timer_cancel(p->restart);
    hang_up(p);
    if (p->pid < 0) return;
    p->leaving = true;
    nr_timer_in(p->patience, LINGER_MS);
}

/* Whether it has ended within so long. */
static bool reaped(const struct probe *p, int ms)
{
    const struct timespec step = { .tv_nsec = REAP_STEP_MS * 1000000L };
    for (int waited = 0; waitpid(p->pid, NULL, WNOHANG) == 0; waited += REAP_STEP_MS) {
        if (waited >= ms) return false;
        nanosleep(&step, NULL);
    }
    return true;
}

void probe_free(struct probe *p)
{
    if (!p) return;
    hang_up(p);
    if (p->pid > 0 && !reaped(p, REAP_MS)) {
        kill(p->pid, SIGKILL);
        (void)reaped(p, REAP_MS); /* init has what cannot even be killed */
    }
    nr_signal_free(p->child);
    nr_timer_free(p->patience);
    nr_timer_free(p->restart);
    nr_buf_fini(&p->plan);
    free(p);
}

static bool asks_for_something(const struct nr_plan *plan)
{
    bool any = plan->check_count > 0;
    for (enum nr_source s = 0; s < NR_SOURCE_COUNT; s++) any |= !plan->off[s];
    return any;
}

/* Holds the plan as a frame; *changed: it is another than before. */
static int hold_plan(struct probe *p, const struct nr_plan *plan, bool *changed)
{
    uint8_t *room = malloc(NR_PLAN_FRAME_MAX + 4);
    struct nr_buf frame;
    struct nr_writer w;
    nr_buf_init(&frame, 0);
    if (!room) return NR_E_NOMEM;
    nr_writer_init(&w, room + 4, NR_PLAN_FRAME_MAX);
    nr_plan_encode(&w, plan);
    nr_assert(!w.err); /* plan.c: the largest fits */
    size_t len = nr_writer_len(&w);
    nr_writer_init(&w, room, 4);
    nr_write_u32(&w, (uint32_t)len);
    nr_buf_add(&frame, room, len + 4);
    free(room);
    int err = frame.err;
    *changed = !err && !nr_bytes_eq(nr_buf_bytes(&frame), nr_buf_bytes(&p->plan));
    if (*changed) {
        nr_buf_fini(&p->plan);
        p->plan = frame;
    } else {
        nr_buf_fini(&frame);
    }
    return err;
}

int probe_set_plan(struct probe *p, const struct nr_plan *plan)
{
    bool changed;
    int err = hold_plan(p, plan, &changed);
    if (err || !changed) return err;
    if (!asks_for_something(plan)) {
        probe_end(p);
        return 0;
    }
    bool begins = !p->wanted && p->pid < 0;
    p->wanted = true;
    if (begins) launch(p);
    if (!begins && p->stream) nr_stream_send(p->stream, nr_buf_bytes(&p->plan));
    return 0;
}

bool probe_running(const struct probe *p)
{
    return p->stream != NULL;
}

const struct probe_stats *probe_stats(const struct probe *p)
{
    return &p->stats;
}
