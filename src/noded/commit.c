#include "noded/commit.h"

#include <stdlib.h>

#include "base/log.h"
#include "io/clock.h"

#define COLD_RESTED_MS 50
#define COLD_BURST_MS  200 /* a rest as long as this ends a burst */
#define COLD_QUIET_MS  10
#define COLD_CALM_MS   50 /* quiet for so long, in a burst that lasts */
#define COLD_MOST_MS   200
#define DISK_SHARE     8 /* of the time is spent waiting for a slow disk, at most, while nobody else waits */
#define DISK_MOST_MS   1000
#define PULSE_MS       1000
#define PULSE_ALONE_MS 250 /* more, before the process wakes for it alone */
#define SOON_MS        100
#define RETRY_MS       1000

/* A page cache, an SSD, a slow disk, one that hangs. */
const struct nr_histogram_bounds commit_bounds_us = {
    13, { 100, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000 }
};

struct commit {
    struct nr_store *store;
    void (*done)(void *arg, const struct commit_waiter *waiter, int err);
    void *arg;
    struct nr_later *later;
    struct nr_timer *cold, *pulse;
    struct commit_waiter *waiters;
    size_t count, room;
    bool pulse_soon;       /* its timer is set for the shorter time */
    int64_t pulse_ripe_us; /* from when on it is committed with whatever else is to do */
    int last_err, last_pulse_err;
    int64_t committed_us; /* when the registry half was last committed */
    int64_t burst_us;     /* the first of the commits that came close together */
    int64_t took_us;      /* the last that had something to do */
    size_t staged;        /* what it had staged when that was last looked at */
    struct commit_stats stats;
};

/* A line when it begins to fail and one when it works again, none in between. */
static void log_change(const char *what, int *last, int err)
{
    if (err && err != *last) nr_log_error("store: commit failed: %s half=%s", nr_strerror(err), what);
    if (!err && *last) nr_log_info("store: commits succeed again: half=%s", what);
    *last = err;
}

static void answer_waiters(struct commit *c, int err)
{
    /* `done` may make new waiters: these stand behind, and wait for the next commit. */
    size_t count = c->count;
    struct commit_waiter *waiters = c->waiters;
    c->waiters = NULL;
    c->count = c->room = 0;
    for (size_t i = 0; i < count; i++) {
        c->done(c->arg, &waiters[i], err);
        nr_buf_fini(&waiters[i].reply);
    }
    free(waiters);
}

static int timed(struct commit *c, enum nr_half half)
{
    bool idle = !(half == NR_REGISTRY ? nr_store_dirty(c->store) : nr_store_dirty_pulse(c->store));
    int64_t began_us = nr_clock_now().mono_us;
    int err = half == NR_REGISTRY ? nr_store_commit(c->store) : nr_store_commit_pulse(c->store);
    if (idle) return err;
    int64_t took_us = nr_clock_now().mono_us - began_us;
    if (half == NR_REGISTRY) c->took_us = took_us;
    nr_histogram_add(&c->stats.took_us[half], &commit_bounds_us, took_us);
    c->stats.failed[half] += err != 0;
    return err;
}

static int commit_cold(struct commit *c)
{
    int err = timed(c, NR_REGISTRY);
    int64_t now_us = nr_clock_now().mono_us;
    if (now_us - c->committed_us >= COLD_BURST_MS * 1000) c->burst_us = now_us;
    c->committed_us = now_us;
    c->staged = nr_store_staged(c->store);
    log_change("registry", &c->last_err, err);
    nr_timer_cancel(c->cold);
    if (err) nr_timer_in(c->cold, RETRY_MS);
    answer_waiters(c, err);
    return err;
}

static int commit_pulse(struct commit *c)
{
    int err = timed(c, NR_PULSE);
    c->pulse_soon = false;
    log_change("pulse", &c->last_pulse_err, err);
    nr_timer_cancel(c->pulse);
    if (err) nr_timer_in(c->pulse, RETRY_MS);
    return err;
}

