#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tools/nodectl/command.h"

/* Reads a copy, since options and operands change places; it lasts until the next call. */
static int read_args(const char *const *argv, struct ctl_args *args, bool *help)
{
    static char *copy[CTL_GIVEN_MAX + 4];
    int argc = 0;
    while (argv[argc]) argc++;
    memcpy(copy, argv, (size_t)(argc + 1) * sizeof *copy);
    const struct ctl_command *c = ctl_command_find(argv[0]);
    assert_non_null(c);
    *help = false;
    return ctl_args_read(c, argc, copy, args, help);
}
#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The table is whole: each command does something, says what, and its bounds make sense. */
static void table_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < ctl_command_count; i++) {
        const struct ctl_command *c = &ctl_commands[i];
        assert_non_null(c->run);
        assert_true(strlen(c->help) > 0);
        assert_true(c->least <= c->most);
        assert_ptr_equal(ctl_command_find(c->name), c);
        assert_true((*c->operands != '\0') == (c->most > 0));
    }
    assert_null(ctl_command_find("apikey"));
    assert_null(ctl_command_find(""));
}

/* A slip of the fingers finds its command; a word that is near to none finds none. */
static void slips_are_understood(void **state)
{
    (void)state;
    static const char *const rows[][2] = { { "stauts", "status" },       { "noeds", "nodes" },
                                           { "peer", "peers" },          { "verfy", "verify" },
                                           { "maint", "maintenance" },   { "Watch", "watch" },
                                           { "heartbeat", "heartbeats" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ctl_command *c = ctl_command_nearest(rows[i][0]);
        assert_non_null(c);
        assert_string_equal(c->name, rows[i][1]);
    }
    assert_null(ctl_command_nearest("photograph"));
    assert_null(ctl_command_nearest("x"));
    assert_null(ctl_command_nearest("foo"));
    assert_null(ctl_command_nearest(""));
    assert_null(ctl_command_nearest("a-word-that-is-longer-than-any-command-could-ever-be"));
}

/* Options stand before, between and behind operands; the last value counts, and a repeated one is kept whole. */
static void options_and_operands_mix(void **state)
{
    (void)state;
    struct ctl_args args;
    bool help;
    uint64_t n = 0;
    assert_int_equal(read_args(ARGV("heartbeats", "--limit", "3", "n1", "--limit=5"), &args, &help), 0);
    assert_int_equal(args.operand_count, 1);
    assert_string_equal(args.operand[0], "n1");
    assert_int_equal(ctl_count(&args, "limit", &n), 0);
    assert_int_equal(n, 5);
    assert_int_equal(read_args(ARGV("nodes", "--label", "a", "--label=b"), &args, &help), 0);
    assert_int_equal(args.given_count, 2);
    assert_string_equal(args.given[0].value, "a");
    assert_int_equal(read_args(ARGV("node", "--", "--odd"), &args, &help), 0);
    assert_string_equal(args.operand[0], "--odd");
    assert_int_equal(read_args(ARGV("node", "--help"), &args, &help), 0);
    assert_true(help);
}

/* What a command does not take is wrong usage: options, values, operands, words, numbers. */
static void wrong_usage_is_named(void **state)
{
    (void)state;
    struct ctl_args args;
    bool help;
    uint64_t n = 7;
    int64_t at = 7;
    assert_int_equal(read_args(ARGV("status", "--limit", "1"), &args, &help), CTL_USAGE);
    assert_int_equal(read_args(ARGV("status", "extra"), &args, &help), CTL_USAGE);
    assert_int_equal(read_args(ARGV("node"), &args, &help), CTL_USAGE);
    assert_int_equal(read_args(ARGV("nodes", "--role"), &args, &help), CTL_USAGE);
    assert_int_equal(read_args(ARGV("records", "--raw=yes"), &args, &help), CTL_USAGE);
    assert_int_equal(read_args(ARGV("maintenance", "o"), &args, &help), CTL_USAGE);
    assert_int_equal(read_args(ARGV("maintenance", "on off"), &args, &help), CTL_USAGE);
    assert_int_equal(read_args(ARGV("maintenance", ""), &args, &help), CTL_USAGE);
    assert_int_equal(read_args(ARGV("maintenance", "off"), &args, &help), 0);
    assert_int_equal(read_args(ARGV("nodes", "--limit", "-1"), &args, &help), 0);
    assert_int_equal(ctl_count(&args, "limit", &n), CTL_USAGE);
    assert_int_equal(n, 7);
    assert_int_equal(read_args(ARGV("log", "--since", "soon"), &args, &help), 0);
    assert_int_equal(ctl_when(&args, "since", &at), CTL_USAGE);
    assert_int_equal(at, 7);
}

/* More options than there is room for are refused, not written past the end. */
static void options_are_bounded(void **state)
{
    (void)state;
    const char *argv[CTL_GIVEN_MAX + 4] = { "nodes" };
    struct ctl_args args;
    bool help;
    for (int i = 1; i <= CTL_GIVEN_MAX; i++) argv[i] = "--label=x";
    assert_int_equal(read_args(argv, &args, &help), 0);
    argv[CTL_GIVEN_MAX + 1] = "--label=x";
    assert_int_equal(read_args(argv, &args, &help), CTL_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_whole),           cmocka_unit_test(slips_are_understood),
        cmocka_unit_test(options_and_operands_mix), cmocka_unit_test(wrong_usage_is_named),
        cmocka_unit_test(options_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
