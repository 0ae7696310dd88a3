/* Values by source. A list item is split off at a comma; `\,` keeps one. Memory that runs out while a configuration is
 * read ends the program: it has done nothing yet. */
#include "conf/checks.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"

static const struct nr_conf_row rows[NR_CONF_KEY_COUNT] = {
#define X(id, sec, key_, flag_, kind_, list_, low_, high_, text_, used, live_, holder, help_)                          \
    [NR_CONF_##id] = { .section = sec,                                                                                 \
                       .key = key_,                                                                                    \
                       .flag = flag_,                                                                                  \
                       .kind = kind_,                                                                                  \
                       .list = list_,                                                                                  \
                       .low = low_,                                                                                    \
                       .high = high_,                                                                                  \
                       .text = text_,                                                                                  \
                       .used_by = used,                                                                                \
                       .live = live_,                                                                                  \
                       .placeholder = holder,                                                                          \
                       .help = help_ },
    NR_CONF_KEYS(X)
#undef X
};

const struct nr_conf_row *nr_conf_row(enum nr_conf_key key)
{
    nr_assert((unsigned)key < NR_CONF_KEY_COUNT);
    return &rows[key];
}

const char *nr_conf_source_name(enum nr_conf_source source)
{
    static const char *const words[] = { "unset", "default", "file", "environment", "flag" };
    return words[source];
}

struct nr_conf *nr_conf_new(void)
{
    struct nr_conf *c = calloc(1, sizeof *c);
    nr_assert(c);
    return c;
}

static void value_clear(struct nr_conf_value *v)
{
    free(v->text);
    for (size_t i = 0; i < v->count; i++) free(v->items[i]);
    free(v->items);
    *v = (struct nr_conf_value){ 0 };
}

void nr_conf_free(struct nr_conf *c)
{
    if (!c) return;
    for (size_t i = 0; i < NR_CONF_KEY_COUNT; i++) value_clear(&c->values[i]);
    nr_conf_check_set_clear(&c->checks_of_file);
    nr_conf_check_set_clear(&c->checks_given);
    free(c->checks);
    free(c->file);
    free(c);
}

void nr_conf_env_name(const struct nr_conf_row *row, char out[static NR_CONF_ENV_MAX])
{
    int n = snprintf(out, NR_CONF_ENV_MAX, "DAGI_%s", row->flag);
    nr_assert(n < NR_CONF_ENV_MAX);
    for (char *p = out; *p; p++) *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}

void nr_conf_add_quoted(struct nr_buf *out, const char *text)
{
    nr_buf_add_str(out, "'");
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            nr_buf_printf(out, "\\x%02x", (unsigned)(unsigned char)*p);
        } else {
            nr_buf_add(out, p, 1);
        }
    }
    nr_buf_add_str(out, "'");
}

void nr_conf_fault(const struct nr_conf_place *place, const struct nr_conf_row *row, const char *why, const char *value)
{
    char env[NR_CONF_ENV_MAX];
    switch (place->source) {
    case NR_CONF_FROM_FILE: nr_buf_printf(place->faults, "%s:%u: %s", place->file, place->line, row->key); break;
    case NR_CONF_FROM_ENV:
        nr_conf_env_name(row, env);
        nr_buf_add_str(place->faults, env);
        break;
    default: nr_buf_printf(place->faults, "--%s", row->flag); break;
    }
    nr_buf_printf(place->faults, ": %s", why);
    if (value) {
        nr_buf_add_str(place->faults, ": ");
        nr_conf_add_quoted(place->faults, value);
    }
    nr_buf_add_str(place->faults, "\n");
}

static void item_add(struct nr_conf_value *v, const char *text)
{
    v->items = realloc(v->items, (v->count + 1) * sizeof *v->items);
    nr_assert(v->items);
    v->items[v->count] = strdup(text);
    nr_assert(v->items[v->count]);
    v->count++;
}

char *nr_conf_next_item(char **rest)
{
    char *in = *rest, *out, *start;
    if (!in) return NULL;
    while (isspace((unsigned char)*in)) in++;
    start = out = in;
    for (; *in && *in != ','; in++) {
        if (in[0] == '\\' && in[1] == ',') in++;
        *out++ = *in;
    }
    *rest = *in == ',' ? in + 1 : NULL;
    while (out > start && isspace((unsigned char)out[-1])) out--;
    *out = '\0';
    return start;
}

