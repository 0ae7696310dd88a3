/* The configuration: files against goldens, sources against each other, and the table against the shipped documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/conf.h"

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s cannot be opened", path);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    *len = fread(text, 1, 65535, f);
    fclose(f);
    return text;
}

static char *read_golden(const char *name, const char *suffix, size_t *len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s%s", CONF_FILES, name, suffix);
    return read_file(path, len);
}

static void add_value(struct nr_buf *out, const struct nr_conf *c, enum nr_conf_key k)
{
    static const char *const sources[] = { "unset", "default", "file", "environment", "flag" };
    const struct nr_conf_row *row = nr_conf_row(k);
    size_t count = 0;
    nr_buf_printf(out, "%s =", row->key);
    if (row->list) {
        const char *const *items = nr_conf_list(c, k, &count);
        for (size_t i = 0; i < count; i++) nr_buf_printf(out, " [%s]", items[i]);
    } else if (*nr_conf_text(c, k)) {
        nr_buf_printf(out, " %s", nr_conf_text(c, k));
    }
    bool number = row->kind == NR_CONF_IS_INT || row->kind == NR_CONF_IS_SECONDS || row->kind == NR_CONF_IS_SIZE ||
                  (row->kind == NR_CONF_IS_WORD && !row->list);
    if (number) nr_buf_printf(out, " %lld", (long long)nr_conf_number(c, k));
    nr_buf_printf(out, " (%s)\n", sources[nr_conf_source(c, k)]);
}

static void add_checks(struct nr_buf *out, const struct nr_conf *c)
{
    size_t count;
    const struct nr_conf_check *checks = nr_conf_checks(c, &count);
    for (size_t i = 0; i < count; i++) {
        const struct nr_conf_check *k = &checks[i];
        nr_buf_printf(out, "[check.%s] %s = %s every %lld within %lld", k->name,
                      nr_conf_check_row((enum nr_conf_check_key)k->kind)->key, k->target, (long long)k->interval_s,
                      (long long)k->timeout_s);
        if (k->port) nr_buf_printf(out, " port %u", (unsigned)k->port);
        nr_buf_add_str(out, "\n");
    }
}

static void check_text(const struct nr_buf *got, const char *wanted)
{
    char *text = calloc(1, got->len + 1);
    assert_non_null(text);
    if (got->len) memcpy(text, got->data, got->len);
    assert_string_equal(text, wanted);
    free(text);
}

static void check_good(const char *name)
{
    size_t len, golden_len;
    struct nr_conf *c = NULL;
    struct nr_buf faults, values;
    char *text = read_golden(name, ".conf", &len), *golden = read_golden(name, ".values", &golden_len);
    nr_buf_init(&faults, 0);
    nr_buf_init(&values, 0);
    int err = nr_conf_read_text(&c, name, nr_bytes(text, len), &faults);
    check_text(&faults, "");
    assert_int_equal(err, 0);
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) add_value(&values, c, k);
    add_checks(&values, c);
    check_text(&values, golden);
    nr_conf_free(c);
    nr_buf_fini(&faults);
    nr_buf_fini(&values);
    free(text);
    free(golden);
}

static void check_bad(const char *name)
{
    size_t len, golden_len;
    struct nr_conf *c = NULL;
    struct nr_buf faults;
    char file[64];
    char *text = read_golden(name, ".conf", &len), *golden = read_golden(name, ".faults", &golden_len);
    snprintf(file, sizeof file, "%s.conf", name);
    nr_buf_init(&faults, 0);
    assert_int_equal(nr_conf_read_text(&c, file, nr_bytes(text, len), &faults), NR_E_INVALID);
    check_text(&faults, golden);
    assert_null(c);
    nr_buf_fini(&faults);
    free(text);
    free(golden);
}

/* What a good file says is what the programs get, and the rest is the defaults. */
static void good_files(void **state)
{
    (void)state;
    check_good("good_all");
    check_good("good_empty");
}

/* Every fault of a file is named: file, line, key, what is wrong, value. */
static void bad_files(void **state)
{
    (void)state;
    check_bad("bad_values");
    check_bad("bad_form");
    check_bad("bad_checks");
}

