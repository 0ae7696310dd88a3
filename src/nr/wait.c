/* Generations, and waiting for the next. Nobody tells readers of a commit, so its number is looked at: in the memory
 * map, without a system call but for the sleep between two looks. */
#include <errno.h>
#include <time.h>

#include "nr/impl.h"

#define LOOK_FIRST_MS 20
#define LOOK_LAST_MS  200
#define LOOKS_AT_ONCE 50 /* at the first pace: a second */

/* A replaced pulse half counts from the start again; its epoch keeps generations apart. */
static uint64_t pulse_generation(const struct nr_pulse *p, uint64_t number)
{
    return (p->epoch << 40) + number;
}

struct nr_generation nr_snapshot_generation(const nr_snapshot *s)
{
    struct nr_generation g = { 0 };
    if (!s->begun) return g;
    g.registry = nr_read_number(s->cold);
    g.pulse = pulse_generation(s->pulse, nr_read_number(s->hot));
    return g;
}

static bool has_changed(struct nr_snapshot *s, const struct nr_generation *seen)
{
    return nr_read_env_newest(s->registry->cold) != seen->registry ||
           pulse_generation(s->pulse, nr_read_env_newest(s->pulse->env)) != seen->pulse;
}

static int64_t mono_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
    struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&ts, NULL);
}

int nr_wait_change(nr_snapshot *s, struct nr_generation seen, int timeout_ms)
{
    int64_t deadline = mono_ms() + timeout_ms, pace = LOOK_FIRST_MS;
    int err = nr_snapshot_begin(s);
    for (int looks = 0; !err || err == NR_E_UNAVAILABLE; looks++) {
        if (!err && has_changed(s, &seen)) return nr_snapshot_begin(s);
        nr_snapshot_end(s); /* what is waited on must not keep pages */
        int64_t left = timeout_ms < 0 ? INT64_MAX : deadline - mono_ms();
        if (left <= 0) {
            err = nr_snapshot_begin(s);
            return err ? err : NR_E_TIMEOUT;
        }
        if (looks >= LOOKS_AT_ONCE && pace < LOOK_LAST_MS) pace += LOOK_FIRST_MS;
        sleep_ms(left < pace ? left : pace);
        if (err) err = nr_snapshot_begin(s);
    }
    return err;
}
