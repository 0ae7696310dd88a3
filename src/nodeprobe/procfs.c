#include "nodeprobe/procfs.h"

#include "nodeprobe/text.h"

#define CPU_FIELDS 8 /* user nice system idle iowait irq softirq steal; what follows is in user and nice */
#define CPUS_MAX   65536

bool procfs_cpu(struct nr_bytes stat, struct procfs_cpu *out)
{
    struct nr_bytes line, word;
    *out = (struct procfs_cpu){ 0 };
    if (!text_line(&stat, &line) || !text_word(&line, &word) || !text_is(word, "cpu")) return false;
    int i = 0;
    for (; i < CPU_FIELDS && text_word(&line, &word); i++) {
        uint64_t v;
        if (!text_uint(word, &v) || v > UINT64_MAX / CPU_FIELDS) return false;
        out->total += v;
        if (i == 3 || i == 4) out->idle += v;
    }
    return i >= 4; /* older kernels tell fewer */
}

bool procfs_cpu_percent(const struct procfs_cpu *before, const struct procfs_cpu *after, double *out)
{
    if (after->total <= before->total) return false;
    double all = (double)(after->total - before->total);
    /* Time spent waiting for a disk is known to run backwards. */
    double idle = after->idle > before->idle ? (double)(after->idle - before->idle) : 0;
    *out = idle < all ? 100 * ((all - idle) / all) : 0;
    return true;
}

static bool kilobytes(struct nr_bytes meminfo, const char *key, uint64_t *out)
{
    struct nr_bytes value, number;
    if (!text_value(meminfo, key, ':', &value) || !text_word(&value, &number)) return false;
    if (!text_uint(number, out) || *out > UINT64_MAX / 4096) return false;
    *out *= 1024;
    return true;
}

bool procfs_memory(struct nr_bytes meminfo, struct procfs_memory *out)
{
    uint64_t free = 0, buffers = 0, cached = 0;
    if (!kilobytes(meminfo, "MemTotal", &out->total) || out->total == 0) return false;
    if (!kilobytes(meminfo, "MemAvailable", &out->available)) {
        if (!kilobytes(meminfo, "MemFree", &free)) return false;
        out->available = free;
        if (kilobytes(meminfo, "Buffers", &buffers)) out->available += buffers;
        if (kilobytes(meminfo, "Cached", &cached)) out->available += cached;
    }
    /* In some containers the total is theirs and the rest the machine's. */
    if (out->available > out->total) out->available = out->total;
    return true;
}

bool procfs_load(struct nr_bytes loadavg, double out[static 3])
{
    struct nr_bytes word;
    for (int i = 0; i < 3; i++)
        if (!text_word(&loadavg, &word) || !text_decimal(word, &out[i])) return false;
    return true;
}

/* Processors that tell no name: implementer and part, as they stand in Arm's and others' manuals. */
static const struct {
    uint32_t implementer, part;
    const char *name;
} arm_parts[] = {
    { 0x41, 0xc07, "ARM Cortex-A7" },    { 0x41, 0xc09, "ARM Cortex-A9" },   { 0x41, 0xc0f, "ARM Cortex-A15" },
    { 0x41, 0xb76, "ARM1176" },          { 0x41, 0xd03, "ARM Cortex-A53" },  { 0x41, 0xd04, "ARM Cortex-A35" },
    { 0x41, 0xd05, "ARM Cortex-A55" },   { 0x41, 0xd07, "ARM Cortex-A57" },  { 0x41, 0xd08, "ARM Cortex-A72" },
    { 0x41, 0xd09, "ARM Cortex-A73" },   { 0x41, 0xd0a, "ARM Cortex-A75" },  { 0x41, 0xd0b, "ARM Cortex-A76" },
    { 0x41, 0xd0c, "ARM Neoverse-N1" },  { 0x41, 0xd40, "ARM Neoverse-V1" }, { 0x41, 0xd41, "ARM Cortex-A78" },
    { 0x41, 0xd42, "ARM Cortex-A78AE" }, { 0x41, 0xd49, "ARM Neoverse-N2" }, { 0x41, 0xd4f, "ARM Neoverse-V2" },
    { 0x43, 0x0af, "Cavium ThunderX2" }, { 0x48, 0xd01, "Kunpeng-920" },     { 0x4e, 0x004, "NVIDIA Carmel" },
    { 0xc0, 0xac3, "Ampere-1" },         { 0xc0, 0xac4, "Ampere-1A" },
};

static bool arm_model(struct nr_bytes cpuinfo, char out[static PROCFS_NAME_MAX])
{
    struct nr_bytes value;
    uint32_t implementer, part;
    if (!text_value(cpuinfo, "CPU implementer", ':', &value) || !text_hex(value, &implementer)) return false;
    if (!text_value(cpuinfo, "CPU part", ':', &value) || !text_hex(value, &part)) return false;
    for (size_t i = 0; i < sizeof arm_parts / sizeof *arm_parts; i++)
        if (arm_parts[i].implementer == implementer && arm_parts[i].part == part)
            return text_copy(out, PROCFS_NAME_MAX, nr_bytes_str(arm_parts[i].name));
    return false;
}

void procfs_cpu_model(struct nr_bytes cpuinfo, char out[static PROCFS_NAME_MAX])
{
    /* x86; POWER; RISC-V; a board's name is better than none */
    static const char *const keys[] = { "model name", "cpu", "uarch", "Hardware", "Model" };
    struct nr_bytes value;
    *out = '\0';
    if (arm_model(cpuinfo, out)) return;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (text_value(cpuinfo, keys[i], ':', &value) && text_copy(out, PROCFS_NAME_MAX, value)) return;
}

uint64_t procfs_cpuinfo_count(struct nr_bytes cpuinfo)
{
    struct nr_bytes line, name;
    uint64_t count = 0;
    while (text_line(&cpuinfo, &line))
        if (text_until(&line, ':', &name) && text_is(text_trim(name), "processor")) count++;
    return count;
}

uint64_t procfs_list_count(struct nr_bytes list)
{
    struct nr_bytes range, first;
    uint64_t count = 0;
    list = text_trim(list);
    while (text_until(&list, ',', &range)) {
        uint64_t from, to;
        size_t len = range.len;
        if (!text_until(&range, '-', &first) || !text_uint(first, &from)) return 0;
        to = from;
        if (first.len < len && !text_uint(range, &to)) return 0;
        if (to < from || to >= CPUS_MAX) return 0;
        count += to - from + 1;
    }
    return count;
}

/* A value as a shell would read it, quotes and backslashes taken off. */
static struct nr_bytes unquote(struct nr_bytes value, char *into, size_t size)
{
    size_t len = 0, i = 0;
    char quote = 0;
    if (value.len > 0 && (*value.data == '"' || *value.data == '\'')) quote = (char)value.data[i++];
    for (; i < value.len && len < size; i++) {
        char c = (char)value.data[i];
        if (quote && c == quote) break;
        if (c == '\\' && quote != '\'' && i + 1 < value.len) c = (char)value.data[++i];
        into[len++] = c;
    }
    return nr_bytes(into, len);
}

void procfs_os_name(struct nr_bytes os_release, char out[static PROCFS_NAME_MAX])
{
    char text[4 * PROCFS_NAME_MAX];
    struct nr_bytes value;
    *out = '\0';
    if (text_value(os_release, "PRETTY_NAME", '=', &value))
        text_copy(out, PROCFS_NAME_MAX, unquote(value, text, sizeof text));
}
