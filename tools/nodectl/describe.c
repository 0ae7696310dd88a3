#include "tools/nodectl/describe.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/clock.h"
#include "probe/launch.h"
#include "probe/plan.h"
#include "probe/report.h"
#include "tools/nodectl/stop.h"

#define ANSWER_US INT64_C(20000000) /* beside the longest check: its own limits are well below */
#define END_US    INT64_C(500000)

void ctl_description_fini(struct ctl_description *d)
{
    nr_buf_fini(&d->capabilities);
    nr_buf_fini(&d->modules);
    nr_buf_fini(&d->metrics);
}

static int send_plan(int fd, const struct nr_plan *plan)
{
    uint8_t *frame = malloc(4 + NR_PLAN_FRAME_MAX);
    struct nr_writer w;
    int err = frame ? 0 : NR_E_NOMEM;
    if (err) return err;
    nr_writer_init(&w, frame + 4, NR_PLAN_FRAME_MAX);
    nr_plan_encode(&w, plan);
    struct nr_writer head;
    nr_writer_init(&head, frame, 4);
    nr_write_u32(&head, (uint32_t)nr_writer_len(&w));
    err = w.err;
    for (size_t sent = 0, len = 4 + nr_writer_len(&w); !err && sent < len;) {
        ssize_t n = send(fd, frame + sent, len - sent, MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        else if (errno != EINTR)
            err = NR_E_SYSTEM;
    }
    free(frame);
    return err;
}

static int start(struct ctl_probe *p, const struct nr_plan *plan)
{
    *p = (struct ctl_probe){ .fd = -1 };
    nr_buf_init(&p->in, 4 + NR_REPORT_FRAME_MAX);
    int err = nr_probe_launch(&p->fd, &p->pid);
    if (err) {
        p->fd = -1;
        return err;
    }
    err = send_plan(p->fd, plan);
    if (err) ctl_probe_stop(p);
    return err;
}

int ctl_probe_start(struct ctl_probe *p, const struct nr_conf *conf, uint32_t load_ms)
{
    struct nr_plan *plan = malloc(sizeof *plan);
    if (!plan) {
        *p = (struct ctl_probe){ .fd = -1 };
        return NR_E_NOMEM;
    }
    nr_plan_from_conf(plan, conf);
    plan->once = false;
    plan->load_ms = load_ms;
    int err = start(p, plan);
    free(plan);
    return err;
}

/* It ends when its socket is closed; one that does not is ended. */
void ctl_probe_stop(struct ctl_probe *p)
{
    int status;
    if (p->fd < 0) return;
    close(p->fd);
    p->fd = -1;
    nr_buf_fini(&p->in);
    for (int64_t until_us = nr_clock_now().mono_us + END_US; nr_clock_now().mono_us < until_us; usleep(5000))
        if (waitpid(p->pid, &status, WNOHANG) != 0) return;
    kill(p->pid, SIGKILL);
    waitpid(p->pid, &status, 0);
}

/* A part that is in the report takes the place of what was held. */
static bool take_part(struct nr_buf *held, struct nr_bytes part)
{
    if (part.len == 0 || nr_bytes_eq(nr_buf_bytes(held), part)) return false;
    nr_buf_reset(held);
    nr_buf_add(held, part.data, part.len);
    return true;
}

static int take_report(struct nr_bytes body, struct ctl_description *d, bool *changed)
{
    struct nr_report report;
    int err = nr_report_decode(body, &report);
    if (err) return err;
    if (take_part(&d->capabilities, report.capabilities)) *changed = true;
    if (take_part(&d->modules, report.modules)) *changed = true;
    (void)take_part(&d->metrics, report.metrics);
    err = d->capabilities.err ? d->capabilities.err : d->modules.err;
    return err ? err : d->metrics.err;
}

static int take_frames(struct ctl_probe *p, struct ctl_description *d, bool *changed, bool *any)
{
    for (;;) {
        long len = nr_control_frame(nr_buf_bytes(&p->in), NR_REPORT_FRAME_MAX);
        if (len <= 0) return (int)len;
        int err = take_report(nr_bytes(p->in.data + 4, (size_t)len - 4), d, changed);
        if (err) return err;
        *any = true;
        memmove(p->in.data, p->in.data + len, p->in.len - (size_t)len);
        p->in.len -= (size_t)len;
    }
}

/* What has come so far. NR_E_IO: it has ended. */
static int take(struct ctl_probe *p, struct ctl_description *d, bool *changed, bool *any)
{
    uint8_t chunk[4096];
    for (;;) {
        ssize_t n = recv(p->fd, chunk, sizeof chunk, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return 0;
        if (n <= 0) return NR_E_IO;
        nr_buf_add(&p->in, chunk, (size_t)n);
        int err = p->in.err ? p->in.err : take_frames(p, d, changed, any);
        if (err) return err;
    }
}

int ctl_probe_take(struct ctl_probe *p, struct ctl_description *d, bool *changed)
{
    bool any = false;
    return take(p, d, changed, &any);
}

static int64_t longest_us(const struct nr_plan *plan)
{
    uint32_t longest_ms = 0;
    for (size_t i = 0; i < plan->check_count; i++)
        if (plan->checks[i].timeout_ms > longest_ms) longest_ms = plan->checks[i].timeout_ms;
    return ANSWER_US + INT64_C(1000) * longest_ms;
}

static int wait_for_report(struct ctl_probe *p, const struct nr_plan *plan, struct ctl_description *out)
{
    int64_t until_us = nr_clock_now().mono_us + longest_us(plan);
    bool any = false, changed = false;
    int err = 0;
    while (!err && !any && ctl_wait(p->fd, until_us)) err = take(p, out, &changed, &any);
    if (any) return 0;
    if (ctl_stop_asked()) return CTL_FAILED;
    if (err == NR_E_IO) return ctl_fail("nodeprobe ended without an answer: what it said stands above");
    if (err) return ctl_fail("nodeprobe: its answer cannot be read: %s: is it of the same version?", nr_strerror(err));
    return ctl_fail("nodeprobe does not answer: [node] no_detect in the configuration can leave out what hangs");
}

int ctl_describe_once(const struct ctl *ctl, bool checks, struct ctl_description *out)
{
    struct ctl_probe probe;
    struct nr_plan *plan = malloc(sizeof *plan);
    *out = (struct ctl_description){ 0 };
    if (!plan) return ctl_fail("%s", nr_strerror(NR_E_NOMEM));
    nr_plan_from_conf(plan, ctl->conf);
    plan->once = true;
    if (!checks) plan->check_count = 0;
    int status = CTL_FAILED, err = start(&probe, plan);
    if (err == NR_E_NOT_FOUND)
        ctl_say(
            "nodeprobe, which looks at this machine, is missing: install it beside nodectl, or noded's package anew");
    else if (err)
        ctl_say("nodeprobe cannot be started: %s", err == NR_E_SYSTEM ? strerror(errno) : nr_strerror(err));
    else
        status = wait_for_report(&probe, plan, out);
    ctl_probe_stop(&probe);
    free(plan);
    return status;
}
