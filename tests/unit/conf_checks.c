/* Checks of services in the configuration: as flags and in the environment. As sections of a file: conf.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/conf.h"

static const struct nr_conf_program program = { .name = "prog", .bit = NR_CONF_NODED, .usage = "", .summary = "" };

/* Runs with a file of this content and these words behind it, up to NULL; what it wrote into said[]. */
static enum nr_conf_result start(struct nr_conf **c, char said[static 4096], const char *file, ...)
{
    char path[] = "/tmp/nr-conf-XXXXXX";
    char *argv[16] = { (char *)"prog", (char *)"--state-dir=/x", (char *)"--config", path };
    int argc = 4, fd = mkstemp(path);
    assert_int_equal(write(fd, file, strlen(file)), strlen(file));
    close(fd);
    va_list words;
    va_start(words, file);
    while (argc < 15 && (argv[argc] = va_arg(words, char *))) argc++;
    va_end(words);
    FILE *f = fmemopen(said, 4096, "w");
    assert_non_null(f);
    enum nr_conf_result result = nr_conf_start(c, &program, argc, argv, f, f);
    fclose(f);
    unlink(path);
    return result;
}

static void expect_checks(const struct nr_conf *c, const char *wanted)
{
    char got[1024] = "";
    size_t count, at = 0;
    const struct nr_conf_check *checks = nr_conf_checks(c, &count);
    for (size_t i = 0; i < count; i++) {
        const struct nr_conf_check *k = &checks[i];
        at += (size_t)snprintf(got + at, sizeof got - at, "%s %s %s %lld %lld %u\n", k->name,
                               nr_conf_check_row((enum nr_conf_check_key)k->kind)->key, k->target,
                               (long long)k->interval_s, (long long)k->timeout_s, (unsigned)k->port);
        assert_true(at < sizeof got);
    }
    assert_string_equal(got, wanted);
}

/* --check and DAGI_CHECK stand for all sections of the file, the flag before the environment; and two configurations
 * differ when a check does. */
static void checks_as_flags(void **state)
{
    (void)state;
    static const char of_file[] = "[check.of-file]\ntcp = h:1\n";
    char said[4096];
    struct nr_conf *file = NULL, *env = NULL, *flags = NULL, *none = NULL;
    assert_int_equal(start(&file, said, of_file, NULL), NR_CONF_RUN);
    setenv("DAGI_CHECK", "of-env=http://h", 1);
    assert_int_equal(start(&env, said, of_file, NULL), NR_CONF_RUN);
    assert_int_equal(
        start(&flags, said, of_file, "--check", "z=exec:a b, a=tcp://h:2", "--check", "m=https://h/p\\,q", NULL),
        NR_CONF_RUN);
    assert_int_equal(start(&none, said, of_file, "--check=", NULL), NR_CONF_RUN);
    unsetenv("DAGI_CHECK");
    expect_checks(file, "of-file tcp h:1 30 5 0\n");
    expect_checks(env, "of-env http http://h 30 5 0\n");
    expect_checks(flags, "a tcp h:2 30 5 0\nm http https://h/p,q 30 5 0\nz exec a b 30 5 0\n");
    expect_checks(none, "");
    assert_true(nr_conf_checks_differ(file, env));
    assert_true(nr_conf_checks_differ(env, flags));
    assert_true(nr_conf_checks_differ(file, none));
    assert_false(nr_conf_checks_differ(env, env));
    nr_conf_free(file);
    nr_conf_free(env);
    nr_conf_free(flags);
    nr_conf_free(none);
}

static void expect_fault(const char *value, const char *wanted)
{
    char said[4096];
    struct nr_conf *c = NULL;
    assert_int_equal(start(&c, said, "", "--check", value, NULL), NR_CONF_WRONG);
    assert_null(c);
    if (!strstr(said, wanted)) fail_msg("'%s' was answered with: %s", value, said);
}

/* What is wrong with a check given as a flag is named. */
static void bad_checks_as_flags(void **state)
{
    (void)state;
    static const char form[] =
        "prog: --check: must be NAME= and http://HOST, https://HOST, tcp://HOST:PORT or exec:COMMAND";
    expect_fault("a=ftp://h", form);
    expect_fault("tcp://h:1", form);
    expect_fault("a b=tcp://h:1", form);
    expect_fault("=tcp://h:1", form);
    expect_fault("b=tcp://h", "prog: --check: must be HOST:PORT, with an IPv6 address in brackets: 'b=tcp://h'\n");
    expect_fault("b=exec:", "prog: --check: must be of 1 to 1000 bytes: 'b=exec:'\n");
    expect_fault("c=http://h:0", "prog: --check: must be a URL");
    expect_fault("d=tcp://h:1, d=tcp://h:2", "prog: --check: names a check a second time: 'd=tcp://h:2'\n");
}

/* What a source says is judged also where a stronger one counts. */
static void all_sources_are_judged(void **state)
{
    (void)state;
    char said[4096];
    struct nr_conf *c = NULL;
    setenv("DAGI_CHECK", "bad", 1);
    assert_int_equal(start(&c, said, "[check.none]\n", "--check", "a=tcp://h:1", NULL), NR_CONF_WRONG);
    unsetenv("DAGI_CHECK");
    assert_non_null(strstr(said, ":1: a check needs one of http, tcp and exec: '[check.none]'\n"));
    assert_non_null(strstr(said, "prog: DAGI_CHECK: must be"));
}

/* There may be 64 checks and no more, in a file as in flags. */
static void at_most_64(void **state)
{
    (void)state;
    char file[4096] = "", flags[4096] = "", said[4096];
    struct nr_conf *c = NULL;
    size_t count;
    for (int i = 0; i < NR_CONF_CHECKS_MAX; i++) {
        sprintf(file + strlen(file), "[check.c%d]\ntcp = h:1\n", i);
        sprintf(flags + strlen(flags), "c%d=tcp://h:1,", i);
    }
    assert_int_equal(start(&c, said, file, NULL), NR_CONF_RUN);
    (void)nr_conf_checks(c, &count);
    assert_int_equal(count, NR_CONF_CHECKS_MAX);
    nr_conf_free(c);
    assert_int_equal(start(&c, said, "", "--check", flags, NULL), NR_CONF_RUN);
    nr_conf_free(c);
    strcat(file, "[check.more]\ntcp = h:1\n");
    assert_int_equal(start(&c, said, file, "--check", flags, "--check", "more=tcp://h:1", NULL), NR_CONF_WRONG);
    assert_non_null(strstr(said, "prog: --check: there may be at most 64 checks: 'more=tcp://h:1'\n"));
    assert_non_null(strstr(said, ":129: there may be at most 64 checks: '[check.more]'\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_as_flags),
        cmocka_unit_test(bad_checks_as_flags),
        cmocka_unit_test(all_sources_are_judged),
        cmocka_unit_test(at_most_64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