/* The shipped example is a good file. */
static void shipped_example(void **state)
{
    (void)state;
    size_t len;
    struct nr_conf *c = NULL;
    struct nr_buf faults;
    char *text = read_file(SOURCE_DIR "/deploy/noded.conf.example", &len);
    nr_buf_init(&faults, 0);
    int err = nr_conf_read_text(&c, "example", nr_bytes(text, len), &faults);
    check_text(&faults, "");
    assert_int_equal(err, 0);
    /* What it sets it sets to the defaults, so that shipping it changes nothing. */
    struct nr_conf *none = NULL;
    assert_int_equal(nr_conf_read_text(&none, "none", nr_bytes("", 0), &faults), 0);
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) {
        if (nr_conf_row(k)->kind == NR_CONF_IS_SECONDS) {
            assert_int_equal(nr_conf_number(c, k), nr_conf_number(none, k));
        } else if (nr_conf_differs(c, none, k)) {
            fail_msg("%s differs", nr_conf_row(k)->key);
        }
    }
    nr_conf_free(c);
    nr_conf_free(none);
    nr_buf_fini(&faults);
    free(text);
}

/* The example and the manual page name every key; a key that is documented nowhere fails here. */
static void every_key_is_documented(void **state)
{
    (void)state;
    size_t len;
    char *example = read_file(SOURCE_DIR "/deploy/noded.conf.example", &len);
    char *manual = read_file(SOURCE_DIR "/deploy/man/noded.conf.5", &len);
    char *daemon = read_file(SOURCE_DIR "/deploy/man/noded.8", &len);
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) {
        const struct nr_conf_row *row = nr_conf_row(k);
        char key[64], flag[64];
        snprintf(key, sizeof key, "%s =", row->key);
        snprintf(flag, sizeof flag, "\\-\\-%s ", row->flag);
        if (!strstr(example, key)) fail_msg("the example does not name %s", row->key);
        if (!strstr(manual, row->key)) fail_msg("noded.conf(5) does not name %s", row->key);
        if ((row->used_by & NR_CONF_NODED) && !strstr(daemon, flag)) {
            snprintf(flag, sizeof flag, "\\-\\-%s\"", row->flag);
            if (!strstr(daemon, flag)) fail_msg("noded(8) does not name --%s", row->flag);
        }
    }
    for (enum nr_conf_check_key k = 0; k < NR_CONF_CHECK_KEY_COUNT; k++) {
        const struct nr_conf_row *row = nr_conf_check_row(k);
        char bold[64], alone[64], key[64];
        snprintf(key, sizeof key, "# %s = ", row->key);
        snprintf(bold, sizeof bold, ".TP\n.BR %s \" (", row->key);
        snprintf(alone, sizeof alone, ".TP\n.B %s\n", row->key);
        if (!strstr(example, key)) fail_msg("the example does not name a check's %s", row->key);
        if (!strstr(manual, bold) && !strstr(manual, alone)) fail_msg("noded.conf(5) does not name %s", row->key);
    }
    assert_non_null(strstr(example, "[check."));
    assert_non_null(strstr(manual, ".SS [check.NAME]\n"));
    assert_non_null(strstr(daemon, "\n.BI \\-\\-check \""));
    free(example);
    free(manual);
    free(daemon);
}

static const char *take_letter(void *arg, const char *value)
{
    *(const char **)arg = value;
    return strcmp(value, "bad") == 0 ? "must be good" : NULL;
}

static const char *letter;
static const struct nr_conf_extra extras[] = { { "output", 'o', "FORM", "form of the output", take_letter } };
static const struct nr_conf_program daemon_program = {
    .name = "prog", .bit = NR_CONF_NODED, .usage = "", .summary = ""
};
static const struct nr_conf_program tool_program = {
    .name = "prog",
    .bit = NR_CONF_NODECTL,
    .usage = "COMMAND",
    .summary = "",
    .operands = true,
    .extras = extras,
    .extra_count = 1,
    .extra_arg = &letter,
};

