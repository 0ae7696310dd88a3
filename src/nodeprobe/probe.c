/* A new plan makes a new gather and new checks, which take over what the old ones know. What is to be sent is put
 * together behind all that happened in one turn of the loop, and compared with what was sent before. */
#include "nodeprobe/probe.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "io/clock.h"
#include "io/stream.h"
#include "nodeprobe/checks.h"
#include "nodeprobe/gather.h"
#include "probe/report.h"
#include "proto/mp.h"

#define SOURCES_AT_ONCE 6
#define CHECKS_AT_ONCE  10
#define SETTLE_MS       3000 /* a check that has no result by then is told as unknown */
#define DRAIN_POLL_MS   10
#define DOCKER_SOCKET   "/var/run/docker.sock"
#define NVIDIA_TOOL     "nvidia-smi"
#define URL_SIZE        (NR_PLAN_URL_MAX + 1)

/* What a plan set going. */
struct work {
    struct nr_plan plan;
    struct nr_buf body; /* which the plan borrows from */
    char ollama[URL_SIZE];
    struct gather *gather;
    struct checks *checks;
};

/* A part of a report as it was sent last. */
struct sent {
    uint8_t bytes[NR_MODULES_MAX];
    size_t len;
};
static_assert(NR_MODULES_MAX >= NR_CAPABILITIES_MAX, "either part fits");

struct probe {
    struct nr_loop *loop;
    struct nr_stream *stream;
    struct task_pool *sources_pool, *checks_pool;
    struct nr_later *report;
    struct nr_timer *settle, *drain, *sign;
    struct nr_rng rng;
    struct facts facts;
    struct work *work; /* NULL: no plan yet */
    struct sent capabilities, modules;
    bool measured, once_sent;
};

static void work_free(struct work *w)
{
    if (!w) return;
    gather_free(w->gather);
    checks_free(w->checks);
    nr_buf_fini(&w->body);
    free(w);
}

/* The part, where it differs from what was sent last; then it counts as sent. */
static struct nr_bytes news(struct sent *sent, const struct nr_writer *now)
{
    struct nr_bytes bytes = nr_writer_bytes(now);
    if (now->err || nr_bytes_eq(bytes, nr_bytes(sent->bytes, sent->len))) return nr_bytes(NULL, 0);
    memcpy(sent->bytes, bytes.data, bytes.len);
    sent->len = bytes.len;
    return nr_bytes(sent->bytes, sent->len);
}

static struct nr_bytes capabilities_news(struct probe *p)
{
    uint8_t room[NR_CAPABILITIES_MAX];
    struct nr_writer w;
    if (!gather_complete(p->work->gather)) return nr_bytes(NULL, 0);
    nr_writer_init(&w, room, sizeof room);
    unsigned left_out = facts_capabilities(&p->facts, &w);
    struct nr_bytes part = news(&p->capabilities, &w);
    if (part.len > 0 && left_out > 0) nr_log_warning("probe: description cut: too large parts=%u", left_out);
    return part;
}

static struct nr_bytes modules_news(struct probe *p)
{
    uint8_t room[NR_MODULES_MAX];
    struct nr_writer w;
    if (nr_timer_pending(p->settle) && !checks_complete(p->work->checks)) return nr_bytes(NULL, 0);
    nr_writer_init(&w, room, sizeof room);
    checks_modules(p->work->checks, &w);
    return news(&p->modules, &w);
}

static struct nr_bytes metrics_news(struct probe *p, uint8_t *room, size_t size)
{
    struct nr_writer w;
    bool measured = p->measured;
    p->measured = false;
    nr_writer_init(&w, room, size);
    if (measured) (void)facts_metrics(&p->facts, &w);
    return w.err ? nr_bytes(NULL, 0) : nr_writer_bytes(&w);
}

static void send_report(struct probe *p, const struct nr_report *r)
{
    uint8_t frame[4 + NR_REPORT_FRAME_MAX];
    struct nr_writer w, length;
    nr_writer_init(&w, frame, sizeof frame);
    nr_write_u32(&w, 0);
    nr_report_encode(&w, r);
    nr_writer_init(&length, frame, 4);
    nr_write_u32(&length, (uint32_t)nr_writer_len(&w) - 4);
    nr_stream_send(p->stream, nr_writer_bytes(&w));
    nr_timer_in(p->sign, NR_REPORT_PAUSE_MS);
}

/* Nothing has changed for long: a sign of life. */
static void sign(void *arg)
{
    struct probe *p = arg;
    if (p->stream) send_report(p, &(struct nr_report){ .metrics = { 0 } });
}

static void drained(void *arg)
{
    struct probe *p = arg;
    if (!p->stream || nr_stream_pending(p->stream) == 0) {
        nr_loop_stop(p->loop);
    } else {
        nr_timer_in(p->drain, DRAIN_POLL_MS);
    }
}

/* Whether all that was asked for once is known. */
static bool once_over(const struct work *w)
{
    return gather_complete(w->gather) && checks_complete(w->checks);
}

static void report(void *arg)
{
    struct probe *p = arg;
    uint8_t room[NR_REPORT_METRICS_MAX];
    if (!p->stream || !p->work || p->once_sent || (p->work->plan.once && !once_over(p->work))) return;
    struct nr_report r = {
        .capabilities = capabilities_news(p),
        .modules = modules_news(p),
        .metrics = metrics_news(p, room, sizeof room),
    };
    bool any = r.capabilities.len > 0 || r.modules.len > 0 || r.metrics.len > 0;
    if (any || p->work->plan.once) send_report(p, &r);
    if (!p->work->plan.once) return;
    p->once_sent = true;
    nr_timer_in(p->drain, 0);
}

