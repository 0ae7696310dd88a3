#include "tools/nodectl/bootstrap_conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/nodectl/files.h"

struct line {
    struct nr_bytes all;  /* with its end */
    struct nr_bytes text; /* without the white space around it */
};

/* The next line of what is left, as the parser of the file sees it. */
static bool next_line(struct nr_bytes *left, struct line *out)
{
    if (left->len == 0) return false;
    const uint8_t *nl = memchr(left->data, '\n', left->len);
    size_t len = nl ? (size_t)(nl - left->data) + 1 : left->len;
    out->all = nr_bytes(left->data, len);
    *left = nr_bytes(left->data + len, left->len - len);
    const uint8_t *start = out->all.data;
    if (len >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0) start += 3, len -= 3;
    while (len > 0 && isspace(*start)) start++, len--;
    while (len > 0 && isspace(start[len - 1])) len--;
    out->text = nr_bytes(start, len);
    return true;
}

static bool is_section(struct nr_bytes text, const char *name)
{
    size_t len = strlen(name);
    return text.len >= len + 2 && memcmp(text.data + 1, name, len) == 0 && text.data[1 + len] == ']';
}

/* Whether it reads `key = …` or `key: …`. */
static bool is_key(struct nr_bytes text, const char *key)
{
    size_t len = strlen(key);
    if (text.len <= len || memcmp(text.data, key, len) != 0) return false;
    while (len < text.len && isspace(text.data[len])) len++;
    return len < text.len && (text.data[len] == '=' || text.data[len] == ':');
}

static bool is_comment(struct nr_bytes text)
{
    return text.len > 0 && (text.data[0] == '#' || text.data[0] == ';');
}

/* A comment that shows the key. */
static bool is_example(struct nr_bytes text, const char *key)
{
    size_t n = 1;
    if (!is_comment(text)) return false;
    while (n < text.len && isspace(text.data[n])) n++;
    return is_key(nr_bytes(text.data + n, text.len - n), key);
}

/* Where things stand in a file, as offsets behind their line; 0: nowhere. */
struct places {
    size_t header, last_key, example;
    bool there; /* the key itself */
};

static struct places find_places(struct nr_bytes text, const struct nr_conf_row *row)
{
    struct places p = { 0 };
    struct line l;
    bool in_section = false;
    for (struct nr_bytes left = text; next_line(&left, &l);) {
        size_t behind = text.len - left.len;
        if (l.text.len > 0 && l.text.data[0] == '[') {
            in_section = is_section(l.text, row->section);
            if (in_section && !p.header) p.header = behind;
        } else if (in_section && is_key(l.text, row->key)) {
            p.there = true;
        } else if (in_section && is_example(l.text, row->key)) {
            p.example = behind;
        } else if (in_section && l.text.len > 0 && !is_comment(l.text)) {
            p.last_key = behind;
        }
    }
    return p;
}

static void add_value(struct nr_buf *out, const struct ctl_setting *s)
{
    bool list = nr_conf_row(s->key)->list;
    for (size_t i = 0; i < s->count; i++) {
        if (i > 0) nr_buf_add_str(out, ", ");
        for (const char *p = s->items[i]; *p; p++) {
            if (list && *p == ',') nr_buf_add_str(out, "\\");
            nr_buf_add(out, p, 1);
        }
    }
}

static void add_line(struct nr_buf *out, const struct ctl_setting *s, const char *eol)
{
    nr_buf_printf(out, "%s = ", nr_conf_row(s->key)->key);
    add_value(out, s);
    nr_buf_add_str(out, eol);
}

/* The line anew, between the white space before it and the comment behind its value. */
static void rewrite_line(struct nr_buf *out, const struct ctl_setting *s, const struct line *l)
{
    const uint8_t *start = l->text.data, *end = start + l->text.len, *tail = end;
    for (const uint8_t *p = start + 1; p < end; p++) {
        if (*p != ';' || !isspace(p[-1])) continue;
        for (tail = p; isspace(tail[-1]);) tail--;
        break;
    }
    nr_buf_add(out, l->all.data, (size_t)(start - l->all.data));
    add_line(out, s, "");
    nr_buf_add(out, tail, (size_t)(l->all.data + l->all.len - tail));
}

static void replace_key(struct nr_bytes text, const struct ctl_setting *s, struct nr_buf *out)
{
    const struct nr_conf_row *row = nr_conf_row(s->key);
    struct line l;
    bool in_section = false, done = s->count == 0;
    for (struct nr_bytes left = text; next_line(&left, &l);) {
        if (l.text.len > 0 && l.text.data[0] == '[') in_section = is_section(l.text, row->section);
        if (!in_section || !is_key(l.text, row->key)) {
            nr_buf_add(out, l.all.data, l.all.len);
        } else if (!done) {
            rewrite_line(out, s, &l);
            done = true;
        }
    }
}

