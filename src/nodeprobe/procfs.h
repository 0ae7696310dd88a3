/* What the kernel's and the system's text files say. Pure: bytes in, values out; any bytes will do. */
#ifndef NODEPROBE_PROCFS_H
#define NODEPROBE_PROCFS_H

#include "base/bytes.h"

#define PROCFS_NAME_MAX 100 /* with a NUL */

/* Ticks since the machine's start, over all CPUs. A guest's time is in its host's. */
struct procfs_cpu {
    uint64_t total, idle; /* idle: waiting for a disk too */
};
/* /proc/stat */
bool procfs_cpu(struct nr_bytes stat, struct procfs_cpu *out);
/* 0–100 between two moments; false where no time went by, or it went backwards. */
bool procfs_cpu_percent(const struct procfs_cpu *before, const struct procfs_cpu *after, double *out);

struct procfs_memory {
    uint64_t total, available; /* bytes; available ≤ total */
};
/* /proc/meminfo */
bool procfs_memory(struct nr_bytes meminfo, struct procfs_memory *out);

/* /proc/loadavg: over 1, 5 and 15 minutes */
bool procfs_load(struct nr_bytes loadavg, double out[static 3]);

/* /proc/cpuinfo: the processor's name; on ARM, where the kernel tells numbers only, by a list of well-known ones. Empty
 * where it is not said. */
void procfs_cpu_model(struct nr_bytes cpuinfo, char out[static PROCFS_NAME_MAX]);
uint64_t procfs_cpuinfo_count(struct nr_bytes cpuinfo);
/* How many a list like "0-3,6" names; 0: it is no such list. */
uint64_t procfs_list_count(struct nr_bytes list);

/* os-release(5): PRETTY_NAME; empty where it is not there. */
void procfs_os_name(struct nr_bytes os_release, char out[static PROCFS_NAME_MAX]);

#endif
