/* The event loop: file descriptors, timers, signals, and work put off until everything that was ready has been handled.
 *
 * One thread. Callbacks may free any of these objects, their own too. Only src/io sees the library underneath. */
#ifndef NR_IO_LOOP_H
#define NR_IO_LOOP_H

#include <stdbool.h>

#include "base/err.h"
#include "base/time.h"

struct nr_loop;

struct nr_loop *nr_loop_new(void);       /* NULL: no memory or no epoll (errno) */
void nr_loop_free(struct nr_loop *loop); /* takes NULL; its objects must be freed before */
/* Runs until nr_loop_stop. NR_E_SYSTEM. */
int nr_loop_run(struct nr_loop *loop) NR_MUST_CHECK;
void nr_loop_stop(struct nr_loop *loop); /* returns once the callbacks that are ready have run */

/* A file descriptor, borrowed. Level-triggered; `what` is a set of the two bits. Begins with none wanted. */
#define NR_READABLE 1u
#define NR_WRITABLE 2u
struct nr_watch;
typedef void nr_watch_fn(void *arg, unsigned what);
struct nr_watch *nr_watch_new(struct nr_loop *loop, int fd, nr_watch_fn *fn, void *arg);
int nr_watch_want(struct nr_watch *w, unsigned what); /* 0 or NR_E_NOMEM */
void nr_watch_free(struct nr_watch *w);               /* takes NULL; before the descriptor is closed */

/* A timer that fires once for each time it is set. */
struct nr_timer;
typedef void nr_timer_fn(void *arg);
struct nr_timer *nr_timer_new(struct nr_loop *loop, nr_timer_fn *fn, void *arg);
void nr_timer_in(struct nr_timer *t, int64_t ms); /* replaces what was set */
/* At a moment of the monotonic clock; NR_NEVER_US cancels. */
void nr_timer_at(struct nr_timer *t, struct nr_now now, int64_t mono_us);
void nr_timer_cancel(struct nr_timer *t);
bool nr_timer_pending(const struct nr_timer *t);
void nr_timer_free(struct nr_timer *t); /* takes NULL */

/* A signal, delivered by the loop like any other event. */
struct nr_signal;
struct nr_signal *nr_signal_new(struct nr_loop *loop, int signo, nr_timer_fn *fn, void *arg);
void nr_signal_free(struct nr_signal *s); /* takes NULL */

/* Work put off: runs once, behind all callbacks that are ready now; asked for several times before that, still once.
 * What many callbacks of one turn of the loop need done (a commit) is so done once for all of them. */
struct nr_later;
struct nr_later *nr_later_new(struct nr_loop *loop, nr_timer_fn *fn, void *arg);
void nr_later_ask(struct nr_later *l);
void nr_later_free(struct nr_later *l); /* takes NULL */

#endif
