/* The hybrid clock (proto/README.md A.6): stamps that only grow, follow the wall clock, and are reserved ahead on disk
 * so that a crash never makes one twice. Kulkarni et al., "Logical Physical Clocks", 2014. */
#ifndef NR_CORE_CLOCK_H
#define NR_CORE_CLOCK_H

#include "base/err.h"
#include "base/time.h"
#include "core/core.h"

/* Reserved ahead of the wall clock; and, where the stamps stand ahead of it themselves (each crash gives up what was
 * reserved and not used), only so many beyond them: a peer that crashes again and again keeps pace with its clock. */
#define NR_CLOCK_RESERVE_MS     3000
#define NR_CLOCK_RESERVE_STAMPS 16384
/* Stamps of others are followed only this far ahead of the wall clock. Half of what peers accept: one liar with a fast
 * clock cannot drag a peer to where a third, whose clock is a little slow, would refuse it. */
#define NR_CLOCK_FOLLOW_MS (NR_STAMP_AHEAD_MS / 2)

struct nr_clock {
    uint64_t last;  /* the newest made or followed */
    uint64_t limit; /* reserved: every stamp made is below */
    uint64_t resets;
};

/* `floor` is what was last reserved on disk, 0: nothing. */
void nr_clock_init(struct nr_clock *c, uint64_t floor);
/* A new stamp, greater than all before and than `above`; reserves through the host when needed. What `reserve` returns
 * on failure. A clock that stands further ahead of the wall clock than peers accept (the wall clock was wrong and was
 * set right) is taken back to it and counted: whatever was stamped up there was refused by all. */
int nr_clock_next(struct nr_clock *c, const struct nr_core_host *host, struct nr_now now, uint64_t above,
                  uint64_t *stamp) NR_MUST_CHECK;
void nr_clock_follow(struct nr_clock *c, struct nr_now now, uint64_t stamp);

#endif
