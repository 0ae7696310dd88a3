#include "nodeprobe/procfs.h"

#include "nodeprobe/cgroup.h"
#include "nodeprobe/pci.h"
#include "nr_test.h"

static bool near(double a, double b)
{
    return a - b < 1e-9 && b - a < 1e-9;
}

/* A guest's time is its host's already; a kernel without the later fields is understood. */
static void reads_cpu_times(void **state)
{
    static const char *const bad[] = { "",
                                       "cpu",
                                       "cpu 1 2 3",
                                       "cpu0 1 2 3 4",
                                       "intr 1 2 3 4",
                                       "cpu 1 2 x 4 5",
                                       "cpu -1 2 3 4",
                                       "cpu 18446744073709551615 1 1 1" };
    struct procfs_cpu c;
    (void)state;
    assert_true(procfs_cpu(nr_bytes_str("cpu  10 1 5 100 20 2 3 4 7 8\ncpu0 1 1 1 1"), &c));
    assert_int_equal(c.total, 145);
    assert_int_equal(c.idle, 120);
    assert_true(procfs_cpu(nr_bytes_str("cpu 10 1 5 100"), &c));
    assert_int_equal(c.total, 116);
    for (size_t i = 0; i < COUNT(bad); i++) assert_false(procfs_cpu(nr_bytes_str(bad[i]), &c));
}

/* The share of the time that was not idle; never outside 0–100, and unknown where none went by. */
static void computes_cpu_percent(void **state)
{
    struct procfs_cpu before = { 1000, 900 };
    double v;
    (void)state;
    assert_true(procfs_cpu_percent(&before, &(struct procfs_cpu){ 1200, 1050 }, &v) && near(v, 25));
    assert_true(procfs_cpu_percent(&before, &(struct procfs_cpu){ 1200, 890 }, &v) && near(v, 100));
    assert_true(procfs_cpu_percent(&before, &(struct procfs_cpu){ 1010, 990 }, &v) && near(v, 0));
    assert_false(procfs_cpu_percent(&before, &before, &v));
    assert_false(procfs_cpu_percent(&before, &(struct procfs_cpu){ 10, 9 }, &v));
}

/* What is available is at most what there is, and is estimated where an old kernel does not say it. */
static void reads_memory(void **state)
{
    struct procfs_memory m;
    (void)state;
    assert_true(procfs_memory(nr_bytes_str("MemTotal: 100 kB\nMemFree: 20 kB\nMemAvailable: 60 kB\n"), &m));
    assert_int_equal(m.total, 102400);
    assert_int_equal(m.available, 61440);
    assert_true(procfs_memory(nr_bytes_str("MemTotal: 100 kB\nMemFree: 20 kB\nBuffers: 1 kB\nCached: 9 kB\n"), &m));
    assert_int_equal(m.available, 30 * 1024);
    assert_true(procfs_memory(nr_bytes_str("MemTotal: 100 kB\nMemAvailable: 200 kB\n"), &m));
    assert_int_equal(m.available, m.total);
    assert_false(procfs_memory(nr_bytes_str("MemTotal: 0 kB\nMemAvailable: 0 kB\n"), &m));
    assert_false(procfs_memory(nr_bytes_str("MemTotal: 100 kB\n"), &m));
    assert_false(procfs_memory(nr_bytes_str("MemTotal: 18446744073709551615 kB\nMemAvailable: 1 kB\n"), &m));
    assert_false(procfs_memory(nr_bytes_str("garbage"), &m));
}

/* Three numbers, or nothing. */
static void reads_load(void **state)
{
    double v[3];
    (void)state;
    assert_true(procfs_load(nr_bytes_str("0.52 11.04 2.08 2/214 71625\n"), v));
    assert_true(near(v[0], 0.52) && near(v[1], 11.04) && near(v[2], 2.08));
    assert_false(procfs_load(nr_bytes_str("0.52 11.04"), v));
    assert_false(procfs_load(nr_bytes_str("a b c"), v));
}

static void is_model(const char *cpuinfo, const char *want)
{
    char out[PROCFS_NAME_MAX];
    procfs_cpu_model(nr_bytes_str(cpuinfo), out);
    assert_string_equal(out, want);
}

