#include "conf/command.h"
#include "nr_test.h"

static void splits(const char *line, size_t argc, const char *const *argv)
{
    struct nr_command c;
    assert_int_equal(nr_command_split(nr_bytes_str(line), &c), 0);
    assert_int_equal(c.argc, argc);
    for (size_t i = 0; i < argc; i++) assert_string_equal(c.argv[i], argv[i]);
    assert_null(c.argv[argc]);
}
#define SPLITS(line, ...) splits(line, COUNT(((const char *[]){ __VA_ARGS__ })), (const char *const[]){ __VA_ARGS__ })

static int split(struct nr_bytes line)
{
    struct nr_command c;
    return nr_command_split(line, &c);
}

/* Blanks separate words, however many. */
static void blanks(void **state)
{
    (void)state;
    SPLITS("/bin/true", "/bin/true");
    SPLITS("  a\t b  c ", "a", "b", "c");
}

/* Quotes keep together what is in them, are no part of the word, and may begin within one. */
static void quotes(void **state)
{
    (void)state;
    SPLITS("a 'b  c' \"d e\"", "a", "b  c", "d e");
    SPLITS("x='1 2'3", "x=1 23");
    SPLITS("a '' \"\"", "a", "", "");
    SPLITS("a \"it's\" '\"'", "a", "it's", "\"");
}

/* A backslash takes the next character as it is; in double quotes only a quote and a backslash, in single ones nothing.
 */
static void backslashes(void **state)
{
    (void)state;
    SPLITS("a\\ b \\'c \\\\", "a b", "'c", "\\");
    SPLITS("a \"\\\"\\\\\\n\"", "a", "\"\\\\n");
    SPLITS("a '\\'", "a", "\\");
}

/* No shell: what one would take for more is text. */
static void no_shell(void **state)
{
    (void)state;
    SPLITS("a $HOME `id` *; b | c >d", "a", "$HOME", "`id`", "*;", "b", "|", "c", ">d");
}

/* What is not closed, ends in a backslash, holds a NUL, or names no program, is refused. */
static void faults(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "  \t", "a 'b", "a \"b", "a \"b\\\"", "a \\", "''", "'' a" };
    for (size_t i = 0; i < COUNT(bad); i++) assert_int_equal(split(nr_bytes_str(bad[i])), NR_E_INVALID);
    assert_int_equal(split(nr_bytes("a\0b", 3)), NR_E_INVALID);
    assert_int_equal(split(nr_bytes(NULL, 0)), NR_E_INVALID);
}

/* As many words and bytes as there is room for, and not one more. */
static void bounds(void **state)
{
    (void)state;
    char line[4 * NR_COMMAND_TEXT_MAX];
    for (size_t i = 0; i < 2 * NR_COMMAND_WORDS_MAX + 2; i++) line[i] = i % 2 ? ' ' : 'a';
    assert_int_equal(split(nr_bytes(line, 2 * NR_COMMAND_WORDS_MAX)), 0);
    assert_int_equal(split(nr_bytes(line, 2 * NR_COMMAND_WORDS_MAX + 1)), NR_E_TOO_LARGE);
    memset(line, 'a', sizeof line);
    assert_int_equal(split(nr_bytes(line, NR_COMMAND_TEXT_MAX - 1)), 0);
    assert_int_equal(split(nr_bytes(line, NR_COMMAND_TEXT_MAX)), NR_E_TOO_LARGE);
    line[NR_COMMAND_TEXT_MAX - 1] = ' ';
    assert_int_equal(split(nr_bytes(line, NR_COMMAND_TEXT_MAX + 1)), NR_E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks),   cmocka_unit_test(quotes), cmocka_unit_test(backslashes),
        cmocka_unit_test(no_shell), cmocka_unit_test(faults), cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
