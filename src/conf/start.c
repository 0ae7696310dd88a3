/* From argv, environment and file to a configuration. Faults of all three are gathered, so that one run names them all.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "conf/checks.h"

#define DEFAULT_FILE "/etc/dagi/noded.conf"
#define FILE_MAX     (1024 * 1024)

enum own_flag {
    FLAG_CHECKS = NR_CONF_KEY_COUNT,
    FLAG_CONFIG,
    FLAG_CHECK_CONFIG,
    FLAG_PRINT,
    FLAG_HELP,
    FLAG_VERSION,
    FLAG_EXTRA
};
#define CODE_BASE   1000 /* above every letter */
#define FLAGS_MAX   (NR_CONF_KEY_COUNT + 6 + 16 + 1)
#define LETTERS_MAX 40

struct start {
    const struct nr_conf_program *program;
    struct nr_conf *conf;
    struct nr_buf faults;
    const char *file;
    bool help, version, check, print;
    struct option options[FLAGS_MAX];
    char letters[LETTERS_MAX];
};

static void option_add(struct start *s, size_t *n, const char *name, bool value, int code)
{
    nr_assert(*n < FLAGS_MAX - 1);
    s->options[*n] = (struct option){ .name = name, .has_arg = value, .val = CODE_BASE + code };
    ++*n;
}

static void options_build(struct start *s)
{
    size_t n = 0, l = 0;
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) {
        const struct nr_conf_row *row = nr_conf_row(k);
        if (row->used_by & s->program->bit) option_add(s, &n, row->flag, true, (int)k);
    }
    if (s->program->bit & NR_CONF_NODED) option_add(s, &n, "check", true, FLAG_CHECKS);
    option_add(s, &n, "config", true, FLAG_CONFIG);
    option_add(s, &n, "check-config", false, FLAG_CHECK_CONFIG);
    option_add(s, &n, "print-config", false, FLAG_PRINT);
    option_add(s, &n, "help", false, FLAG_HELP);
    option_add(s, &n, "version", false, FLAG_VERSION);
    if (s->program->operands) s->letters[l++] = '+';
    s->letters[l++] = ':';
    for (size_t i = 0; i < s->program->extra_count; i++) {
        const struct nr_conf_extra *x = &s->program->extras[i];
        nr_assert(l + 3 < LETTERS_MAX);
        if (x->name) option_add(s, &n, x->name, x->placeholder != NULL, FLAG_EXTRA + (int)i);
        if (!x->letter) continue;
        s->letters[l++] = x->letter;
        if (x->placeholder) s->letters[l++] = ':';
    }
}

static void extra_met(struct start *s, const struct nr_conf_extra *x)
{
    const char *why = x->met(s->program->extra_arg, optarg);
    if (!why) return;
    if (x->name) {
        nr_buf_printf(&s->faults, "--%s: %s", x->name, why);
    } else {
        nr_buf_printf(&s->faults, "-%c: %s", x->letter, why);
    }
    if (optarg) {
        nr_buf_add_str(&s->faults, ": ");
        nr_conf_add_quoted(&s->faults, optarg);
    }
    nr_buf_add_str(&s->faults, "\n");
}

static void letter_met(struct start *s, int letter)
{
    for (size_t i = 0; i < s->program->extra_count; i++) {
        if (s->program->extras[i].letter == letter) extra_met(s, &s->program->extras[i]);
    }
}

static void flag_met(struct start *s, int code)
{
    const struct nr_conf_place place = { .source = NR_CONF_FROM_FLAG, .faults = &s->faults };
    switch (code) {
    case FLAG_CONFIG: s->file = optarg; break;
    case FLAG_CHECKS: nr_conf_checks_give(s->conf, &place, optarg); break;
    case FLAG_CHECK_CONFIG: s->check = true; break;
    case FLAG_PRINT: s->print = true; break;
    case FLAG_HELP: s->help = true; break;
    case FLAG_VERSION: s->version = true; break;
    default:
        if (code >= FLAG_EXTRA) {
            extra_met(s, &s->program->extras[code - FLAG_EXTRA]);
        } else {
            nr_conf_take(s->conf, (enum nr_conf_key)code, &place, optarg);
        }
    }
}

/* getopt says ':' for a value that is missing, '?' for the rest. */
static void flag_fault(struct start *s, int code, char **argv, int at)
{
    const char *word = argv[at < optind ? optind - 1 : at];
    size_t len = strcspn(word, "=");
    if (code == ':') {
        nr_buf_printf(&s->faults, "%s: needs a value\n", word);
    } else if (optopt >= CODE_BASE) {
        nr_buf_printf(&s->faults, "%.*s: takes no value\n", (int)len, word);
    } else if (optopt != 0) {
        nr_buf_printf(&s->faults, "-%c: unknown flag\n", optopt);
    } else {
        nr_buf_printf(&s->faults, "%.*s: unknown or ambiguous flag\n", (int)len, word);
    }
}

static void take_flags(struct start *s, int argc, char **argv)
{
    int code, at;
    optind = 0; /* GNU: begin anew, also when called again */
    opterr = 0;
    for (at = 1; (code = getopt_long(argc, argv, s->letters, s->options, NULL)) != -1; at = optind) {
        if (code >= CODE_BASE) {
            flag_met(s, code - CODE_BASE);
        } else if (code == '?' || code == ':') {
            flag_fault(s, code, argv, at);
        } else {
            letter_met(s, code);
        }
    }
    s->conf->operand = optind;
    for (int i = optind; i < argc && !s->program->operands; i++) {
        nr_buf_add_str(&s->faults, "takes no operands: ");
        nr_conf_add_quoted(&s->faults, argv[i]);
        nr_buf_add_str(&s->faults, "\n");
    }
}