static size_t items_max(const struct nr_conf_row *row)
{
    return row->kind == NR_CONF_IS_ADDR ? (size_t)row->high : NR_CONF_ITEMS_MAX;
}

static void take_list(struct nr_conf_value *v, const struct nr_conf_row *row, const struct nr_conf_place *place,
                      const char *text, bool keep)
{
    char why[NR_CONF_WHY_MAX];
    int64_t number;
    char *copy = strdup(text), *rest = copy;
    nr_assert(copy);
    for (char *item = nr_conf_next_item(&rest); item; item = nr_conf_next_item(&rest)) {
        if (*item == '\0') continue;
        if (!nr_conf_kind_check(row, item, &number, why)) {
            nr_conf_fault(place, row, why, item);
        } else if (keep && v->count >= items_max(row)) {
            snprintf(why, sizeof why, "may have at most %zu items", items_max(row));
            nr_conf_fault(place, row, why, NULL);
            break;
        } else if (keep) {
            item_add(v, item);
        }
    }
    free(copy);
}

static void take_one(struct nr_conf_value *v, const struct nr_conf_row *row, const struct nr_conf_place *place,
                     const char *text, bool keep)
{
    char why[NR_CONF_WHY_MAX];
    int64_t number;
    if (!nr_conf_kind_check(row, text, &number, why)) {
        nr_conf_fault(place, row, why, text);
        return;
    }
    if (!keep) return;
    free(v->text);
    v->text = strdup(text);
    nr_assert(v->text);
    v->number = number;
}

void nr_conf_take(struct nr_conf *c, enum nr_conf_key key, const struct nr_conf_place *place, const char *text)
{
    struct nr_conf_value *v = &c->values[key];
    const struct nr_conf_row *row = nr_conf_row(key);
    bool keep = v->source <= place->source;
    if (place->source == NR_CONF_FROM_FILE && v->line != 0 && !row->list) {
        char why[NR_CONF_WHY_MAX];
        snprintf(why, sizeof why, "stands a second time, first on line %u", v->line);
        nr_conf_fault(place, row, why, text);
        return;
    }
    if (keep && v->source != place->source) {
        unsigned line = v->line;
        value_clear(v);
        v->source = place->source;
        v->line = line;
    }
    if (place->source == NR_CONF_FROM_FILE) v->line = place->line;
    if (row->list) {
        take_list(v, row, place, text, keep);
    } else {
        take_one(v, row, place, text, keep);
    }
}

/* The directory of the XDG variable, or `fallback` below the home directory; "" without either. */
static void xdg_path(char *out, size_t size, const char *variable, const char *fallback)
{
    const char *base = getenv(variable), *home = getenv("HOME");
    out[0] = '\0';
    if (base && base[0] == '/') {
        snprintf(out, size, "%s/dagi", base);
    } else if (fallback && home && home[0] == '/') {
        snprintf(out, size, "%s/%s/dagi", home, fallback);
    }
}

#define SYSTEM_STATE_DIR "/var/lib/dagi"
#define SYSTEM_SOCKET    "/run/dagi/noded.sock"
#define SYSTEM_TOKEN     "/etc/dagi/token"

