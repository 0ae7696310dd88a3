#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "nr_test.h"

static int saved_stderr = -1;
static int captured = -1;
static char line[32768];

/* Standard error goes into a file without a name. */
static int setup(void **state)
{
    (void)state;
    FILE *f = tmpfile();
    if (!f) return -1;
    saved_stderr = dup(STDERR_FILENO);
    captured = dup(fileno(f));
    fclose(f);
    unsetenv("JOURNAL_STREAM");
    return dup2(captured, STDERR_FILENO) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(captured);
    unsetenv("JOURNAL_STREAM");
    return 0;
}

/* What was logged since the last call. */
static const char *logged(void)
{
    off_t size = lseek(captured, 0, SEEK_CUR);
    assert_in_range(size, 0, sizeof line - 1);
    assert_int_equal(pread(captured, line, (size_t)size, 0), size);
    line[size] = 0;
    assert_int_equal(lseek(captured, 0, SEEK_SET), 0);
    assert_int_equal(ftruncate(captured, 0), 0);
    return line;
}

/* The text behind "2026-11-23T14:30:00.123Z ". */
static const char *after_time(const char *text)
{
    assert_true(strlen(text) > 25);
    assert_int_equal(text[10], 'T');
    assert_int_equal(text[23], 'Z');
    assert_int_equal(text[24], ' ');
    return text + 25;
}

static void set_journal_stream(bool right)
{
    struct stat st;
    char text[64];
    assert_int_equal(fstat(captured, &st), 0);
    snprintf(text, sizeof text, "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino + !right);
    setenv("JOURNAL_STREAM", text, 1);
}

/* One event a line: time, level, message. */
static void writes_text(void **state)
{
    (void)state;
    nr_log_setup(NR_LOG_DEBUG, NR_LOG_TEXT);
    nr_log_info("gossip: peer found: key=%d", 5);
    assert_string_equal(after_time(logged()), "info  gossip: peer found: key=5\n");
    nr_log_error("x");
    assert_string_equal(after_time(logged()), "error x\n");
    nr_log_warning("x");
    assert_string_equal(after_time(logged()), "warning x\n");
    nr_log_debug("x");
    assert_string_equal(after_time(logged()), "debug x\n");
}

/* What is below the level is not written. */
static void keeps_to_its_level(void **state)
{
    (void)state;
    nr_log_setup(NR_LOG_WARNING, NR_LOG_TEXT);
    nr_log_info("x");
    nr_log_debug("x");
    assert_string_equal(logged(), "");
    nr_log_warning("x");
    assert_string_not_equal(logged(), "");
}

/* Where stderr is the journal's stream: priorities, and no time of our own; a name of another stream changes nothing.
 */
static void speaks_to_the_journal(void **state)
{
    (void)state;
    set_journal_stream(true);
    nr_log_setup(NR_LOG_DEBUG, NR_LOG_TEXT);
    nr_log_info("gossip: x");
    assert_string_equal(logged(), "<6>gossip: x\n");
    nr_log_error("x");
    assert_string_equal(logged(), "<3>x\n");
    set_journal_stream(false);
    nr_log_setup(NR_LOG_DEBUG, NR_LOG_TEXT);
    nr_log_info("x");
    assert_string_equal(after_time(logged()), "info  x\n");
}

/* JSON: one object a line. */
static void writes_json(void **state)
{
    (void)state;
    nr_log_setup(NR_LOG_INFO, NR_LOG_JSON);
    nr_log_warning("a \"b\" \\ %s", "c\n");
    const char *text = logged();
    assert_int_equal(strncmp(text, "{\"time\":\"", 9), 0);
    assert_string_equal(text + 9 + 24, "\",\"level\":\"warning\",\"message\":\"a \\\"b\\\" \\\\ c\\u000a\"}\n");
}

/* Nothing that moves a terminal gets through: controls of both sets, bad UTF-8, new lines. Good UTF-8 does. */
static void escapes_hostile_bytes(void **state)
{
    (void)state;
    nr_log_setup(NR_LOG_INFO, NR_LOG_TEXT);
    nr_log_info("%s", "a\x1b[31m\n2026 error forged\x7f\xff\xc2\x9b"
                      "1m\xed\xa0\x80 \xc3\xa9");
    assert_string_equal(after_time(logged()),
                        "info  a\\x1b[31m\\n2026 error forged\\x7f\\xff\\x9b1m\\xed\\xa0\\x80 \xc3\xa9\n");
    nr_log_setup(NR_LOG_INFO, NR_LOG_JSON);
    nr_log_info("%s", "\x1b\xff\xc2\x9b");
    assert_non_null(strstr(logged(), "\"message\":\"\\u001b\\ufffd\\u009b\""));
}

/* A message that is too long is cut between characters and marked; the line stays one line. */
static void cuts_long_messages(void **state)
{
    char big[5001];
    (void)state;
    for (size_t i = 0; i < sizeof big - 1; i++) big[i] = "\xe2\x82\xac"[i % 3];
    big[sizeof big - 1] = 0;
    for (int shift = 0; shift < 3; shift++) {
        nr_log_setup(NR_LOG_INFO, NR_LOG_TEXT);
        nr_log_info("%s%s", &"aa"[shift], big);
        const char *text = logged();
        size_t n = strlen(text);
        assert_in_range(n, 2000, 2100);
        assert_string_equal(text + n - 7, "\xe2\x82\xac\xe2\x80\xa6\n");
        assert_null(strstr(text, "\\x"));
        assert_ptr_equal(strchr(text, '\n'), text + n - 1);
    }
}

/* The worst of long messages, in which every byte is escaped, fits whole. */
static void the_worst_line_fits(void **state)
{
    char big[2048];
    (void)state;
    memset(big, 0x01, sizeof big - 1);
    big[sizeof big - 1] = 0;
    nr_log_setup(NR_LOG_INFO, NR_LOG_JSON);
    nr_log_info("%s", big);
    const char *text = logged();
    assert_int_equal(strlen(text), 9 + 24 + strlen("\",\"level\":\"info\",\"message\":\"") + 6 * 2047 + 3);
    assert_string_equal(text + strlen(text) - 9, "\\u0001\"}\n");
}

/* errno is what it was, also when stderr takes nothing. */
static void keeps_errno(void **state)
{
    (void)state;
    nr_log_setup(NR_LOG_INFO, NR_LOG_TEXT);
    errno = EADDRINUSE;
    nr_log_error("x: %m");
    assert_int_equal(errno, EADDRINUSE);
    assert_non_null(strstr(logged(), "Address already in use"));
    close(STDERR_FILENO);
    nr_log_error("nobody hears");
    assert_int_equal(errno, EADDRINUSE);
}

/* The words of --log-level, and nothing else. */
static void parses_levels(void **state)
{
    enum nr_log_level level = NR_LOG_ERROR;
    (void)state;
    assert_true(nr_log_level_parse("debug", &level));
    assert_int_equal(level, NR_LOG_DEBUG);
    assert_true(nr_log_level_parse("error", &level));
    assert_true(nr_log_level_parse("warning", &level));
    assert_true(nr_log_level_parse("info", &level));
    assert_int_equal(level, NR_LOG_INFO);
    assert_false(nr_log_level_parse("INFO", &level));
    assert_false(nr_log_level_parse("", &level));
    assert_int_equal(level, NR_LOG_INFO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_text),         TEST(keeps_to_its_level),    TEST(speaks_to_the_journal),
        TEST(writes_json),         TEST(escapes_hostile_bytes), TEST(cuts_long_messages),
        TEST(the_worst_line_fits), TEST(keeps_errno),           TEST(parses_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
