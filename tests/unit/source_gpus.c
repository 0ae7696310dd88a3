#include "nodeprobe/gpu.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nodeprobe/nvidia.h"
#include "nodeprobe/tool.h"
#include "nr_test.h"
#include "source_fixture.h"

static struct source_env laptop_with_tool(void)
{
    static char tool[4096];
    struct source_env env = source_machine("laptop");
    snprintf(tool, sizeof tool, "%s/usr/bin/nvidia-smi", env.root);
    env.nvidia = tool;
    return env;
}

#define INTEL "{\"name\":\"Intel CometLake-H GT2 [UHD Graphics]\",\"vendor\":\"Intel\"}"

/* NVIDIA's tool tells its own, sysfs the rest; none is listed twice. */
static void asks_the_tool(void **state)
{
    struct source_env env = laptop_with_tool();
    (void)state;
    assert_string_equal(source_json(&source_gpu, &env),
                        "{\"features\":[\"gpu\"],\"gpu\":{\"available\":true,\"count\":2,\"devices\":["
                        "{\"memory_gb\":6,\"name\":\"NVIDIA GeForce RTX 3060 Laptop GPU\",\"vendor\":\"NVIDIA\"}," INTEL
                        "],"
                        "\"gpus\":[\"NVIDIA GeForce RTX 3060 Laptop GPU\",\"Intel CometLake-H GT2 [UHD Graphics]\"]}}");
    assert_string_equal(source_json(&source_gpu_load, &env),
                        "{\"metrics\":{\"gpu_memory_percent\":25,\"gpu_percent\":37}}");
}

/* Without the tool the driver's files tell the name, and without those the list of PCI names does. */
static void does_without_the_tool(void **state)
{
    struct source_env env = source_machine("laptop");
    struct gpu_list found = { 0 };
    (void)state;
    assert_non_null(strstr(source_json(&source_gpu, &env),
                           "\"devices\":[{\"name\":\"NVIDIA GeForce RTX 3060 Laptop GPU\","
                           "\"vendor\":\"NVIDIA\"}," INTEL "]"));
    assert_int_equal(source_error(&source_gpu_load, &env), NR_E_NOT_FOUND);
    gpu_read(env.root, true, true, &found);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.list[1].name, "NVIDIA GA106M [GeForce RTX 3060 Mobile / Max-Q]");
}

/* AMD's driver tells memory and use; a card's own name, or its numbers where there is no list; means over both. */
static void reads_amd(void **state)
{
    struct source_env env = source_machine("server");
    (void)state;
    assert_string_equal(source_json(&source_gpu, &env),
                        "{\"features\":[\"gpu\"],\"gpu\":{\"available\":true,\"count\":2,\"devices\":["
                        "{\"memory_gb\":63.98,\"name\":\"AMD INSTINCT MI210\",\"vendor\":\"AMD\"},"
                        "{\"memory_gb\":63.98,\"name\":\"AMD 1002:740f\",\"vendor\":\"AMD\"}],"
                        "\"gpus\":[\"AMD INSTINCT MI210\",\"AMD 1002:740f\"]}}");
    assert_string_equal(source_json(&source_gpu_load, &env),
                        "{\"metrics\":{\"gpu_memory_percent\":37.5,\"gpu_percent\":49.5}}");
}

/* A virtual machine's screen, a server's console and a chip's own graphics are no GPUs to compute with. */
static void knows_what_is_none(void **state)
{
    static const char *const none[] = { "vm", "raspberry", "container", "nowhere" };
    (void)state;
    for (size_t i = 0; i < COUNT(none); i++) {
        struct source_env env = source_machine(none[i]);
        assert_int_equal(source_error(&source_gpu, &env), NR_E_NOT_FOUND);
        assert_int_equal(source_error(&source_gpu_load, &env), NR_E_NOT_FOUND);
    }
}