/* From the default directories to what is in use: see keys.h at state_dir and socket. */
static void take_paths(struct nr_conf *c, bool root, struct nr_buf *faults)
{
    const struct nr_conf_place place = { .source = NR_CONF_FROM_DEFAULT, .faults = faults };
    char own[2048], run[2048], path[4200];
    xdg_path(own, sizeof own, "XDG_STATE_HOME", ".local/state");
    xdg_path(run, sizeof run, "XDG_RUNTIME_DIR", NULL);
    const char *standard = root ? SYSTEM_STATE_DIR : own;
    if (c->values[NR_CONF_STATE_DIR].source == NR_CONF_FROM_NOWHERE) {
        if (*standard == '\0') {
            nr_conf_fault(&place, nr_conf_row(NR_CONF_STATE_DIR), "is needed: neither XDG_STATE_HOME nor HOME is set",
                          NULL);
            return;
        }
        nr_conf_take(c, NR_CONF_STATE_DIR, &place, standard);
    }
    const char *dir = nr_conf_text(c, NR_CONF_STATE_DIR);
    c->default_state_dir = strcmp(dir, standard) == 0 || strcmp(dir, SYSTEM_STATE_DIR) == 0;
    if (c->values[NR_CONF_SOCKET].source != NR_CONF_FROM_NOWHERE) return;
    if (strcmp(dir, SYSTEM_STATE_DIR) == 0) {
        snprintf(path, sizeof path, "%s", SYSTEM_SOCKET);
    } else if (strcmp(dir, standard) == 0 && *run) {
        snprintf(path, sizeof path, "%s/noded.sock", run);
    } else {
        snprintf(path, sizeof path, "%s/noded.sock", dir);
    }
    nr_conf_take(c, NR_CONF_SOCKET, &place, path);
}

/* Who puts a token where the system's noded looks for it has it join without a word of configuration. */
static void take_token(struct nr_conf *c, struct nr_buf *faults)
{
    const struct nr_conf_place place = { .source = NR_CONF_FROM_DEFAULT, .faults = faults };
    if (c->values[NR_CONF_TOKEN].source != NR_CONF_FROM_NOWHERE) return;
    if (strcmp(nr_conf_text(c, NR_CONF_STATE_DIR), SYSTEM_STATE_DIR) != 0) return;
    if (access(SYSTEM_TOKEN, F_OK) == 0) nr_conf_take(c, NR_CONF_TOKEN, &place, SYSTEM_TOKEN);
}

void nr_conf_take_defaults(struct nr_conf *c, bool root, struct nr_buf *faults)
{
    const struct nr_conf_place place = { .source = NR_CONF_FROM_DEFAULT, .faults = faults };
    for (enum nr_conf_key key = 0; key < NR_CONF_KEY_COUNT; key++) {
        const char *text = nr_conf_row(key)->text;
        if (text && c->values[key].source == NR_CONF_FROM_NOWHERE) nr_conf_take(c, key, &place, text);
    }
    take_paths(c, root, faults);
    take_token(c, faults);
    nr_conf_checks_settle(c);
}

enum nr_conf_source nr_conf_source(const struct nr_conf *c, enum nr_conf_key key)
{
    nr_assert((unsigned)key < NR_CONF_KEY_COUNT);
    return c->values[key].source;
}

const char *nr_conf_text(const struct nr_conf *c, enum nr_conf_key key)
{
    nr_assert(!nr_conf_row(key)->list);
    return c->values[key].text ? c->values[key].text : "";
}

int64_t nr_conf_number(const struct nr_conf *c, enum nr_conf_key key)
{
    nr_assert((unsigned)key < NR_CONF_KEY_COUNT);
    return c->values[key].number;
}

const char *const *nr_conf_list(const struct nr_conf *c, enum nr_conf_key key, size_t *count)
{
    nr_assert(nr_conf_row(key)->list);
    *count = c->values[key].count;
    return (const char *const *)c->values[key].items;
}

enum nr_log_level nr_conf_log_level(const struct nr_conf *c)
{
    return (enum nr_log_level)nr_conf_number(c, NR_CONF_LOG_LEVEL);
}

enum nr_log_format nr_conf_log_format(const struct nr_conf *c)
{
    return (enum nr_log_format)nr_conf_number(c, NR_CONF_LOG_FORMAT);
}

int nr_conf_operand(const struct nr_conf *c)
{
    return c->operand;
}

const char *nr_conf_file(const struct nr_conf *c)
{
    return c->file;
}

bool nr_conf_default_state_dir(const struct nr_conf *c)
{
    return c->default_state_dir;
}

static bool text_differs(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") != 0;
}

bool nr_conf_differs(const struct nr_conf *a, const struct nr_conf *b, enum nr_conf_key key)
{
    const struct nr_conf_value *va = &a->values[key], *vb = &b->values[key];
    if (text_differs(va->text, vb->text) || va->count != vb->count) return true;
    for (size_t i = 0; i < va->count; i++) {
        if (strcmp(va->items[i], vb->items[i]) != 0) return true;
    }
    return false;
}
