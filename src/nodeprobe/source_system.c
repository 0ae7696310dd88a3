#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "io/machine.h"
#include "nodeprobe/cgroup.h"
#include "nodeprobe/part.h"
#include "nodeprobe/procfs.h"
#include "nodeprobe/sources.h"
#include "nodeprobe/text.h"
#include "nodeprobe/tree.h"
#include "proto/mp.h"

#define ADDRESSES_MAX 8
#define CPUINFO_MAX   262144 /* the first processors of many do */
#define WORD_MAX      65     /* as in struct utsname */

/* What the tree says of CPUs and memory. */
struct hardware {
    char cpu_model[PROCFS_NAME_MAX], os[PROCFS_NAME_MAX];
    uint64_t cpus, memory, memory_limit;
    double cpu_limit;
    bool has_cpu_limit, has_memory_limit;
};

static void read_cpus(const char *root, struct hardware *h)
{
    char text[TREE_FILE_MAX];
    static char cpuinfo[CPUINFO_MAX];
    struct nr_bytes info = tree_read(root, cpuinfo, sizeof cpuinfo, "/proc/cpuinfo");
    procfs_cpu_model(info, h->cpu_model);
    h->cpus = procfs_list_count(tree_read(root, text, sizeof text, "/sys/devices/system/cpu/online"));
    if (h->cpus == 0) h->cpus = procfs_cpuinfo_count(info);
    h->has_cpu_limit = h->cpus > 0 && cgroup_cpu_limit(root, h->cpus, &h->cpu_limit);
}

static void read_hardware(const char *root, struct hardware *h)
{
    char text[TREE_FILE_MAX];
    struct procfs_memory m;
    *h = (struct hardware){ 0 };
    read_cpus(root, h);
    if (procfs_memory(tree_read(root, text, sizeof text, "/proc/meminfo"), &m)) {
        h->memory = m.total;
        h->has_memory_limit = cgroup_memory_limit(root, m.total, &h->memory_limit);
    }
    procfs_os_name(tree_read(root, text, sizeof text, "/etc/os-release"), h->os);
    if (!*h->os) procfs_os_name(tree_read(root, text, sizeof text, "/usr/lib/os-release"), h->os);
}

static void add_addresses(struct part *system)
{
    struct nr_addr list[NR_MACHINE_ADDRS_MAX];
    struct part addresses;
    size_t count = nr_machine_addresses(1, list);
    part_init(&addresses, PART_MAX);
    for (size_t i = 0; i < count && addresses.count < ADDRESSES_MAX; i++) {
        char text[NR_ADDR_TEXT];
        if (nr_addr_is_loopback(&list[i])) continue;
        nr_addr_format_ip(&list[i], text);
        part_add_text(&addresses, text);
    }
    part_array(system, "addresses", &addresses);
}

static void add_word(struct part *map, const char *key, const char *value)
{
    char clean[WORD_MAX];
    if (text_copy(clean, sizeof clean, nr_bytes_str(value))) part_text(map, key, clean);
}

static void add_root_size(struct part *system, const char *root)
{
    struct statvfs fs;
    if (statvfs(*root ? root : "/", &fs) == 0) part_gib(system, "disk_total_gb", (uint64_t)fs.f_blocks * fs.f_frsize);
}

static int run(const struct source_env *env, struct nr_writer *out)
{
    char hostname[NR_HOSTNAME_MAX + 1], ip[NR_IP_TEXT_MAX + 1];
    struct utsname name = { 0 };
    struct hardware h;
    struct part p;
    if (uname(&name) != 0) return NR_E_SYSTEM;
    nr_machine_hostname(hostname);
    nr_machine_ip(ip);
    read_hardware(env->root, &h);
    part_init(&p, SOURCE_SYSTEM_MAX);
    add_addresses(&p);
    add_word(&p, "architecture", name.machine);
    if (h.cpus) part_uint(&p, "cpu_count", h.cpus);
    if (h.has_cpu_limit) part_number(&p, "cpu_limit", h.cpu_limit, 2);
    part_text(&p, "cpu_model", h.cpu_model);
    add_root_size(&p, env->root);
    part_text(&p, "hostname", hostname);
    part_text(&p, "local_ip", ip);
    if (h.has_memory_limit) part_gib(&p, "memory_limit_gb", h.memory_limit);
    if (h.memory) part_gib(&p, "memory_total_gb", h.memory);
    part_text(&p, "os", h.os);
    add_word(&p, "platform", name.sysname);
    add_word(&p, "platform_version", name.release);
    nr_mp_write_map(out, 1);
    nr_mp_write_cstr(out, "system");
    part_write_map(&p, out);
    return out->err;
}

const struct source source_system = {
    .name = "system",
    .needs = SOURCE_NEEDS(NR_SOURCE_SYSTEM),
    .interval_ms = SOURCE_INTERVAL_FACTS,
    .deadline_ms = 5000,
    .run = run,
};