/* A name may hold a comma; what a GPU does not tell is unknown. */
static void parses_the_answer(void **state)
{
    struct gpu_list l = { 0 };
    double mean;
    (void)state;
    assert_true(nvidia_parse(nr_bytes_str("NVIDIA A100, 40GB, 40960, 1024, 12\r\n\nNVIDIA GB10, [N/A], [N/A], 50\n"
                                          "Tesla K80, 11441, 0, [Not Supported]"),
                             &l));
    assert_int_equal(l.count, 3);
    assert_string_equal(l.list[0].name, "NVIDIA A100, 40GB");
    assert_true(l.list[0].memory == UINT64_C(40960) << 20 && l.list[0].memory_used == UINT64_C(1024) << 20);
    assert_false(l.list[1].has_memory || l.list[1].has_memory_used || l.list[2].has_percent);
    assert_true(gpu_mean_percent(&l, &mean) && mean > 30.9 && mean < 31.1);
    assert_true(gpu_mean_memory(&l, &mean) && mean > 1.24 && mean < 1.26);
}

/* The tool tells its errors in the same place: then there is no answer, and what was found before stays. */
static void refuses_other_answers(void **state)
{
    static const char *const bad[] = {
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
        "No devices were found",
        "A, 1, 1, 101",
        "A, 99999999999, 1, 1",
        "A, 1, 1, 1\nB, 1, 1",
        ", 1, 1, 1",
        "A, 1, 1, x",
        "\xff\xff,,,",
    };
    struct gpu_list l = { 0 };
    (void)state;
    assert_true(nvidia_parse(nr_bytes_str("A, 1, 1, 1"), &l));
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(nvidia_parse(nr_bytes_str(bad[i]), &l));
        assert_int_equal(l.count, 1);
    }
}

/* More than the list holds are counted, and the fragment keeps to its size. */
static void bounds_the_list(void **state)
{
    struct gpu_list l = { 0 };
    (void)state;
    for (int i = 0; i < 20; i++) assert_true(nvidia_parse(nr_bytes_str("A, 1, 1, 1"), &l));
    assert_int_equal(l.count, GPUS_MAX);
    assert_int_equal(l.beyond, 20 - GPUS_MAX);
}

static int run_shell(const char *script, int timeout_ms, char *into, size_t size, struct nr_bytes *out)
{
    char text[256], sh[] = "/bin/sh", option[] = "-c";
    char *const argv[] = { sh, option, text, NULL };
    snprintf(text, sizeof text, "%s", script);
    return tool_run(argv, timeout_ms, into, size, out);
}

/* A tool's output counts if it fits and the tool ends well; each other end has its error. */
static void runs_tools(void **state)
{
    char into[8], none[] = "/nonexistent/tool";
    char *const missing[] = { none, NULL };
    struct nr_bytes out;
    (void)state;
    assert_int_equal(run_shell("echo 1234567; echo x >&2", 10000, into, sizeof into, &out), 0);
    test_text_equal(out, "1234567\n");
    assert_int_equal(run_shell("read x || echo eof", 10000, into, sizeof into, &out), 0);
    test_text_equal(out, "eof\n");
    assert_int_equal(run_shell("echo 12345678", 10000, into, sizeof into, &out), NR_E_TOO_LARGE);
    assert_int_equal(run_shell("yes", 10000, into, sizeof into, &out), NR_E_TOO_LARGE);
    assert_int_equal(run_shell("exit 9", 10000, into, sizeof into, &out), NR_E_INVALID);
    assert_int_equal(run_shell("kill -9 $$", 10000, into, sizeof into, &out), NR_E_INVALID);
    assert_int_equal(tool_run(missing, 10000, into, sizeof into, &out), NR_E_NOT_FOUND);
    assert_int_equal(run_shell("exec sleep 60", 50, into, sizeof into, &out), NR_E_TIMEOUT);
    assert_int_equal(run_shell("exec >&-; exec sleep 60", 50, into, sizeof into, &out), NR_E_TIMEOUT);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_the_tool),     cmocka_unit_test(does_without_the_tool),
        cmocka_unit_test(reads_amd),         cmocka_unit_test(knows_what_is_none),
        cmocka_unit_test(parses_the_answer), cmocka_unit_test(refuses_other_answers),
        cmocka_unit_test(bounds_the_list),   cmocka_unit_test(runs_tools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