static void insert_key(struct nr_bytes text, const struct ctl_setting *s, const struct places *p, struct nr_buf *out)
{
    const uint8_t *nl = text.len ? memchr(text.data, '\n', text.len) : NULL;
    const char *eol = nl && nl > text.data && nl[-1] == '\r' ? "\r\n" : "\n";
    size_t at = p->example ? p->example : p->last_key ? p->last_key : p->header ? p->header : text.len;
    nr_buf_add(out, text.data, at);
    if (at > 0 && text.data[at - 1] != '\n') nr_buf_add_str(out, eol);
    if (!p->header) nr_buf_printf(out, "%s[%s]%s", at > 0 ? eol : "", nr_conf_row(s->key)->section, eol);
    add_line(out, s, eol);
    nr_buf_add(out, text.data + at, text.len - at);
}

static bool has_value(const struct nr_conf *c, const struct ctl_setting *s)
{
    size_t count;
    bool there = nr_conf_source(c, s->key) == NR_CONF_FROM_FILE;
    if (!there || s->count == 0) return !there && s->count == 0;
    if (!nr_conf_row(s->key)->list) return strcmp(nr_conf_text(c, s->key), s->items[0]) == 0;
    const char *const *items = nr_conf_list(c, s->key, &count);
    bool same = count == s->count;
    for (size_t i = 0; same && i < count; i++) same = strcmp(items[i], s->items[i]) == 0;
    return same;
}

/* What was written is what will be read: a value may hold what the form of the file cannot. */
static int read_back(const char *name, struct nr_bytes text, const struct ctl_setting *settings, size_t count,
                     struct nr_buf *faults)
{
    struct nr_conf *conf = NULL;
    int err = nr_conf_read_text(&conf, name, text, faults);
    for (size_t i = 0; !err && i < count; i++) {
        if (has_value(conf, &settings[i])) continue;
        nr_buf_printf(faults, "%s: %s: the file cannot hold this value\n", name, nr_conf_row(settings[i].key)->key);
        err = NR_E_INVALID;
    }
    nr_conf_free(conf);
    return err;
}

int ctl_conf_edit(const char *name, struct nr_bytes text, const struct ctl_setting *settings, size_t count,
                  struct nr_buf *out, bool *changed, struct nr_buf *faults)
{
    struct nr_conf *conf = NULL;
    struct nr_buf now, next;
    *changed = false;
    nr_buf_init(&now, 0);
    nr_buf_init(&next, 0);
    nr_buf_add(&now, text.data, text.len);
    int err = nr_conf_read_text(&conf, name, text, faults);
    for (size_t i = 0; !err && i < count; i++) {
        if (has_value(conf, &settings[i])) continue;
        struct places p = find_places(nr_buf_bytes(&now), nr_conf_row(settings[i].key));
        nr_buf_reset(&next);
        if (p.there)
            replace_key(nr_buf_bytes(&now), &settings[i], &next);
        else
            insert_key(nr_buf_bytes(&now), &settings[i], &p, &next);
        struct nr_buf swap = now;
        now = next;
        next = swap;
        *changed = true;
        err = now.err;
    }
    if (!err) err = read_back(name, nr_buf_bytes(&now), settings, count, faults);
    if (!err) nr_buf_add(out, now.data, now.len);
    if (!err) err = out->err;
    nr_conf_free(conf);
    nr_buf_fini(&now);
    nr_buf_fini(&next);
    return err;
}

static int replace(const char *path, struct nr_bytes content)
{
    char parent[4096];
    const char *slash = strrchr(path, '/');
    ctl_parent(path, parent, sizeof parent);
    if (ctl_make_dirs(parent, 0755) != 0) return NR_E_SYSTEM;
    int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return NR_E_SYSTEM;
    int err = ctl_replace_file(dir, slash ? slash + 1 : path, content, 0644), why = errno;
    close(dir);
    errno = why;
    return err ? NR_E_SYSTEM : 0;
}

int ctl_conf_edit_file(const char *path, const struct ctl_setting *settings, size_t count, bool *changed,
                       struct nr_buf *faults)
{
    struct nr_buf before, after;
    char *real = realpath(path, NULL);
    nr_buf_init(&before, 0);
    nr_buf_init(&after, 0);
    int err = ctl_read_file(path, CTL_CONF_FILE_MAX, &before) == 0 || errno == ENOENT ? 0 : NR_E_SYSTEM;
    if (!err) err = ctl_conf_edit(path, nr_buf_bytes(&before), settings, count, &after, changed, faults);
    if (!err && *changed) err = replace(real ? real : path, nr_buf_bytes(&after));
    int why = errno;
    free(real);
    nr_buf_fini(&before);
    nr_buf_fini(&after);
    errno = why;
    return err;
}
