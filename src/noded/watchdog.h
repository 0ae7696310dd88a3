/* The service manager's watchdog: while the loop turns, systemd hears of it; when it hangs, systemd ends the process
 * and starts it anew. */
#ifndef NODED_WATCHDOG_H
#define NODED_WATCHDOG_H

#include "io/loop.h"

struct watchdog {
    struct nr_timer *timer; /* NULL: nobody asked for signs of life */
    int64_t every_ms;
};

/* Begins, where the environment asks for it (WATCHDOG_USEC). NR_E_NOMEM. */
int watchdog_init(struct watchdog *w, struct nr_loop *loop) NR_MUST_CHECK;
void watchdog_fini(struct watchdog *w); /* takes a zeroed one */

#endif
