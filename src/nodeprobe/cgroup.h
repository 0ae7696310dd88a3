/* The share of a machine that a container was given.
 *
 * Looked at is the root of the control groups that this process sees: a container's own, within it. On a machine's
 * first level there are no limits, and those of a service such as ours say nothing about the machine. */
#ifndef NODEPROBE_CGROUP_H
#define NODEPROBE_CGROUP_H

#include "base/bytes.h"

/* cpu.max of version 2, "QUOTA PERIOD" or "max PERIOD": in CPUs. False: no limit. */
bool cgroup_quota(struct nr_bytes cpu_max, double *cpus);

/* False: none, or none below what the machine has. */
bool cgroup_cpu_limit(const char *root, uint64_t cpus, double *limit);
bool cgroup_memory_limit(const char *root, uint64_t bytes, uint64_t *limit);

#endif
