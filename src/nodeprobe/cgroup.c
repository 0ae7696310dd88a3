#include "nodeprobe/cgroup.h"

#include "nodeprobe/procfs.h"
#include "nodeprobe/text.h"
#include "nodeprobe/tree.h"

#define GROUPS "/sys/fs/cgroup"

static bool ratio(uint64_t quota, uint64_t period, double *cpus)
{
    if (quota == 0 || period == 0) return false;
    *cpus = (double)quota / (double)period;
    return true;
}

bool cgroup_quota(struct nr_bytes cpu_max, double *cpus)
{
    struct nr_bytes quota, period;
    uint64_t q, p;
    if (!text_word(&cpu_max, &quota) || !text_word(&cpu_max, &period)) return false;
    return text_uint(quota, &q) && text_uint(period, &p) && ratio(q, p, cpus);
}

/* Version 2, then version 1, which says -1 for none. */
static bool quota_of(const char *root, double *cpus)
{
    char text[TREE_FILE_MAX];
    uint64_t quota, period;
    if (cgroup_quota(tree_read(root, text, sizeof text, GROUPS "/cpu.max"), cpus)) return true;
    return tree_number(root, &quota, GROUPS "/cpu/cpu.cfs_quota_us") &&
           tree_number(root, &period, GROUPS "/cpu/cpu.cfs_period_us") && ratio(quota, period, cpus);
}

bool cgroup_cpu_limit(const char *root, uint64_t cpus, double *limit)
{
    char text[TREE_FILE_MAX];
    double quota;
    uint64_t set = procfs_list_count(tree_read(root, text, sizeof text, GROUPS "/cpuset.cpus.effective"));
    *limit = (double)cpus;
    if (set > 0 && set < cpus) *limit = (double)set;
    if (quota_of(root, &quota) && quota < *limit) *limit = quota;
    return *limit < (double)cpus;
}

bool cgroup_memory_limit(const char *root, uint64_t bytes, uint64_t *limit)
{
    return (tree_number(root, limit, GROUPS "/memory.max") ||
            tree_number(root, limit, GROUPS "/memory/memory.limit_in_bytes")) &&
           *limit > 0 && *limit < bytes;
}