/* Runs with these words behind the program's name, up to NULL; what it wrote into said[]. */
static enum nr_conf_result start(struct nr_conf **c, const struct nr_conf_program *p, char said[static 16384], ...)
{
    char *argv[32] = { (char *)"prog" };
    int argc = 1;
    va_list words;
    va_start(words, said);
    while (argc < 31 && (argv[argc] = va_arg(words, char *))) argc++;
    va_end(words);
    FILE *f = tmpfile();
    assert_non_null(f);
    enum nr_conf_result result = nr_conf_start(c, p, argc, argv, f, f);
    rewind(f);
    said[fread(said, 1, 16383, f)] = '\0';
    fclose(f);
    return result;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* A flag is stronger than the environment, that than the file, that than the default; of a list the whole is replaced.
 */
static void precedence(void **state)
{
    (void)state;
    char path[] = "/tmp/nr-conf-XXXXXX", said[16384];
    struct nr_conf *c;
    size_t count;
    close(mkstemp(path));
    write_file(
        path,
        "[node]\nrole = file\nhostname = file\nip = 192.0.2.1\nlabel = file1\nlabel = file2\n[log]\nlevel = error\n");
    setenv("DAGI_ROLE", "environment", 1);
    setenv("DAGI_HOSTNAME", "environment", 1);
    setenv("DAGI_LOG_LEVEL", "", 1);
    setenv("DAGI_LABEL", "e1, e2", 1);
    assert_int_equal(start(&c, &daemon_program, said, "--config", path, "--role=flag", "--state-dir", "/x", NULL),
                     NR_CONF_RUN);
    assert_string_equal(nr_conf_text(c, NR_CONF_ROLE), "flag");
    assert_string_equal(nr_conf_text(c, NR_CONF_HOSTNAME), "environment");
    assert_string_equal(nr_conf_text(c, NR_CONF_IP), "192.0.2.1");
    assert_int_equal(nr_conf_log_level(c), NR_LOG_ERROR);
    assert_int_equal(nr_conf_source(c, NR_CONF_LOG_FORMAT), NR_CONF_FROM_DEFAULT);
    const char *const *labels = nr_conf_list(c, NR_CONF_LABEL, &count);
    assert_int_equal(count, 2);
    assert_string_equal(labels[0], "e1");
    assert_string_equal(nr_conf_file(c), path);
    nr_conf_free(c);

    /* The same flags again, as at SIGHUP, and with the list as flags; the last of a scalar counts. */
    assert_int_equal(start(&c, &daemon_program, said, "--config", path, "--label", "f1", "--role", "a", "--role", "b",
                           "--state-dir", "/x", NULL),
                     NR_CONF_RUN);
    assert_string_equal(nr_conf_text(c, NR_CONF_ROLE), "b");
    labels = nr_conf_list(c, NR_CONF_LABEL, &count);
    assert_int_equal(count, 1);
    assert_string_equal(labels[0], "f1");
    nr_conf_free(c);
    unsetenv("DAGI_ROLE");
    unsetenv("DAGI_HOSTNAME");
    unsetenv("DAGI_LOG_LEVEL");
    unsetenv("DAGI_LABEL");
    unlink(path);
}

/* Faults of flags, environment and file are all named by one run, each with its source. */
static void all_faults_at_once(void **state)
{
    (void)state;
    char path[] = "/tmp/nr-conf-XXXXXX", said[16384], line[64];
    struct nr_conf *c = NULL;
    close(mkstemp(path));
    write_file(path, "[node]\nwhat = 1\n");
    setenv("DAGI_BIND", "nowhere", 1);
    assert_int_equal(start(&c, &daemon_program, said, "--config", path, "--ip", "x", "--listen", "1.2.3.4:5",
                           "--help=yes", "operand", "--role", NULL),
                     NR_CONF_WRONG);
    assert_null(c);
    assert_non_null(strstr(said, "prog: --ip: must be an IPv4 or IPv6 address: 'x'\n"));
    assert_non_null(strstr(said, "prog: --listen: unknown or ambiguous flag\n"));
    assert_non_null(strstr(said, "prog: --help: takes no value\n"));
    assert_non_null(strstr(said, "prog: --role: needs a value\n"));
    assert_non_null(strstr(said, "prog: takes no operands: 'operand'\n"));
    assert_non_null(strstr(said, "prog: DAGI_BIND: must be HOST:PORT, with an IPv6 address in brackets: 'nowhere'\n"));
    snprintf(line, sizeof line, "%s:2: unknown key in [node]: 'what'\n", path);
    assert_non_null(strstr(said, line));
    unsetenv("DAGI_BIND");
    unlink(path);
}

/* A file that was named must be there; the usual one need not. */
static void missing_file(void **state)
{
    (void)state;
    char said[16384];
    struct nr_conf *c = NULL;
    assert_int_equal(start(&c, &daemon_program, said, "--config", "/nonexistent/conf", NULL), NR_CONF_WRONG);
    assert_non_null(strstr(said, "prog: /nonexistent/conf: cannot be read: No such file or directory\n"));
    setenv("DAGI_CONFIG", "/nonexistent/other", 1);
    assert_int_equal(start(&c, &daemon_program, said, NULL), NR_CONF_WRONG);
    assert_non_null(strstr(said, "prog: /nonexistent/other: cannot be read"));
    unsetenv("DAGI_CONFIG");
}

/* --help names every flag of the program and no other; --version and --check-config do their work and end. */
static void informing_flags(void **state)
{
    (void)state;
    char said[16384], flag[64];
    struct nr_conf *c = NULL;
    assert_int_equal(start(&c, &daemon_program, said, "--help", NULL), NR_CONF_DONE);
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) {
        snprintf(flag, sizeof flag, "  --%s ", nr_conf_row(k)->flag);
        bool named = strstr(said, flag) != NULL, used = nr_conf_row(k)->used_by & NR_CONF_NODED;
        assert_int_equal(named, used);
    }
    for (enum nr_conf_check_key k = 0; k < NR_CONF_CHECK_KEY_COUNT; k++) {
        snprintf(flag, sizeof flag, "  %s = ", nr_conf_check_row(k)->key);
        assert_non_null(strstr(said, flag));
    }
    assert_non_null(strstr(said, "  --check NAME=TARGET "));
    assert_int_equal(start(&c, &tool_program, said, "--help", NULL), NR_CONF_DONE);
    assert_null(strstr(said, "--check NAME"));
    assert_int_equal(start(&c, &daemon_program, said, "--version", NULL), NR_CONF_DONE);
    assert_string_equal(said, "prog " NR_VERSION "\n");
    assert_int_equal(start(&c, &daemon_program, said, "--config", "/dev/null", "--check-config", NULL), NR_CONF_DONE);
    assert_int_equal(start(&c, &daemon_program, said, "--config", "/dev/null", "--role", "", "--check-config", NULL),
                     NR_CONF_WRONG);
    assert_null(c);
}

