#include "nodeprobe/checks.h"

#include <stdlib.h>

#include "base/log.h"
#include "io/clock.h"
#include "proto/mp.h"

#define FIRST_WITHIN_MS 1000
#define SLACK_MS        500 /* for a check that watches its timeout itself, before it is given up */

struct watched {
    struct checks *all;
    const struct nr_check *check;
    struct task *task;
    struct nr_timer *due;
    int64_t begun_us;
    enum check_status status;
    bool ended_once;
};

struct checks {
    struct checks_options options;
    size_t count;
    struct watched by_id[NR_CHECKS_MAX];
};

/* In the child: one byte of status, then the note. */
static int run_check(void *arg, struct nr_writer *out)
{
    const struct watched *w = arg;
    struct check_result result;
    check_look(w->check, &result);
    nr_write_u8(out, (uint8_t)result.status);
    nr_write_bytes(out, nr_bytes_str(result.note));
    return 0;
}

static enum check_status status_of(int err, struct nr_bytes output)
{
    if (err == NR_E_TIMEOUT) return CHECK_DOWN;
    if (err || output.len == 0 || output.data[0] > CHECK_DOWN) return CHECK_UNKNOWN;
    return (enum check_status)output.data[0];
}

static void set_status(struct watched *w, enum check_status status, struct nr_bytes note)
{
    enum nr_log_level level = status == w->status ? NR_LOG_DEBUG : NR_LOG_INFO;
    nr_log(level, "check: %s: %.*s id=%.*s was=%s", check_status_word(status), (int)note.len, note.data,
           (int)w->check->id.len, w->check->id.data, check_status_word(w->status));
    w->status = status;
}

static void check_ended(void *arg, int err, struct nr_bytes output)
{
    struct watched *w = arg;
    struct checks *c = w->all;
    struct nr_bytes note = output.len > 0 ? nr_bytes(output.data + 1, output.len - 1) : nr_bytes_str(nr_strerror(err));
    set_status(w, status_of(err, output), note);
    w->ended_once = true;
    if (!c->options.plan->once) {
        uint32_t interval = w->check->interval_ms;
        int64_t jitter = (int64_t)nr_rng_below(c->options.rng, interval / 10 + 1) - interval / 20;
        int64_t pause = interval + jitter - (nr_clock_now().mono_us - w->begun_us) / 1000;
        nr_timer_in(w->due, pause > 0 ? pause : 0);
    }
    c->options.looked(c->options.arg);
}

static void check_due(void *arg)
{
    struct watched *w = arg;
    w->begun_us = nr_clock_now().mono_us;
    /* Else the one before was given up and is not gone yet, or too much of others is not, which says nothing of it. */
    if (!task_start(w->task)) check_ended(w, w->status == CHECK_DOWN ? NR_E_TIMEOUT : NR_E_BUSY, nr_bytes(NULL, 0));
}

static bool same(const struct nr_check *a, const struct nr_check *b)
{
    return a->kind == b->kind && nr_bytes_eq(a->id, b->id) && nr_bytes_eq(a->target, b->target);
}

static void take_over(struct watched *w, const struct checks *before)
{
    for (size_t i = 0; before && i < before->count; i++) {
        const struct watched *old = &before->by_id[i];
        if (!same(old->check, w->check)) continue;
        w->status = old->status;
        w->ended_once = old->ended_once;
    }
}

static int watch(struct watched *w)
{
    const struct checks_options *o = &w->all->options;
    bool exec = w->check->kind == NR_CHECK_EXEC;
    const struct task_options options = {
        .name = "check",
        .deadline_ms = w->check->timeout_ms + (exec ? 0 : SLACK_MS),
        .output_max = 1 + CHECK_NOTE_MAX,
        .work = run_check,
        .ended = check_ended,
        .arg = w,
    };
    w->task = task_new(o->pool, &options);
    w->due = nr_timer_new(o->loop, check_due, w);
    if (!w->task || !w->due) return NR_E_NOMEM;
    nr_timer_in(w->due, o->plan->once ? 0 : nr_rng_below(o->rng, FIRST_WITHIN_MS));
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return nr_bytes_cmp(((const struct watched *)a)->check->id, ((const struct watched *)b)->check->id);
}

struct checks *checks_new(const struct checks_options *options, const struct checks *before)
{
    struct checks *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->options = *options;
    c->count = options->plan->check_count;
    for (size_t i = 0; i < c->count; i++) {
        c->by_id[i] = (struct watched){ .all = c, .check = &options->plan->checks[i] };
        take_over(&c->by_id[i], before);
    }
    qsort(c->by_id, c->count, sizeof c->by_id[0], by_id);
    for (size_t i = 0; i < c->count; i++) {
        if (watch(&c->by_id[i]) == 0) continue;
        checks_free(c);
        return NULL;
    }
    return c;
}

void checks_free(struct checks *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->count; i++) {
        task_free(c->by_id[i].task);
        nr_timer_free(c->by_id[i].due);
    }
    free(c);
}

bool checks_complete(const struct checks *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (!c->by_id[i].ended_once) return false;
    return true;
}

static void write_module(const struct watched *w, struct nr_writer *out)
{
    nr_mp_write_map(out, w->check->port ? 3 : 2);
    nr_mp_write_cstr(out, "id");
    nr_mp_write_str(out, w->check->id);
    if (w->check->port) {
        nr_mp_write_cstr(out, "port");
        nr_mp_write_uint(out, w->check->port);
    }
    nr_mp_write_cstr(out, "status");
    nr_mp_write_cstr(out, check_status_word(w->status));
}

void checks_modules(const struct checks *c, struct nr_writer *out)
{
    nr_mp_write_array(out, (uint32_t)c->count);
    for (size_t i = 0; i < c->count; i++) write_module(&c->by_id[i], out);
}