/* The name that the kernel tells, one of a list where it tells numbers, a board's where it tells nothing else. */
static void names_processors(void **state)
{
    (void)state;
    is_model("processor : 0\nmodel : 165\nmodel name\t: Intel(R)   Xeon(R) CPU\n", "Intel(R) Xeon(R) CPU");
    is_model("processor : 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "ARM Neoverse-N1");
    is_model("processor : 0\nCPU implementer\t: 0x99\nCPU part\t: 0xd0c\nHardware : Some board\n", "Some board");
    is_model("processor : 0\ncpu : POWER9 (raw), altivec supported\n", "POWER9 (raw), altivec supported");
    is_model("", "");
    assert_int_equal(procfs_cpuinfo_count(nr_bytes_str("processor : 0\nx : 1\nprocessor\t: 1\nmodel")), 2);
}

/* Lists of CPUs, their order and blanks as the kernel writes them; anything else is none. */
static void counts_lists(void **state)
{
    static const char *const bad[] = { "", "a", "3-1", "0-", "-1", "0-99999999", "1,,2", "0-1-2" };
    (void)state;
    assert_int_equal(procfs_list_count(nr_bytes_str("0-3,6\n")), 5);
    assert_int_equal(procfs_list_count(nr_bytes_str("0\n")), 1);
    for (size_t i = 0; i < COUNT(bad); i++) assert_int_equal(procfs_list_count(nr_bytes_str(bad[i])), 0);
}

static void is_os(const char *file, const char *want)
{
    char out[PROCFS_NAME_MAX];
    procfs_os_name(nr_bytes_str(file), out);
    assert_string_equal(out, want);
}

/* Quoted as a shell would. */
static void names_systems(void **state)
{
    (void)state;
    is_os("NAME=x\nPRETTY_NAME=\"A \\\"quoted\\\" one\" # word\n", "A \"quoted\" one");
    is_os("PRETTY_NAME='It is \\ so'\n", "It is \\ so");
    is_os("PRETTY_NAME=Arch\\ Linux\n", "Arch Linux");
    is_os("PRETTY_NAME=\"", "");
    is_os("XPRETTY_NAME=no\n", "");
}

/* A quota is in CPUs; "max" is none. */
static void reads_quotas(void **state)
{
    static const char *const bad[] = { "", "max 100000", "100000", "0 100000", "100000 0", "-1 100000" };
    double v;
    (void)state;
    assert_true(cgroup_quota(nr_bytes_str("250000 100000\n"), &v) && near(v, 2.5));
    for (size_t i = 0; i < COUNT(bad); i++) assert_false(cgroup_quota(nr_bytes_str(bad[i]), &v));
}

#define IDS                                                                                                            \
    "# words\n\n1002  Maker\n\t73bf  A card\n\t\t1043 04f5  Not this\n10de  Other\n\t2520  Another\nC 03  "            \
    "Display\n\t73bf  No\n"

static void is_named(uint32_t vendor, uint32_t device, const char *vendor_name, const char *device_name)
{
    char v[PCI_VENDOR_MAX] = "?", d[PCI_NAME_MAX] = "?";
    pci_lookup(nr_bytes_str(IDS), vendor, device, v, d);
    assert_string_equal(v, vendor_name);
    assert_string_equal(d, device_name);
}

/* A device is looked for below its maker, and only there. */
static void looks_up_names(void **state)
{
    (void)state;
    is_named(0x1002, 0x73bf, "Maker", "A card");
    is_named(0x10de, 0x2520, "Other", "Another");
    is_named(0x10de, 0x73bf, "Other", "?");
    is_named(0x1043, 0x04f5, "?", "?");
    is_named(0x8086, 0x2520, "?", "?");
}

/* Display adapters only, and not those of virtual machines and of servers' consoles. */
static void knows_gpus(void **state)
{
    static const uint32_t virtual[] = { 0x1234, 0x1af4, 0x15ad, 0x1b36, 0x80ee, 0x1a03, 0x1414, 0x1013 };
    (void)state;
    assert_true(pci_is_gpu(0x10de, 0x030200) && pci_is_gpu(0x1002, 0x038000) && pci_is_gpu(0x8086, 0x030000));
    assert_false(pci_is_gpu(0x10de, 0x040300)); /* its sound */
    for (size_t i = 0; i < COUNT(virtual); i++) assert_false(pci_is_gpu(virtual[i], 0x030000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_cpu_times), cmocka_unit_test(computes_cpu_percent), cmocka_unit_test(reads_memory),
        cmocka_unit_test(reads_load),      cmocka_unit_test(names_processors),     cmocka_unit_test(counts_lists),
        cmocka_unit_test(names_systems),   cmocka_unit_test(reads_quotas),         cmocka_unit_test(looks_up_names),
        cmocka_unit_test(knows_gpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