static void take_environment(struct start *s)
{
    const struct nr_conf_place place = { .source = NR_CONF_FROM_ENV, .faults = &s->faults };
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) {
        char name[NR_CONF_ENV_MAX];
        if (!(nr_conf_row(k)->used_by & s->program->bit)) continue;
        nr_conf_env_name(nr_conf_row(k), name);
        const char *value = getenv(name);
        if (value && *value) nr_conf_take(s->conf, k, &place, value);
    }
    const char *checks = s->program->bit & NR_CONF_NODED ? getenv("DAGI_CHECK") : NULL;
    if (checks && *checks) nr_conf_checks_give(s->conf, &place, checks);
}

/* Returns 0 or errno; EFBIG above FILE_MAX. */
static int file_read(const char *path, struct nr_buf *out)
{
    char chunk[8192];
    size_t n;
    errno = 0;
    FILE *f = fopen(path, "re");
    if (!f) return errno ? errno : EIO;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0 && !out->err) nr_buf_add(out, chunk, n);
    int err = ferror(f) ? (errno ? errno : EIO) : out->err == NR_E_TOO_LARGE ? EFBIG : out->err ? ENOMEM : 0;
    fclose(f);
    return err;
}

static void take_named_file(struct start *s)
{
    const char *env = getenv("DAGI_CONFIG"), *path = s->file;
    if (!path && env && *env) path = env;
    bool named = path != NULL;
    if (!path) path = DEFAULT_FILE;
    struct nr_buf text;
    nr_buf_init(&text, FILE_MAX);
    int err = file_read(path, &text);
    if (err == 0) {
        s->conf->file = strdup(path);
        nr_assert(s->conf->file);
        nr_conf_take_file(s->conf, path, nr_buf_bytes(&text), &s->faults);
    } else if (named || (err != ENOENT && err != ENOTDIR)) {
        nr_buf_printf(&s->faults, "%s: cannot be read: %s\n", path, strerror(err));
    }
    nr_buf_fini(&text);
}

static void print_value(const struct nr_conf *c, enum nr_conf_key k, FILE *out)
{
    const struct nr_conf_row *row = nr_conf_row(k);
    const struct nr_conf_value *v = &c->values[k];
    if (!v->text && v->count == 0) fprintf(out, "# %s =\n", row->key);
    if (v->text) fprintf(out, "# %s\n%s = %s\n", nr_conf_source_name(v->source), row->key, v->text);
    if (v->count > 0) fprintf(out, "# %s\n", nr_conf_source_name(v->source));
    for (size_t i = 0; i < v->count; i++) {
        fprintf(out, "%s = ", row->key);
        for (const char *p = v->items[i]; *p; p++) fprintf(out, *p == ',' ? "\\%c" : "%c", *p);
        fputc('\n', out);
    }
}

/* As a file that could be read again. */
static void print_all(const struct start *s, FILE *out)
{
    const char *section = "";
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) {
        const struct nr_conf_row *row = nr_conf_row(k);
        if (!(row->used_by & s->program->bit)) continue;
        if (strcmp(section, row->section) != 0) fprintf(out, "%s[%s]\n", *section ? "\n" : "", row->section);
        section = row->section;
        print_value(s->conf, k, out);
    }
    if (s->program->bit & NR_CONF_NODED) nr_conf_checks_print(s->conf, out);
}

/* "noded: " before each line. */
static void faults_write(const struct start *s, FILE *out)
{
    struct nr_bytes left = nr_buf_bytes(&s->faults);
    while (left.len > 0) {
        const uint8_t *nl = memchr(left.data, '\n', left.len);
        size_t len = nl ? (size_t)(nl - left.data) + 1 : left.len;
        fprintf(out, "%s: ", s->program->name);
        fwrite(left.data, 1, len, out);
        left = nr_bytes(left.data + len, left.len - len);
    }
    fprintf(out, "%s: try '%s --help'\n", s->program->name, s->program->name);
}

enum nr_conf_result nr_conf_start(struct nr_conf **out, const struct nr_conf_program *program, int argc, char **argv,
                                  FILE *out_stream, FILE *err_stream)
{
    struct start s = { .program = program, .conf = nr_conf_new() };
    enum nr_conf_result result = NR_CONF_DONE;
    nr_buf_init(&s.faults, FILE_MAX);
    options_build(&s);
    take_flags(&s, argc, argv);
    if (s.faults.len == 0 && s.help) {
        nr_conf_help(program, out_stream);
        goto out;
    }
    if (s.faults.len == 0 && s.version) {
        fprintf(out_stream, "%s %s\n", program->name, NR_VERSION);
        goto out;
    }
    take_named_file(&s);
    take_environment(&s);
    nr_conf_take_defaults(s.conf, geteuid() == 0, &s.faults);
    if (s.faults.len > 0) {
        faults_write(&s, err_stream);
        result = NR_CONF_WRONG;
    } else if (s.print) {
        print_all(&s, out_stream);
    } else if (s.check) {
        fprintf(err_stream, "%s: the configuration is good%s%s\n", program->name, s.conf->file ? ": " : "",
                s.conf->file ? s.conf->file : "");
    } else {
        result = NR_CONF_RUN;
        *out = s.conf;
        s.conf = NULL;
    }
out:
    nr_buf_fini(&s.faults);
    nr_conf_free(s.conf);
    return result;
}

int nr_conf_read_text(struct nr_conf **out, const char *name, struct nr_bytes text, struct nr_buf *faults)
{
    struct nr_conf *c = nr_conf_new();
    size_t before = faults->len;
    nr_conf_take_file(c, name, text, faults);
    nr_conf_take_defaults(c, true, faults);
    if (faults->len != before) {
        nr_conf_free(c);
        return NR_E_INVALID;
    }
    *out = c;
    return 0;
}
