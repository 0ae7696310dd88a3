/* Over libevent. An event that is made active while others of its turn run is put behind them, which is what struct
 * nr_later rests on: it is made active, not timed. */
#include "io/loop.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/assert.h"

struct nr_loop {
    struct event_base *base;
};

struct nr_watch {
    struct nr_loop *loop;
    struct event *readable, *writable;
    unsigned wanted;
    nr_watch_fn *fn;
    void *arg;
};

/* Timers, signals and work put off differ only in how the event is made. */
struct nr_timer {
    struct event *event;
    nr_timer_fn *fn;
    void *arg;
};
struct nr_signal {
    struct nr_timer timer;
};
struct nr_later {
    struct nr_timer timer;
};

/* By the coarse clock, libevent's default, a timer comes up to 4 ms late, and wakes the process each 1 ms before. */
struct nr_loop *nr_loop_new(void)
{
    struct nr_loop *loop = calloc(1, sizeof *loop);
    struct event_config *config = event_config_new();
    int flags = EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_PRECISE_TIMER;
    if (loop && config && event_config_set_flag(config, flags) == 0) {
        loop->base = event_base_new_with_config(config);
    }
    if (config) event_config_free(config);
    if (loop && loop->base) return loop;
    free(loop);
    return NULL;
}

void nr_loop_free(struct nr_loop *loop)
{
    if (!loop) return;
    event_base_free(loop->base);
    free(loop);
}

int nr_loop_run(struct nr_loop *loop)
{
    return event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? NR_E_SYSTEM : 0;
}

void nr_loop_stop(struct nr_loop *loop)
{
    event_base_loopexit(loop->base, NULL);
}

static void watch_fired(evutil_socket_t fd, short what, void *arg)
{
    struct nr_watch *w = arg;
    (void)fd;
    w->fn(w->arg, what & EV_READ ? NR_READABLE : NR_WRITABLE);
}

struct nr_watch *nr_watch_new(struct nr_loop *loop, int fd, nr_watch_fn *fn, void *arg)
{
    struct nr_watch *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    *w = (struct nr_watch){ .loop = loop, .fn = fn, .arg = arg };
    w->readable = event_new(loop->base, fd, EV_READ | EV_PERSIST, watch_fired, w);
    w->writable = event_new(loop->base, fd, EV_WRITE | EV_PERSIST, watch_fired, w);
    if (w->readable && w->writable) return w;
    nr_watch_free(w);
    return NULL;
}

static int want_event(struct event *event, bool had, bool want)
{
    if (had == want) return 0;
    return (want ? event_add(event, NULL) : event_del(event)) < 0 ? NR_E_NOMEM : 0;
}

int nr_watch_want(struct nr_watch *w, unsigned what)
{
    int err = want_event(w->readable, w->wanted & NR_READABLE, what & NR_READABLE);
    if (err) return err;
    w->wanted = (w->wanted & ~NR_READABLE) | (what & NR_READABLE);
    err = want_event(w->writable, w->wanted & NR_WRITABLE, what & NR_WRITABLE);
    if (err) return err;
    w->wanted = what;
    return 0;
}

void nr_watch_free(struct nr_watch *w)
{
    if (!w) return;
    if (w->readable) event_free(w->readable);
    if (w->writable) event_free(w->writable);
    free(w);
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
    struct nr_timer *t = arg;
    (void)fd;
    (void)what;
    t->fn(t->arg);
}

static bool timer_init(struct nr_timer *t, struct nr_loop *loop, int fd, short what, nr_timer_fn *fn, void *arg)
{
    *t = (struct nr_timer){ .fn = fn, .arg = arg };
    t->event = event_new(loop->base, fd, what, timer_fired, t);
    return t->event != NULL;
}

struct nr_timer *nr_timer_new(struct nr_loop *loop, nr_timer_fn *fn, void *arg)
{
    struct nr_timer *t = calloc(1, sizeof *t);
    if (t && timer_init(t, loop, -1, 0, fn, arg)) return t;
    free(t);
    return NULL;
}

static void timer_set_us(struct nr_timer *t, int64_t us)
{
    if (us < 0) us = 0;
    struct timeval tv = { .tv_sec = us / 1000000, .tv_usec = us % 1000000 };
    int err = evtimer_add(t->event, &tv);
    nr_assert(err == 0);
}

void nr_timer_in(struct nr_timer *t, int64_t ms)
{
    timer_set_us(t, ms * 1000);
}

void nr_timer_at(struct nr_timer *t, struct nr_now now, int64_t mono_us)
{
    if (mono_us == NR_NEVER_US) {
        nr_timer_cancel(t);
    } else {
        timer_set_us(t, mono_us - now.mono_us);
    }
}

void nr_timer_cancel(struct nr_timer *t)
{
    evtimer_del(t->event);
}

bool nr_timer_pending(const struct nr_timer *t)
{
    return evtimer_pending(t->event, NULL) != 0;
}

void nr_timer_free(struct nr_timer *t)
{
    if (!t) return;
    event_free(t->event);
    free(t);
}

struct nr_signal *nr_signal_new(struct nr_loop *loop, int signo, nr_timer_fn *fn, void *arg)
{
    struct nr_signal *s = calloc(1, sizeof *s);
    if (s && timer_init(&s->timer, loop, signo, EV_SIGNAL | EV_PERSIST, fn, arg)) {
        if (event_add(s->timer.event, NULL) == 0) return s;
        event_free(s->timer.event);
    }
    free(s);
    return NULL;
}

void nr_signal_free(struct nr_signal *s)
{
    if (!s) return;
    event_free(s->timer.event);
    free(s);
}

struct nr_later *nr_later_new(struct nr_loop *loop, nr_timer_fn *fn, void *arg)
{
    struct nr_later *l = calloc(1, sizeof *l);
    if (l && timer_init(&l->timer, loop, -1, 0, fn, arg)) return l;
    free(l);
    return NULL;
}

void nr_later_ask(struct nr_later *l)
{
    event_active(l->timer.event, EV_TIMEOUT, 1);
}

void nr_later_free(struct nr_later *l)
{
    if (!l) return;
    event_free(l->timer.event);
    free(l);
}
