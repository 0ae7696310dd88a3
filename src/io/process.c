#include "io/process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void read_memory(struct nr_process *out)
{
    unsigned long long all, resident;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f) return;
    if (fscanf(f, "%llu %llu", &all, &resident) == 2) {
        out->virtual_bytes = all * page;
        out->resident_bytes = resident * page;
    }
    fclose(f);
}

static uint64_t open_descriptors(void)
{
    uint64_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    if (!d) return 0;
    for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n > 0 ? n - 1 : 0; /* the directory's own */
}

void nr_process_read(struct nr_process *out)
{
    struct rusage u;
    struct rlimit limit;
    *out = (struct nr_process){ .open_fds = open_descriptors() };
    read_memory(out);
    if (getrusage(RUSAGE_SELF, &u) == 0)
        out->cpu_us =
            (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        out->max_fds = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}
