#include "noded/watchdog.h"

#include <systemd/sd-daemon.h>

static void on_turn(void *arg)
{
    struct watchdog *w = arg;
    sd_notify(0, "WATCHDOG=1");
    nr_timer_in(w->timer, w->every_ms);
}

int watchdog_init(struct watchdog *w, struct nr_loop *loop)
{
    uint64_t limit_us;
    *w = (struct watchdog){ 0 };
    if (sd_watchdog_enabled(0, &limit_us) <= 0) return 0;
    w->every_ms = (int64_t)(limit_us / 3000); /* one that comes late does no harm */
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