static void cold_due(void *arg)
{
    (void)commit_cold(arg);
}

static void pulse_due(void *arg)
{
    (void)commit_pulse(arg);
}

struct commit *commit_new(struct nr_loop *loop, struct nr_store *store,
                          void (*done)(void *arg, const struct commit_waiter *waiter, int err), void *arg)
{
    struct commit *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->store = store;
    c->done = done;
    c->arg = arg;
    c->later = nr_later_new(loop, cold_due, c);
    c->cold = nr_timer_new(loop, cold_due, c);
    c->pulse = nr_timer_new(loop, pulse_due, c);
    if (c->later && c->cold && c->pulse) return c;
    commit_free(c);
    return NULL;
}

void commit_free(struct commit *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->count; i++) nr_buf_fini(&c->waiters[i].reply);
    free(c->waiters);
    nr_later_free(c->later);
    nr_timer_free(c->cold);
    nr_timer_free(c->pulse);
    free(c);
}

int commit_wait(struct commit *c, const struct commit_waiter *waiter)
{
    if (c->count == COMMIT_WAITERS_MAX) return NR_E_BUSY;
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 16;
        struct commit_waiter *waiters = realloc(c->waiters, room * sizeof *waiters);
        if (!waiters) return NR_E_NOMEM;
        c->waiters = waiters;
        c->room = room;
    }
    c->waiters[c->count++] = *waiter;
    nr_later_ask(c->later);
    return 0;
}

/* How long after the last commit another may wait: the daemon does nothing else while it waits for the disk. */
static int64_t apart_us(const struct commit *c, int64_t ms)
{
    int64_t us = c->took_us * DISK_SHARE;
    if (us > DISK_MOST_MS * 1000) us = DISK_MOST_MS * 1000;
    return us > ms * 1000 ? us : ms * 1000;
}

/* Something more is staged: when is it committed? The longer a burst has lasted, the longer it may go on. */
static int64_t cold_due_us(const struct commit *c, struct nr_now now)
{
    int64_t quiet_us = (now.mono_us - c->burst_us) / 4, most_us = c->committed_us + apart_us(c, COLD_MOST_MS);
    int64_t rested_us = c->committed_us + apart_us(c, COLD_RESTED_MS);
    if (!nr_timer_pending(c->cold) && now.mono_us >= rested_us) return now.mono_us;
    if (quiet_us < COLD_QUIET_MS * 1000) quiet_us = COLD_QUIET_MS * 1000;
    if (quiet_us > COLD_CALM_MS * 1000) quiet_us = COLD_CALM_MS * 1000;
    return now.mono_us + quiet_us < most_us ? now.mono_us + quiet_us : most_us;
}

/* One that failed keeps its pace. */
static void note_pulse(struct commit *c)
{
    struct nr_now now = nr_clock_now();
    if (!nr_timer_pending(c->pulse)) {
        c->pulse_ripe_us = now.mono_us + PULSE_MS * 1000;
        nr_timer_in(c->pulse, PULSE_MS + PULSE_ALONE_MS);
    } else if (!c->last_pulse_err && now.mono_us >= c->pulse_ripe_us) {
        (void)commit_pulse(c);
    }
}

void commit_note(struct commit *c)
{
    size_t staged = nr_store_staged(c->store);
    if (staged > c->staged && !c->last_err) {
        struct nr_now now = nr_clock_now();
        nr_timer_at(c->cold, now, cold_due_us(c, now));
    }
    c->staged = staged;
    if (nr_store_dirty_pulse(c->store)) note_pulse(c);
}

void commit_pulse_soon(struct commit *c)
{
    if (c->pulse_soon || c->last_pulse_err || !nr_store_dirty_pulse(c->store)) return;
    c->pulse_soon = true;
    nr_timer_in(c->pulse, SOON_MS);
}

int commit_now(struct commit *c)
{
    int err = commit_cold(c), pulse_err = commit_pulse(c);
    return err ? err : pulse_err;
}

const struct commit_stats *commit_stats(const struct commit *c)
{
    return &c->stats;
}
