#include "nodeprobe/probe.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "io/stream.h"
#include "probe/plan.h"
#include "probe/report.h"

struct probe {
    struct nr_loop *loop;
    struct nr_stream *stream;
    struct nr_plan plan;
};

static void on_frame(void *arg, struct nr_bytes body)
{
    struct probe *p = arg;
    int err = nr_plan_decode(body, &p->plan);
    if (err) {
        nr_log_error("probe: plan refused: %s", nr_strerror(err));
        nr_stream_break(p->stream);
        return;
    }
    nr_log_setup(p->plan.log_level, p->plan.log_format);
}

static void on_closed(void *arg)
{
    struct probe *p = arg;
    nr_stream_free(p->stream);
    p->stream = NULL;
    nr_loop_stop(p->loop);
}

struct probe *probe_new(struct nr_loop *loop, int fd)
{
    struct probe *p = calloc(1, sizeof *p);
    struct nr_stream_options options = {
        .frame_max = NR_PLAN_FRAME_MAX,
        .pending_max = 16 * NR_REPORT_FRAME_MAX,
        .pending_high = 16 * NR_REPORT_FRAME_MAX,
        .frame = on_frame,
        .closed = on_closed,
        .arg = p,
    };
    if (!p) {
        close(fd);
        return NULL;
    }
    p->loop = loop;
    p->stream = nr_stream_new(loop, fd, &options);
    if (p->stream) return p;
    probe_free(p);
    return NULL;
}

void probe_free(struct probe *p)
{
    if (!p) return;
    nr_stream_free(p->stream);
    free(p);
}
