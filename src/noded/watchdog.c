#include "noded/watchdog.h"

#include "io/service.h"

static void on_turn(void *arg)
{
    struct watchdog *w = arg;
    nr_service_tell("WATCHDOG=1");
    nr_timer_in(w->timer, w->every_ms);
}

int watchdog_init(struct watchdog *w, struct nr_loop *loop)
{
    int64_t limit_us = nr_service_watchdog_us();
    *w = (struct watchdog){ 0 };
    if (limit_us == 0) return 0;
    w->every_ms = limit_us / 3000; /* one that comes late does no harm */
    w->timer = nr_timer_new(loop, on_turn, w);
    if (!w->timer) return NR_E_NOMEM;
    nr_timer_in(w->timer, 0);
    return 0;
}

void watchdog_fini(struct watchdog *w)
{
    nr_timer_free(w->timer);
    w->timer = NULL;
}
