#include "tools/nodectl/command.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tools/nodectl/text.h"

#define NAME_MAX_LEN 32
#define OPTIONS_MAX  16

bool ctl_has(const struct ctl_args *args, const char *name)
{
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, name) == 0) return true;
    return false;
}

const char *ctl_value(const struct ctl_args *args, const char *name)
{
    for (size_t i = args->given_count; i-- > 0;)
        if (strcmp(args->given[i].option->name, name) == 0) return args->given[i].value;
    return NULL;
}

int ctl_count(const struct ctl_args *args, const char *name, uint64_t *out)
{
    const char *text = ctl_value(args, name);
    char q[CTL_QUOTED];
    if (!text || ctl_count_parse(text, 1000000000, out) == 0) return 0;
    return ctl_usage("--%s: expected a number from 0 to 1000000000: '%s'", name, ctl_quoted(nr_bytes_str(text), q));
}

int ctl_when(const struct ctl_args *args, const char *name, int64_t *out)
{
    const char *text = ctl_value(args, name);
    char q[CTL_QUOTED];
    if (!text || ctl_when_parse(text, nr_wall_clock_ms(), out) == 0) return 0;
    return ctl_usage("--%s: expected a span ago (90s, 15m, 2h, 3d) or a time (2026-11-23T14:30:00Z): '%s'", name,
                     ctl_quoted(nr_bytes_str(text), q));
}

/* Edits that turn one word into the other, a swap of neighbours being one. Longer words than the bound are far apart.
 */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    if (n > NAME_MAX_LEN || m > NAME_MAX_LEN) return NAME_MAX_LEN;
    size_t d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
    for (size_t i = 0; i <= n; i++) d[i][0] = i;
    for (size_t j = 0; j <= m; j++) d[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && d[i - 2][j - 2] + 1 < best) best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[n][m];
}

const struct ctl_command *ctl_command_nearest(const char *name)
{
    const struct ctl_command *best = NULL;
    size_t len = strlen(name);
    size_t best_distance = len < 5 ? 2 : 3; /* further away it is no slip of the fingers */
    for (size_t i = 0; i < ctl_command_count; i++) {
        bool begins = len >= 3 && strncmp(ctl_commands[i].name, name, len) == 0;
        size_t d = begins ? 1 : distance(name, ctl_commands[i].name);
        if (d < best_distance && d < strlen(ctl_commands[i].name)) best_distance = d, best = &ctl_commands[i];
    }
    return best;
}

/* Words broken at `width` columns, each line led by `indent` blanks; the first stands at column `at` already. */
static void add_wrapped(struct nr_buf *out, const char *text, size_t at, size_t indent, size_t width)
{
    while (*text) {
        size_t word = strcspn(text, " ");
        if (at > indent && at + 1 + word > width) {
            nr_buf_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            nr_buf_add(out, " ", 1);
            at++;
        }
        nr_buf_add(out, text, word);
        at += word;
        text += word;
        while (*text == ' ') text++;
    }
    nr_buf_add(out, "\n", 1);
}

void ctl_command_list(struct nr_buf *out)
{
    nr_buf_add_str(out, "Commands:\n");
    for (size_t i = 0; i < ctl_command_count; i++) {
        nr_buf_printf(out, "  %-12s ", ctl_commands[i].name);
        add_wrapped(out, ctl_commands[i].help, 15, 15, 80);
    }
    nr_buf_add_str(out, "\nnodectl COMMAND --help says more about one.\n");
}

void ctl_command_help(struct nr_buf *out, const struct ctl_command *c)
{
    nr_buf_printf(out, "Usage: nodectl [OPTION]… %s%s%s%s\n\n", c->name, c->options ? " [OPTION]…" : "",
                  *c->operands ? " " : "", c->operands);
    char help[256];
    snprintf(help, sizeof help, "%s.", c->help);
    if (help[0] >= 'a' && help[0] <= 'z') help[0] = (char)(help[0] - 'a' + 'A');
    add_wrapped(out, help, 0, 0, 80);
    if (c->more) {
        nr_buf_add_str(out, "\n");
        add_wrapped(out, c->more, 0, 0, 80);
    }
    nr_buf_add_str(out, "\n");
    for (const struct ctl_option *o = c->options; o && o->name; o++) {
        nr_buf_printf(out, "  --%s%s%s\n        ", o->name, o->placeholder ? " " : "",
                      o->placeholder ? o->placeholder : "");
        add_wrapped(out, o->help, 8, 8, 80);
    }
    nr_buf_add_str(out, "  --help\n        show this\n");
}

static int operands_check(const struct ctl_command *c, const struct ctl_args *args)
{
    char q[CTL_QUOTED];
    if (args->operand_count < c->least)
        return ctl_usage("%s: expected %s; see nodectl %s --help", c->name, c->operands, c->name);
    if (args->operand_count > c->most)
        return ctl_usage("%s: not expected: '%s'; see nodectl %s --help", c->name,
                         ctl_quoted(nr_bytes_str(args->operand[c->most]), q), c->name);
    if (!c->words || args->operand_count == 0) return 0;
    const char *word = args->operand[0];
    size_t len = strlen(word);
    bool one = len > 0 && !strchr(word, ' ');
    for (const char *p = c->words; one && (p = strstr(p, word)) != NULL; p++)
        if ((p == c->words || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0')) return 0;
    return ctl_usage("%s: expected one of: %s; not '%s'", c->name, c->words, ctl_quoted(nr_bytes_str(word), q));
}

static int take_option(const struct ctl_command *c, int index, const char *value, struct ctl_args *args)
{
    if (args->given_count == CTL_GIVEN_MAX) return ctl_usage("%s: more than %d options", c->name, CTL_GIVEN_MAX);
    args->given[args->given_count++] = (struct ctl_given){ &c->options[index], value };
    return 0;
}

int ctl_args_read(const struct ctl_command *c, int argc, char **argv, struct ctl_args *args, bool *help)
{
    struct option longs[OPTIONS_MAX + 2] = { 0 };
    int n = 0;
    for (const struct ctl_option *o = c->options; o && o->name; o++) {
        nr_assert(n < OPTIONS_MAX);
        longs[n] = (struct option){ o->name, o->placeholder ? required_argument : no_argument, NULL, 256 + n };
        n++;
    }
    longs[n] = (struct option){ "help", no_argument, NULL, 'h' };
    *args = (struct ctl_args){ 0 };
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    for (int o; (o = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        const char *met = argv[optind - 1];
        char q[CTL_QUOTED];
        if (o == 'h') {
            *help = true;
            return 0;
        }
        if (o == ':') return ctl_usage("%s: %s: needs a value", c->name, ctl_quoted(nr_bytes_str(met), q));
        if (o == '?')
            return ctl_usage("%s: unknown option '%s'; see nodectl %s --help", c->name,
                             ctl_quoted(nr_bytes_str(met), q), c->name);
        int err = take_option(c, o - 256, optarg, args);
        if (err) return err;
    }
    args->operand = argv + optind;
    args->operand_count = argc - optind;
    return operands_check(c, args);
}
