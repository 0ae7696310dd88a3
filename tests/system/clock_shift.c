/* For LD_PRELOAD: the program's wall clock stands CLOCK_SHIFT_S seconds beside the machine's, and its monotonic clock
 * runs CLOCK_RATE times as fast (timers come when the program is woken by something else, too: the kernel waits by its
 * own clock). What a test needs to have happened a while ago is so made by the real program, without waiting.
 * CLOCK_SHIFT_FILE names a file of 8 bytes: by so many milliseconds more the wall clock is off, at every moment. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *file_ms;

__attribute__((constructor)) static void map_file(void)
{
    const char *path = getenv("CLOCK_SHIFT_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *file_ms, PROT_READ, MAP_SHARED, fd, 0);
    if (path && at == MAP_FAILED) abort();
    if (fd >= 0) close(fd);
    if (path) file_ms = at;
}

static void add_ms(struct timespec *t, int64_t ms)
{
    t->tv_sec += ms / 1000;
    t->tv_nsec += ms % 1000 * 1000000;
    if (t->tv_nsec < 0) {
        t->tv_nsec += 1000000000;
        t->tv_sec--;
    } else if (t->tv_nsec >= 1000000000) {
        t->tv_nsec -= 1000000000;
        t->tv_sec++;
    }
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *out)
{
    const char *shift = getenv("CLOCK_SHIFT_S"), *rate = getenv("CLOCK_RATE");
    long err = syscall(SYS_clock_gettime, clock, out);
    if (err == 0 && clock == CLOCK_REALTIME && shift) out->tv_sec += atol(shift);
    if (err == 0 && clock == CLOCK_REALTIME && file_ms) add_ms(out, *file_ms);
    if (err == 0 && rate && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)) {
        long long ns = ((long long)out->tv_sec * 1000000000 + out->tv_nsec) * atol(rate);
        out->tv_sec = (time_t)(ns / 1000000000);
        out->tv_nsec = (long)(ns % 1000000000);
    }
    return (int)err;
}
