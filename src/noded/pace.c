#include "noded/pace.h"

#include <stdbool.h>

int64_t pace_due(const struct pace *p, struct nr_now now)
{
    int64_t due = p->said < PACE_FREE ? now.mono_us : p->said_us + p->pause_us;
    return due > now.mono_us ? due : now.mono_us;
}

void pace_said(struct pace *p, struct nr_now now)
{
    bool rested = p->said < PACE_FREE || now.mono_us - p->said_us >= 2 * p->pause_us;
    int64_t longer = 2 * p->pause_us < PACE_MAX_US ? 2 * p->pause_us : PACE_MAX_US;
    p->pause_us = rested ? PACE_MIN_US : longer;
    p->said_us = now.mono_us;
    if (p->said < PACE_FREE) p->said++;
}
