#include "core/clock.h"

static uint64_t wall_stamp(struct nr_now now)
{
    return nr_stamp_make(now.wall_ms > 0 ? now.wall_ms : 1, 0);
}

void nr_clock_init(struct nr_clock *c, uint64_t floor)
{
    *c = (struct nr_clock){ .last = floor };
}

int nr_clock_next(struct nr_clock *c, const struct nr_core_host *host, struct nr_now now, uint64_t above,
                  uint64_t *stamp)
{
    if (nr_stamp_is_ahead(c->last, now.wall_ms)) {
        c->last = wall_stamp(now);
        c->limit = 0;
        c->resets++;
    }
    uint64_t next = c->last > above ? c->last : above;
    next = next + 1 > wall_stamp(now) ? next + 1 : wall_stamp(now);
    if (next >= c->limit) {
        uint64_t limit = wall_stamp(now) + ((uint64_t)NR_CLOCK_RESERVE_MS << 16);
        if (limit < next + NR_CLOCK_RESERVE_STAMPS) limit = next + NR_CLOCK_RESERVE_STAMPS;
        int err = host->reserve(host->ctx, limit);
        if (err) return err;
        c->limit = limit;
    }
    *stamp = c->last = next;
    return 0;
}

void nr_clock_follow(struct nr_clock *c, struct nr_now now, uint64_t stamp)
{
    if (stamp > c->last && nr_stamp_ms(stamp) <= now.wall_ms + NR_CLOCK_FOLLOW_MS) c->last = stamp;
}
