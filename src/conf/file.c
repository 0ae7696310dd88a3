/* The INI file, by libinih. It is read into memory first and handed over line by line, so that lines can be counted and
 * those too long for the parser refused; leading white space is taken away, so that an indented line is a line of its
 * own and no continuation. */
#include <ctype.h>
#include <ini.h>
#include <stdio.h>

#include "base/utf8.h"
#include "conf/checks.h"

struct source {
    struct nr_conf *conf;
    struct nr_conf_place place; /* its line: the one handed out last */
    struct nr_bytes left;
    bool known_section;
    bool in_check;
    struct nr_conf_check_entry *check; /* whose section it is; NULL: one with a fault */
};

static bool section_known(const char *name, size_t len)
{
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) {
        const char *section = nr_conf_row(k)->section;
        if (strlen(section) == len && memcmp(section, name, len) == 0) return true;
    }
    return false;
}

static void line_fault(struct source *s, const char *why, const char *value)
{
    nr_buf_printf(s->place.faults, "%s:%u: %s", s->place.file, s->place.line, why);
    if (value) {
        nr_buf_add_str(s->place.faults, ": ");
        nr_conf_add_quoted(s->place.faults, value);
    }
    nr_buf_add_str(s->place.faults, "\n");
}

static void section_begins(struct source *s, const char *line)
{
    size_t len = strcspn(line + 1, "]"), prefix = strlen(NR_CONF_CHECK_SECTION);
    s->in_check = line[1 + len] == ']' && strncmp(line + 1, NR_CONF_CHECK_SECTION, prefix) == 0;
    if (s->in_check) {
        s->check = nr_conf_check_begin(s->conf, &s->place, nr_bytes(line + 1 + prefix, len - prefix));
        return;
    }
    s->known_section = section_known(line + 1, len);
    if (s->known_section || line[1 + len] != ']') return;
    char name[64];
    snprintf(name, sizeof name, "[%.*s]", (int)(len < 60 ? len : 60), line + 1);
    line_fault(s, "unknown section", name);
}

/* What fgets is to a file. */
static char *next_line(char *out, int size, void *arg)
{
    struct source *s = arg;
    if (s->left.len == 0 || size < 3) return NULL;
    const uint8_t *start = s->left.data, *nl = memchr(start, '\n', s->left.len);
    size_t len = nl ? (size_t)(nl - start) : s->left.len, taken = nl ? len + 1 : len;
    s->left = nr_bytes(start + taken, s->left.len - taken);
    s->place.line++;
    while (len > 0 && isspace(*start)) start++, len--;
    while (len > 0 && isspace(start[len - 1])) len--;

    const char *why = NULL;
    if (len > (size_t)size - 2) why = "the line is too long (give a list's items in several lines)";
    if (memchr(start, '\0', len) || !nr_utf8_valid(nr_bytes(start, len))) why = "the line is not UTF-8 text";
    if (why) {
        line_fault(s, why, NULL);
        len = 0;
    }
    memcpy(out, start, len);
    memcpy(out + len, "\n", 2);
    if (len > 0 && out[0] == '[') section_begins(s, out);
    return out;
}

/* A key that is known, but of another section. */
static const char *section_of(const char *name)
{
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) {
        if (strcmp(nr_conf_row(k)->key, name) == 0) return nr_conf_row(k)->section;
    }
    return NULL;
}

/* libinih cuts a section's name to 49 bytes, so that of a check is told by where its line stood. */
static void take_check_pair(struct source *s, const char *name, const char *value)
{
    if (!s->check || nr_conf_check_take(s->check, &s->place, name, value)) return;
    char why[64 + NR_CONF_CHECK_NAME_MAX];
    snprintf(why, sizeof why, "unknown key in [check.%s]", s->check->name);
    line_fault(s, why, name);
}

static int take_pair(void *arg, const char *section, const char *name, const char *value)
{
    struct source *s = arg;
    if (*section == '\0') {
        line_fault(s, "a key before the first section", name);
        return 1;
    }
    if (s->in_check) take_check_pair(s, name, value);
    if (s->in_check || !s->known_section) return 1;
    for (enum nr_conf_key k = 0; k < NR_CONF_KEY_COUNT; k++) {
        const struct nr_conf_row *row = nr_conf_row(k);
        if (strcmp(row->section, section) != 0 || strcmp(row->key, name) != 0) continue;
        nr_conf_take(s->conf, k, &s->place, value);
        return 1;
    }
    char why[96];
    const char *other = section_of(name);
    snprintf(why, sizeof why, other ? "unknown key in [%s], it belongs in [%s]" : "unknown key in [%s]", section,
             other);
    line_fault(s, why, name);
    return 1;
}

void nr_conf_take_file(struct nr_conf *c, const char *name, struct nr_bytes text, struct nr_buf *faults)
{
    struct source s = {
        .conf = c,
        .place = { .source = NR_CONF_FROM_FILE, .file = name, .faults = faults },
        .left = text,
    };
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) s.left = nr_bytes(text.data + 3, text.len - 3);
    int line = ini_parse_stream(next_line, &s, take_pair, &s);
    nr_conf_checks_judge(c, &s.place);
    if (line == 0) return;
    s.place.line = line > 0 ? (unsigned)line : s.place.line;
    line_fault(&s, line > 0 ? "must be 'key = value', '[section]' or a comment" : "cannot be parsed", NULL);
}