/* What --print-config prints is a configuration that says the same. */
static void printed_configuration(void **state)
{
    (void)state;
    char said[16384];
    struct nr_conf *a = NULL, *b = NULL;
    struct nr_buf faults;
    nr_buf_init(&faults, 0);
    assert_int_equal(start(&a, &daemon_program, said, "--config", "/dev/null", "--state-dir", "/s", "--label",
                           "a\\,b, c", "--join", "h:1", "--check", "b=tcp://h:1, a=exec:x -y\\,z", "--print-config",
                           NULL),
                     NR_CONF_DONE);
    assert_int_equal(nr_conf_read_text(&b, "printed", nr_bytes_str(said), &faults), 0);
    assert_int_equal(start(&a, &daemon_program, said, "--config", "/dev/null", "--state-dir", "/s", "--label",
                           "a\\,b, c", "--join", "h:1", "--check", "b=tcp://h:1, a=exec:x -y\\,z", NULL),
                     NR_CONF_RUN);
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) assert_false(nr_conf_differs(a, b, k));
    assert_false(nr_conf_checks_differ(a, b));
    nr_conf_free(a);
    nr_conf_free(b);
    nr_buf_fini(&faults);
}

/* A tool's flags end at its command; its own letters take values. */
static void operands_and_letters(void **state)
{
    (void)state;
    char said[16384];
    struct nr_conf *c = NULL;
    assert_int_equal(
        start(&c, &tool_program, said, "--config", "/dev/null", "-o", "json", "nodes", "--role", "x", NULL),
        NR_CONF_RUN);
    assert_string_equal(letter, "json");
    assert_int_equal(nr_conf_operand(c), 5);
    nr_conf_free(c);
    assert_int_equal(start(&c, &tool_program, said, "--output=wide", "--config", "/dev/null", NULL), NR_CONF_RUN);
    assert_string_equal(letter, "wide");
    assert_int_equal(nr_conf_operand(c), 4);
    nr_conf_free(c);
    assert_int_equal(start(&c, &tool_program, said, "-o", "bad", NULL), NR_CONF_WRONG);
    assert_non_null(strstr(said, "prog: --output: must be good: 'bad'\n"));
    assert_int_equal(start(&c, &tool_program, said, "-x", NULL), NR_CONF_WRONG);
    assert_non_null(strstr(said, "prog: -x: unknown flag\n"));
    assert_int_equal(start(&c, &tool_program, said, "-o", NULL), NR_CONF_WRONG);
    assert_non_null(strstr(said, "prog: -o: needs a value\n"));
}

