/* What this node thinks of its wall clock (proto/README.md C.9): whether it was set, which shows against the monotonic
 * clock, and whether neighbours confirm it. */
#include "core/state.h"

#define STEP_MS    30000
#define AGREE_MS   30000
#define ALONE_US   3600000000 /* nobody to ask: it has gone on for so long */
#define CHECK_US   1000000
#define ASK_US     5000000
#define BEFORE_ALL 1672531200000 /* 2023: a clock that says less was never set */

static int64_t skew_ms(struct nr_now now)
{
    return now.wall_ms - now.mono_us / 1000;
}

void nr_core_wall_start(struct nr_core *core, struct nr_now now)
{
    core->wall = (struct nr_wall){ .skew_ms = skew_ms(now), .steady_us = now.mono_us, .asked_us = now.mono_us };
}

static bool agrees(const struct nr_path *path)
{
    return path->clock_offset_ms >= -AGREE_MS && path->clock_offset_ms <= AGREE_MS;
}

/* By most neighbours. Who has none keeps what the last ones said, or takes a clock that nothing speaks against. */
bool nr_core_wall_confirmed(struct nr_core *core, struct nr_now now)
{
    struct nr_wall *w = &core->wall;
    size_t agree = 0;
    for (size_t i = 0; i < core->paths.count; i++) agree += agrees(core->paths.list[i]);
    if (core->paths.count)
        w->confirmed = 2 * agree > core->paths.count;
    else if (now.mono_us - w->steady_us >= ALONE_US && core->aside.ahead == 0)
        w->confirmed = true;
    if (now.wall_ms < BEFORE_ALL) w->confirmed = false;
    return w->confirmed;
}

static void event_step(struct nr_core *core, int64_t step_ms)
{
    struct nr_event *e = nr_events_add(&core->events, NR_EVENT_CLOCK_STEP);
    if (e) e->step_ms = step_ms;
}

/* What was refused by the old time may be asked for again. What this node said by a clock that was behind has perhaps
 * ended with the step; nobody meant it to. */
static void stepped(struct nr_core *core, struct nr_now now, int64_t step_ms)
{
    const struct nr_now was = { .mono_us = now.mono_us, .wall_ms = now.wall_ms - step_ms };
    bool was_behind = core->aside.ahead > 0 || was.wall_ms < BEFORE_ALL;
    for (size_t i = 0; i < core->paths.count; i++) core->paths.list[i]->clock_offset_ms -= step_ms;
    core->wall.confirmed = false;
    core->wall.steady_us = now.mono_us;
    core->seen = (struct nr_seen){ .since_us = now.mono_us };
    core->stats.clock_steps++;
    event_step(core, step_ms);
    if (step_ms < 0) nr_core_aside_ahead(core, now);
    if (step_ms > 0 && was_behind) nr_core_say_ended_again(core, now, was);
    core->aside.look_us = now.mono_us;
    if (core->beat_us != NR_NEVER_US) core->beat_us = now.mono_us;
}

/* Offsets are measured when a path is made: after a step they are worth another HELLO. */
static void ask_time(struct nr_core *core, struct nr_now now)
{
    struct nr_path *path;
    if (now.mono_us - core->wall.asked_us < ASK_US) return;
    core->wall.asked_us = now.mono_us;
    if (nr_core_random_paths(core, NULL, &path, 1)) (void)nr_core_greet(core, now, &path->addr);
}

void nr_core_wall_care(struct nr_core *core, struct nr_now now)
{
    struct nr_wall *w = &core->wall;
    int64_t step_ms = skew_ms(now) - w->skew_ms;
    w->skew_ms += step_ms;
    if (step_ms > STEP_MS || step_ms < -STEP_MS) stepped(core, now, step_ms);
    if (now.mono_us < w->check_us && now.mono_us < core->aside.look_us) return;
    w->check_us = now.mono_us + CHECK_US;
    bool was = w->confirmed, is = nr_core_wall_confirmed(core, now);
    if (core->aside.look_us == NR_NEVER_US) return;
    if (is && !was) core->aside.look_us = now.mono_us;
    if (!is) ask_time(core, now);
    nr_core_aside_care(core, now, is);
}
