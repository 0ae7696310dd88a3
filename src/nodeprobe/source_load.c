/* CPU time is a difference: the sample of one run is the memory of the next. The first run takes two. */
#include <poll.h>
#include <sys/statvfs.h>

#include "nodeprobe/part.h"
#include "nodeprobe/procfs.h"
#include "nodeprobe/sources.h"
#include "nodeprobe/tree.h"
#include "proto/mp.h"

#define FIRST_SAMPLE_MS 250
#define DEADLINE_MS     5000

static bool sample(const char *root, struct procfs_cpu *out)
{
    char text[TREE_FILE_MAX];
    return procfs_cpu(tree_read(root, text, sizeof text, "/proc/stat"), out);
}

/* "memory": [total, idle]. */
static bool remembered(struct nr_bytes last, struct procfs_cpu *out)
{
    struct nr_reader r;
    nr_reader_init(&r, last);
    if (last.len == 0 || nr_mp_read_array(&r) != 2) return false;
    out->total = nr_mp_read_uint(&r);
    out->idle = nr_mp_read_uint(&r);
    return nr_reader_end(&r) == 0;
}

static bool measure_cpu(const struct source_env *env, struct procfs_cpu *now, bool *known, double *percent)
{
    struct procfs_cpu before;
    if (!remembered(env->last, &before)) {
        if (!sample(env->root, &before)) return false;
        poll(NULL, 0, FIRST_SAMPLE_MS);
    }
    if (!sample(env->root, now)) return false;
    *known = procfs_cpu_percent(&before, now, percent);
    return true;
}

/* As df and psutil count: what only root may use is neither used nor free. */
static void add_disk(struct part *p, const char *root)
{
    struct statvfs fs;
    if (statvfs(*root ? root : "/", &fs) != 0 || fs.f_bfree > fs.f_blocks) return;
    uint64_t used = fs.f_blocks - fs.f_bfree, whole = used + fs.f_bavail;
    part_gib(p, "disk_free_gb", (uint64_t)fs.f_bavail * fs.f_frsize);
    if (whole > 0) part_number(p, "disk_percent", 100 * ((double)used / (double)whole), 1);
}

static void add_load(struct part *p, const char *root)
{
    char text[TREE_FILE_MAX];
    double load[3];
    if (!procfs_load(tree_read(root, text, sizeof text, "/proc/loadavg"), load)) return;
    part_number(p, "load_1", load[0], 2);
    part_number(p, "load_15", load[2], 2);
    part_number(p, "load_5", load[1], 2);
}

static void add_memory(struct part *p, const char *root)
{
    char text[TREE_FILE_MAX];
    struct procfs_memory m;
    if (!procfs_memory(tree_read(root, text, sizeof text, "/proc/meminfo"), &m)) return;
    part_gib(p, "memory_available_gb", m.available);
    part_number(p, "memory_percent", 100 * ((double)(m.total - m.available) / (double)m.total), 1);
}

static int run(const struct source_env *env, struct nr_writer *out)
{
    struct procfs_cpu now;
    struct part p;
    double percent;
    bool known = false, sampled = measure_cpu(env, &now, &known, &percent);
    part_init(&p, PART_MAX);
    if (known) part_number(&p, "cpu_percent", percent, 1);
    add_disk(&p, env->root);
    add_load(&p, env->root);
    add_memory(&p, env->root);
    nr_mp_write_map(out, sampled ? 2 : 1);
    if (sampled) {
        nr_mp_write_cstr(out, "memory");
        nr_mp_write_array(out, 2);
        nr_mp_write_uint(out, now.total);
        nr_mp_write_uint(out, now.idle);
    }
    nr_mp_write_cstr(out, "metrics");
    part_write_map(&p, out);
    return out->err;
}

const struct source source_load = {
    .name = "load",
    .needs = SOURCE_NEEDS(NR_SOURCE_LOAD),
    .deadline_ms = DEADLINE_MS,
    .run = run,
};