static void check_paths(const char *dir_flag, const char *state_dir, const char *socket, bool standard)
{
    char said[16384];
    struct nr_conf *c = NULL;
    enum nr_conf_result r =
        dir_flag ? start(&c, &daemon_program, said, "--config", "/dev/null", "--state-dir", dir_flag, NULL)
                 : start(&c, &daemon_program, said, "--config", "/dev/null", NULL);
    assert_int_equal(r, NR_CONF_RUN);
    assert_string_equal(nr_conf_text(c, NR_CONF_STATE_DIR), state_dir);
    assert_string_equal(nr_conf_text(c, NR_CONF_SOCKET), socket);
    assert_int_equal(nr_conf_default_state_dir(c), standard);
    nr_conf_free(c);
}

/* Where state and socket are, for root and others, with and without a directory named. */
static void paths(void **state)
{
    (void)state;
    char said[16384];
    struct nr_conf *c = NULL;
    check_paths("/elsewhere", "/elsewhere", "/elsewhere/noded.sock", false);
    check_paths("/var/lib/dagi", "/var/lib/dagi", "/run/dagi/noded.sock", true);
    bool root = geteuid() == 0;
    if (root) {
        check_paths(NULL, "/var/lib/dagi", "/run/dagi/noded.sock", true);
        assert_int_equal(seteuid(65534), 0);
    }
    setenv("HOME", "/nobody", 1);
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_RUNTIME_DIR");
    check_paths(NULL, "/nobody/.local/state/dagi", "/nobody/.local/state/dagi/noded.sock", true);
    setenv("XDG_STATE_HOME", "/xs", 1);
    setenv("XDG_RUNTIME_DIR", "/xr", 1);
    check_paths(NULL, "/xs/dagi", "/xr/dagi/noded.sock", true);
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    assert_int_equal(start(&c, &daemon_program, said, "--config", "/dev/null", NULL), NR_CONF_WRONG);
    assert_non_null(strstr(said, "prog: --state-dir: is needed"));
    if (root) {
        assert_int_equal(seteuid(0), 0);
        prctl(PR_SET_DUMPABLE, 1); /* or the leak checker cannot look into this process */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files),
        cmocka_unit_test(bad_files),
        cmocka_unit_test(shipped_example),
        cmocka_unit_test(every_key_is_documented),
        cmocka_unit_test(precedence),
        cmocka_unit_test(all_faults_at_once),
        cmocka_unit_test(missing_file),
        cmocka_unit_test(informing_flags),
        cmocka_unit_test(printed_configuration),
        cmocka_unit_test(operands_and_letters),
        cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
