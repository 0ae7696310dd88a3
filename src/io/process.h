/* What this process takes of the machine, as its metrics show it. */
#ifndef NR_IO_PROCESS_H
#define NR_IO_PROCESS_H

#include <stdint.h>

struct nr_process {
    int64_t cpu_us; /* in user and system mode */
    uint64_t resident_bytes, virtual_bytes;
    uint64_t open_fds;
    uint64_t max_fds; /* UINT64_MAX: no limit */
};

/* What the system does not tell is 0. */
void nr_process_read(struct nr_process *out);

#endif
