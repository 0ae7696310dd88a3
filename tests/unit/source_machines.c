/* Facts and load of machines, each as its files tell them. What the system calls tell is this machine's. */
#include <stdio.h>

#include "nr_test.h"
#include "source_fixture.h"

static void has(const char *json, const char *piece)
{
    if (!strstr(json, piece)) fail_msg("%s is not in %s", piece, json);
}

static void has_not(const char *json, const char *piece)
{
    if (strstr(json, piece)) fail_msg("%s is in %s", piece, json);
}

static const char *facts_of(const struct source *s, const char *machine)
{
    struct source_env env = source_machine(machine);
    return source_json(s, &env);
}

/* The processor, the memory and the system's name, as each kind of machine tells them; no limits but a container's. */
static void describes_systems(void **state)
{
    static const struct {
        const char *machine, *cpu, *memory;
    } all[] = {
        { "vm", "\"cpu_count\":2,\"cpu_model\":\"AMD EPYC\",",
          "\"memory_total_gb\":23.54,\"os\":\"Debian GNU/Linux 12 (bookworm)\"," },
        { "laptop", "\"cpu_count\":12,\"cpu_model\":\"Intel(R) Core(TM) i7-10750H CPU @ 2.60GHz\",",
          "\"memory_total_gb\":15.51,\"os\":\"Ubuntu 22.04.3 LTS\"," },
        { "server", "\"cpu_count\":128,\"cpu_model\":\"AMD EPYC 7763 64-Core Processor\",",
          "\"memory_total_gb\":1007.53,\"os\":\"Rocky Linux 9.3 (Blue Onyx)\"," },
        { "raspberry", "\"cpu_count\":4,\"cpu_model\":\"ARM Cortex-A72\",",
          "\"memory_total_gb\":3.7,\"os\":\"Raspbian GNU/Linux 11 (bullseye)\"," },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        const char *json = facts_of(&source_system, all[i].machine);
        has(json, "{\"system\":{\"addresses\":[");
        has(json, all[i].cpu);
        has(json, all[i].memory);
        has(json, "\"disk_total_gb\":");
        has(json, "\"hostname\":\"");
        has_not(json, "limit");
    }
}

/* A container is told with its machine's size and its own share, in either version of control groups. */
static void describes_containers(void **state)
{
    (void)state;
    const char *json = facts_of(&source_system, "container");
    has(json, "\"cpu_count\":8,\"cpu_limit\":1.5,\"cpu_model\":\"Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz\",");
    has(json, "\"memory_limit_gb\":2,\"memory_total_gb\":62.5,\"os\":\"Alpine Linux v3.18\",");
    json = facts_of(&source_system, "container_v1");
    has(json, "\"cpu_count\":8,\"cpu_limit\":0.5,");
    has(json, "\"memory_limit_gb\":0.5,\"memory_total_gb\":62.5,\"platform\":");
}

/* Whole devices with a medium, once each: no partitions, nothing in memory, nothing made of others, no hidden path. */
static void lists_disks(void **state)
{
    (void)state;
    assert_string_equal(facts_of(&source_disks, "vm"),
                        "{\"disks\":[{\"name\":\"vda\",\"rotational\":true,\"size_gb\":64}]}");
    assert_string_equal(
        facts_of(&source_disks, "laptop"),
        "{\"disks\":[{\"model\":\"Samsung SSD 970 EVO Plus 500GB\",\"name\":\"nvme0n1\",\"rotational\":false,"
        "\"size_gb\":476.94}]}");
    assert_string_equal(
        facts_of(&source_disks, "raspberry"),
        "{\"disks\":[{\"model\":\"SD32G\",\"name\":\"mmcblk0\",\"rotational\":false,\"size_gb\":29.72}]}");
    const char *json = facts_of(&source_disks, "server");
    has(json, "{\"disks\":[{\"model\":\"SAMSUNG "
              "MZQL23T8HCLS-00A07\",\"name\":\"nvme0n1\",\"rotational\":false,\"size_gb\":3576.98},");
    has(json, "{\"model\":\"ST18000NM000J-2T\",\"name\":\"sdj\",\"rotational\":true,\"size_gb\":16764}]}");
    has_not(json, "md127");
}

/* Memory and load averages are what the files say; the CPU's share is that since the sample before. */
static void measures_load(void **state)
{
    /* [90000, 78000]: since then 10,000 ticks went by, 3,800 of them idle */
    static const uint8_t before[] = { 0x92, 0xce, 0, 1, 0x5f, 0x90, 0xce, 0, 1, 0x30, 0xb0 };
    struct source_env env = source_machine("vm");
    (void)state;
    env.last = nr_bytes(before, sizeof before);
    const char *json = source_json(&source_load, &env);
    has(json, "{\"memory\":[100000,81800],\"metrics\":{\"cpu_percent\":62,\"disk_free_gb\":");
    has(json,
        "\"load_1\":0.52,\"load_15\":2.08,\"load_5\":1.04,\"memory_available_gb\":23.08,\"memory_percent\":1.9}}");
}

/* A first sample has none to be compared with; one that is no sample counts as none; files that stand still tell
 * nothing. */
static void does_not_guess_the_cpu(void **state)
{
    static const char *const odd[] = { "", "\x93\x01\x02\x03", "\x92\xa1x\x02", "garbage" };
    struct source_env env = source_machine("server");
    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        env.last = nr_bytes_str(odd[i]);
        const char *json = source_json(&source_load, &env);
        has(json, "{\"memory\":[900000000,801000000],\"metrics\":{\"disk_free_gb\":");
        has(json, "\"load_1\":31.4,");
    }
}

/* Where no file can be read there is still what the system calls tell, and no disk. */
static void takes_an_empty_tree(void **state)
{
    struct source_env env = source_machine("nowhere");
    (void)state;
    const char *json = source_json(&source_system, &env);
    has(json, "\"hostname\":\"");
    has_not(json, "cpu_");
    has_not(json, "memory_");
    assert_string_equal(source_json(&source_load, &env), "{\"metrics\":{}}");
    assert_int_equal(source_error(&source_disks, &env), NR_E_NOT_FOUND);
}

/* Random bytes in place of every file: something canonical or nothing comes of it, and it ends. */
static void takes_garbage(void **state)
{
    static const char *const files[] = { "proc/cpuinfo", "proc/meminfo", "proc/stat", "proc/loadavg",
                                         "etc/os-release" };
    char root[] = "/tmp/source_machines.XXXXXX", path[256], command[128];
    struct source_env env = source_machine("vm");
    uint32_t seed = 1;
    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(command, sizeof command, "mkdir -p %s/proc %s/etc", root, root);
    assert_int_equal(system(command), 0);
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", root, files[i]);
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        for (int n = 0; n < 500000; n++) putc((int)((seed = seed * 1664525 + 1013904223) >> 24), f);
        fclose(f);
    }
    env.root = root;
    source_json(&source_system, &env);
    source_json(&source_load, &env);
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_systems),
        cmocka_unit_test(describes_containers),
        cmocka_unit_test(lists_disks),
        cmocka_unit_test(measures_load),
        cmocka_unit_test(does_not_guess_the_cpu),
        cmocka_unit_test(takes_an_empty_tree),
        cmocka_unit_test(takes_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
