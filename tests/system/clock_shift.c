/* For LD_PRELOAD: the program's wall clock stands CLOCK_SHIFT_S seconds beside the machine's, and its monotonic clock
 * runs CLOCK_RATE times as fast (timers come when the program is woken by something else, too: the kernel waits by its
 * own clock). What a test needs to have happened a while ago is so made by the real program, without waiting. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *out)
{
    const char *shift = getenv("CLOCK_SHIFT_S"), *rate = getenv("CLOCK_RATE");
    long err = syscall(SYS_clock_gettime, clock, out);
    if (err == 0 && clock == CLOCK_REALTIME && shift) out->tv_sec += atol(shift);
    if (err == 0 && rate && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)) {
        long long ns = ((long long)out->tv_sec * 1000000000 + out->tv_nsec) * atol(rate);
        out->tv_sec = (time_t)(ns / 1000000000);
        out->tv_nsec = (long)(ns % 1000000000);
    }
    return (int)err;
}
