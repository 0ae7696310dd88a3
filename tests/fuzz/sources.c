/* What files, tools and servers tell about a machine. The first byte says which of them; whatever is taken can be told
 * on. */
#include "base/utf8.h"
#include "nodeprobe/answer.h"
#include "nodeprobe/cgroup.h"
#include "nodeprobe/nvidia.h"
#include "nodeprobe/procfs.h"

static void shown(const char *text, size_t size)
{
    struct nr_bytes s = nr_bytes_str(text);
    nr_assert(s.len < size && nr_utf8_clean(s));
}

static void procfs(struct nr_bytes in)
{
    const struct procfs_cpu none = { 0 };
    struct procfs_memory memory;
    struct procfs_cpu cpu;
    char name[PROCFS_NAME_MAX];
    double v[3];
    if (procfs_cpu(in, &cpu)) nr_assert(cpu.idle <= cpu.total);
    if (procfs_cpu(in, &cpu) && procfs_cpu_percent(&none, &cpu, v)) nr_assert(v[0] >= 0 && v[0] <= 100);
    if (procfs_memory(in, &memory)) nr_assert(memory.total > 0 && memory.available <= memory.total);
    if (procfs_load(in, v)) nr_assert(v[0] >= 0 && v[1] >= 0 && v[2] >= 0);
    if (cgroup_quota(in, v)) nr_assert(v[0] > 0);
    nr_assert(procfs_cpuinfo_count(in) <= in.len && procfs_list_count(in) < (uint64_t)65536 * (in.len + 1));
    procfs_cpu_model(in, name);
    shown(name, sizeof name);
    procfs_os_name(in, name);
    shown(name, sizeof name);
}

static void gpus(struct nr_bytes in)
{
    char vendor[PCI_VENDOR_MAX] = "", device[PCI_NAME_MAX] = "";
    struct gpu_list l = { 0 };
    struct gpu one;
    double v;
    if (!nvidia_parse(in, &l)) nr_assert(l.count == 0 && l.beyond == 0);
    for (size_t i = 0; i < l.count; i++) shown(l.list[i].name, sizeof l.list[i].name);
    if (gpu_mean_percent(&l, &v)) nr_assert(v >= 0 && v <= 100);
    if (gpu_mean_memory(&l, &v)) nr_assert(v >= 0 && v <= 100);
    if (nvidia_parse_information(in, &one)) shown(one.name, sizeof one.name);
    pci_lookup(in, 0x1002, 0x73bf, vendor, device);
    shown(vendor, sizeof vendor);
    shown(device, sizeof device);
}

static void servers(struct nr_bytes in)
{
    static struct answer_ollama models;
    struct answer_docker docker;
    if (answer_docker(in, &docker) == 0) nr_assert(*docker.version);
    shown(docker.version, sizeof docker.version);
    shown(docker.api_version, sizeof docker.api_version);
    if (answer_ollama(in, &models) != 0) return;
    nr_assert(models.count <= models.told);
    for (size_t i = 0; i < models.count; i++) shown(models.models[i], sizeof models.models[i]);
    for (size_t i = 1; i < models.count; i++) nr_assert(strcmp(models.models[i - 1], models.models[i]) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct nr_bytes in) = { procfs, gpus, servers };
    if (size > 0) targets[data[0] % 3](nr_bytes(data + 1, size - 1));
    return 0;
}