static void source_looked(void *arg, bool measured)
{
    struct probe *p = arg;
    p->measured |= measured;
    nr_later_ask(p->report);
}

static void check_looked(void *arg)
{
    struct probe *p = arg;
    nr_later_ask(p->report);
}

static void settled(void *arg)
{
    struct probe *p = arg;
    nr_later_ask(p->report);
}

static struct gather *start_gather(struct probe *p, struct work *w)
{
    const struct gather_options options = {
        .loop = p->loop,
        .pool = p->sources_pool,
        .facts = &p->facts,
        .rng = &p->rng,
        .sources = source_table,
        .env = { .root = "", .ollama = w->ollama, .docker = DOCKER_SOCKET, .nvidia = NVIDIA_TOOL },
        .plan = &w->plan,
        .looked = source_looked,
        .arg = p,
    };
    return gather_new(&options);
}

static struct checks *start_checks(struct probe *p, struct work *w)
{
    const struct checks_options options = {
        .loop = p->loop,
        .pool = p->checks_pool,
        .rng = &p->rng,
        .plan = &w->plan,
        .looked = check_looked,
        .arg = p,
    };
    return checks_new(&options, p->work ? p->work->checks : NULL);
}

/* NR_E_NOMEM, or what is wrong with the plan. */
static int work_new(struct probe *p, struct nr_bytes body, struct work **out)
{
    struct work *w = calloc(1, sizeof *w);
    *out = w;
    if (!w) return NR_E_NOMEM;
    nr_buf_init(&w->body, 0);
    nr_buf_add(&w->body, body.data, body.len);
    if (w->body.err) return w->body.err;
    int err = nr_plan_decode(nr_buf_bytes(&w->body), &w->plan);
    if (err) return err;
    size_t len = w->plan.ollama.len;
    while (len > 0 && w->plan.ollama.data[len - 1] == '/') len--;
    if (len > 0) memcpy(w->ollama, w->plan.ollama.data, len);
    nr_log_setup(w->plan.log_level, w->plan.log_format);
    w->checks = start_checks(p, w);
    w->gather = start_gather(p, w);
    return w->checks && w->gather ? 0 : NR_E_NOMEM;
}

static void on_plan(void *arg, struct nr_bytes body)
{
    struct probe *p = arg;
    struct work *w;
    if (p->once_sent) return;
    int err = work_new(p, body, &w);
    if (err) {
        nr_log_error("probe: plan refused: %s", nr_strerror(err));
        work_free(w);
        nr_stream_break(p->stream);
        return;
    }
    work_free(p->work);
    p->work = w;
    if (!w->plan.once) {
        nr_timer_in(p->settle, SETTLE_MS);
        if (!nr_timer_pending(p->sign)) nr_timer_in(p->sign, NR_REPORT_PAUSE_MS);
    }
    nr_later_ask(p->report); /* a part may be gone */
}

static void on_closed(void *arg)
{
    struct probe *p = arg;
    nr_stream_free(p->stream);
    p->stream = NULL;
    nr_loop_stop(p->loop);
}

static bool open_parts(struct probe *p)
{
    p->sources_pool = task_pool_new(p->loop, SOURCES_AT_ONCE);
    p->checks_pool = task_pool_new(p->loop, CHECKS_AT_ONCE);
    p->report = nr_later_new(p->loop, report, p);
    p->settle = nr_timer_new(p->loop, settled, p);
    p->drain = nr_timer_new(p->loop, drained, p);
    p->sign = nr_timer_new(p->loop, sign, p);
    return p->stream && p->sources_pool && p->checks_pool && p->report && p->settle && p->drain && p->sign;
}

struct probe *probe_new(struct nr_loop *loop, int fd)
{
    struct probe *p = calloc(1, sizeof *p);
    const struct nr_stream_options options = {
        .frame_max = NR_PLAN_FRAME_MAX,
        .pending_max = 16 * NR_REPORT_FRAME_MAX,
        .pending_high = 16 * NR_REPORT_FRAME_MAX,
        .frame = on_plan,
        .closed = on_closed,
        .arg = p,
    };
    if (!p) {
        close(fd);
        return NULL;
    }
    p->loop = loop;
    facts_init(&p->facts);
    nr_rng_init(&p->rng, (uint64_t)nr_clock_now().mono_us ^ (uint64_t)getpid() << 32);
    p->capabilities = (struct sent){ .bytes = { 0x80 }, .len = 1 }; /* nothing was said yet: an empty map, */
    p->modules = (struct sent){ .bytes = { 0x90 }, .len = 1 };      /* an empty array */
    p->stream = nr_stream_new(loop, fd, &options);
    if (open_parts(p)) return p;
    probe_free(p);
    return NULL;
}

void probe_free(struct probe *p)
{
    if (!p) return;
    work_free(p->work);
    task_pool_free(p->sources_pool);
    task_pool_free(p->checks_pool);
    nr_later_free(p->report);
    nr_timer_free(p->settle);
    nr_timer_free(p->drain);
    nr_timer_free(p->sign);
    facts_fini(&p->facts);
    nr_stream_free(p->stream);
    free(p);
}
