/* The manual page and the completions against the table of commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tools/nodectl/command.h"

/* Without backslashes and font changes, so that \fB\-\-role\fR reads --role. */
static char *read_plain(const char *name)
{
    char path[4096];
    struct nr_buf b;
    nr_buf_init(&b, 0);
    snprintf(path, sizeof path, "%s/%s", NODECTL_DEPLOY, name);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    for (int c; (c = fgetc(f)) != EOF;) {
        char ch = (char)c;
        if (ch == '\\' && (c = fgetc(f)) != '-') {
            if (c == 'f') (void)fgetc(f);
            continue;
        }
        if (ch == '\\') ch = '-';
        nr_buf_add(&b, &ch, 1);
    }
    fclose(f);
    nr_buf_add(&b, "", 1);
    assert_int_equal(b.err, 0);
    return (char *)b.data;
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Whether `word` stands there, not as part of a longer one. */
static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = text; (p = strstr(p, word)) != NULL; p++)
        if ((p == text || !is_word_byte(p[-1])) && !is_word_byte(p[len])) return true;
    return false;
}

static void expect_word(const char *file, const char *text, const char *word)
{
    if (!has_word(text, word)) fail_msg("%s: '%s' is missing", file, word);
}

static void expect_options(const char *file, const char *text)
{
    for (size_t i = 0; i < ctl_command_count; i++) {
        for (const struct ctl_option *o = ctl_commands[i].options; o && o->name; o++) {
            char flag[64];
            snprintf(flag, sizeof flag, "--%s", o->name);
            expect_word(file, text, flag);
        }
    }
}

static void expect_global_options(const char *file, const char *text)
{
    for (int k = 0; k < NR_CONF_KEY_COUNT; k++) {
        const struct nr_conf_row *row = nr_conf_row((enum nr_conf_key)k);
        char flag[64];
        snprintf(flag, sizeof flag, "--%s", row->flag);
        if (row->used_by & NR_CONF_NODECTL) expect_word(file, text, flag);
    }
    expect_word(file, text, "--output");
}

/* Each command of the table opens a paragraph of the manual page, with each of its words; each option stands there. */
static void manual_has_all(void **state)
{
    (void)state;
    char *text = read_plain("man/nodectl.1");
    for (size_t i = 0; i < ctl_command_count; i++) {
        const struct ctl_command *c = &ctl_commands[i];
        char opening[3][64];
        snprintf(opening[0], sizeof opening[0], ".TP\n.B %s\n", c->name);
        snprintf(opening[1], sizeof opening[1], ".TP\n%s ", c->name);
        snprintf(opening[2], sizeof opening[2], ".TP\n.B %s ", c->name);
        if (!strstr(text, opening[0]) && !strstr(text, opening[1]) && !strstr(text, opening[2]))
            fail_msg("nodectl.1: no paragraph of '%s'", c->name);
        char words[128];
        snprintf(words, sizeof words, "%s", c->words ? c->words : "");
        for (char *save, *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
            expect_word("nodectl.1", text, w);
    }
    expect_options("nodectl.1", text);
    expect_global_options("nodectl.1", text);
    free(text);
}

static void completion_has_all(const char *file)
{
    char *text = read_plain(file);
    for (size_t i = 0; i < ctl_command_count; i++) {
        char words[128];
        expect_word(file, text, ctl_commands[i].name);
        snprintf(words, sizeof words, "%s", ctl_commands[i].words ? ctl_commands[i].words : "");
        for (char *save, *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
            expect_word(file, text, w);
    }
    expect_options(file, text);
    expect_global_options(file, text);
    free(text);
}

/* The completions offer each command, word and option. */
static void completions_have_all(void **state)
{
    (void)state;
    completion_has_all("completion/nodectl.bash");
    completion_has_all("completion/_nodectl");
}

/* The help of a command names its options and operands. */
static void help_has_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < ctl_command_count; i++) {
        const struct ctl_command *c = &ctl_commands[i];
        struct nr_buf b;
        nr_buf_init(&b, 0);
        ctl_command_help(&b, c);
        nr_buf_add(&b, "", 1);
        assert_int_equal(b.err, 0);
        expect_word("--help", (const char *)b.data, c->name);
        assert_non_null(strstr((const char *)b.data, c->operands));
        for (const struct ctl_option *o = c->options; o && o->name; o++) {
            char flag[64];
            snprintf(flag, sizeof flag, "--%s", o->name);
            expect_word("--help", (const char *)b.data, flag);
        }
        nr_buf_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manual_has_all),
        cmocka_unit_test(completions_have_all),
        cmocka_unit_test(help_has_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
