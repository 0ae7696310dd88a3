/* The help text, from the table. */
#include <string.h>

#include "conf/value.h"

#define TEXT_COLUMN 30
#define WIDTH       100

/* Words broken at WIDTH, the following lines indented. Counts bytes: the texts are ASCII. */
static void print_wrapped(FILE *out, const char *text, int column)
{
    int at = column;
    while (*text) {
        int len = (int)strcspn(text, " ");
        if (at > column && at + 1 + len > WIDTH) {
            fprintf(out, "\n%*s", column, "");
            at = column;
        }
        at += fprintf(out, "%s%.*s", at > column ? " " : "", len, text);
        text += len;
        text += *text == ' ';
    }
    fputc('\n', out);
}

static void print_flag(FILE *out, const char *flag, const char *help)
{
    int n = fprintf(out, "  %s", flag);
    if (n >= TEXT_COLUMN) {
        fputc('\n', out);
        n = 0;
    }
    fprintf(out, "%*s", TEXT_COLUMN - n, "");
    print_wrapped(out, help, TEXT_COLUMN);
}

static void print_row(FILE *out, const struct nr_conf_row *row)
{
    char flag[96], help[512];
    snprintf(flag, sizeof flag, "--%s %s", row->flag, row->placeholder);
    snprintf(help, sizeof help, "%s%s%s%s%s", row->help, row->list ? "; may be repeated" : "",
             row->text ? " (default " : "", row->text ? row->text : "", row->text ? ")" : "");
    print_flag(out, flag, help);
}

static void print_extra(FILE *out, const struct nr_conf_extra *x)
{
    char flag[96] = "";
    if (x->letter) snprintf(flag, sizeof flag, "-%c%s", x->letter, x->name ? ", " : "");
    size_t len = strlen(flag);
    if (x->name) snprintf(flag + len, sizeof flag - len, "--%s", x->name);
    len = strlen(flag);
    if (x->placeholder) snprintf(flag + len, sizeof flag - len, " %s", x->placeholder);
    print_flag(out, flag, x->help);
}

/* The keys of a check's section, which are no flags. */
static void print_checks(FILE *out)
{
    fprintf(out, "\n[%s]\n", nr_conf_check_row(0)->section);
    for (enum nr_conf_check_key k = 0; k < NR_CONF_CHECK_KEY_COUNT; k++) {
        const struct nr_conf_row *row = nr_conf_check_row(k);
        char key[96], help[512];
        snprintf(key, sizeof key, "%s = %s", row->key, row->placeholder);
        snprintf(help, sizeof help, "%s%s%s%s", row->help, row->text ? " (default " : "", row->text ? row->text : "",
                 row->text ? ")" : "");
        print_flag(out, key, help);
    }
    print_flag(
        out, "--check NAME=TARGET",
        "a check as a flag: http://HOST, https://HOST, tcp://HOST:PORT or exec:COMMAND; may be repeated, and stands "
        "for all such sections of the file");
}

void nr_conf_help(const struct nr_conf_program *program, FILE *out)
{
    const char *section = "";
    fprintf(out, "Usage: %s %s\n%s\n", program->name, program->usage, program->summary);
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) {
        const struct nr_conf_row *row = nr_conf_row(k);
        if (!(row->used_by & program->bit)) continue;
        if (strcmp(section, row->section) != 0) fprintf(out, "\n[%s]\n", row->section);
        section = row->section;
        print_row(out, row);
    }
    if (program->bit & NR_CONF_NODED) print_checks(out);
    fputc('\n', out);
    for (size_t i = 0; i < program->extra_count; i++) print_extra(out, &program->extras[i]);
    print_flag(out, "--config FILE", "configuration file (default /etc/dagi/noded.conf where it exists)");
    print_flag(out, "--check-config", "check flags, environment and file, and exit");
    print_flag(out, "--print-config", "print what is in force as a configuration file, and exit");
    print_flag(out, "--help", "print this text, and exit");
    print_flag(out, "--version", "print the version, and exit");
    fprintf(
        out,
        "\nEach key of a section may stand in the configuration file, as a flag, and in the environment as DAGI_\n"
        "and the flag in upper case (DAGI_STATE_DIR). A flag is stronger than the environment, that than the file.\n");
    if (program->epilog) fprintf(out, "\n%s\n", program->epilog);
}
