#include "conf/checks.h"

#include <stdlib.h>

#include "base/assert.h"

static const struct nr_conf_row rows[NR_CONF_CHECK_KEY_COUNT] = {
#define X(id, key_, kind_, low_, high_, text_, holder, help_)                                                          \
    [NR_CONF_CHECK_KEY_##id] = { .section = NR_CONF_CHECK_SECTION "NAME",                                              \
                                 .key = key_,                                                                          \
                                 .flag = "check",                                                                      \
                                 .kind = kind_,                                                                        \
                                 .low = low_,                                                                          \
                                 .high = high_,                                                                        \
                                 .text = text_,                                                                        \
                                 .used_by = NR_CONF_NODED,                                                             \
                                 .live = true,                                                                         \
                                 .placeholder = holder,                                                                \
                                 .help = help_ },
    NR_CONF_CHECK_KEYS(X)
#undef X
};
/* The targets come first, in the order of enum nr_conf_check_kind. */
#define TARGETS 3
_Static_assert(NR_CONF_CHECK_KEY_HTTP == (int)NR_CONF_CHECK_HTTP && NR_CONF_CHECK_KEY_TCP == (int)NR_CONF_CHECK_TCP &&
                   NR_CONF_CHECK_KEY_EXEC == (int)NR_CONF_CHECK_EXEC && NR_CONF_CHECK_KEY_EXEC == TARGETS - 1,
               "targets in order");

const struct nr_conf_row *nr_conf_check_row(enum nr_conf_check_key key)
{
    nr_assert((unsigned)key < NR_CONF_CHECK_KEY_COUNT);
    return &rows[key];
}

static void entry_clear(struct nr_conf_check_entry *e)
{
    free(e->name);
    for (size_t k = 0; k < NR_CONF_CHECK_KEY_COUNT; k++) free(e->values[k].text);
}

void nr_conf_check_set_clear(struct nr_conf_check_set *set)
{
    for (size_t i = 0; i < set->count; i++) entry_clear(&set->entries[i]);
    free(set->entries);
    *set = (struct nr_conf_check_set){ 0 };
}

static bool name_valid(struct nr_bytes name)
{
    static const struct nr_conf_row row = { .kind = NR_CONF_IS_NODE_ID, .low = 1, .high = NR_CONF_CHECK_NAME_MAX };
    char text[NR_CONF_CHECK_NAME_MAX + 1], why[NR_CONF_WHY_MAX];
    int64_t number;
    if (name.len > NR_CONF_CHECK_NAME_MAX || memchr(name.data, '\0', name.len)) return false;
    memcpy(text, name.data, name.len);
    text[name.len] = '\0';
    return nr_conf_kind_check(&row, text, &number, why);
}

static struct nr_conf_check_entry *entry_find(const struct nr_conf_check_set *set, struct nr_bytes name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (nr_bytes_eq(nr_bytes_str(set->entries[i].name), name)) return &set->entries[i];
    }
    return NULL;
}

static struct nr_conf_check_entry *entry_add(struct nr_conf_check_set *set, struct nr_bytes name, unsigned line)
{
    set->entries = realloc(set->entries, (set->count + 1) * sizeof *set->entries);
    nr_assert(set->entries);
    struct nr_conf_check_entry *e = &set->entries[set->count++];
    *e = (struct nr_conf_check_entry){ .name = strndup((const char *)name.data, name.len), .line = line };
    nr_assert(e->name);
    return e;
}

/* `file:line: [check.NAME]: why`, with what is told of the name cut to a line's length. */
static void section_fault(const struct nr_conf_place *place, unsigned line, struct nr_bytes name, const char *why)
{
    char section[96];
    snprintf(section, sizeof section, "[check.%.*s]", (int)(name.len < 80 ? name.len : 80), (const char *)name.data);
    nr_buf_printf(place->faults, "%s:%u: %s: ", place->file, line, why);
    nr_conf_add_quoted(place->faults, section);
    nr_buf_add_str(place->faults, "\n");
}

struct nr_conf_check_entry *nr_conf_check_begin(struct nr_conf *c, const struct nr_conf_place *place,
                                                struct nr_bytes name)
{
    struct nr_conf_check_set *set = &c->checks_of_file;
    char why[NR_CONF_WHY_MAX] = "";
    const struct nr_conf_check_entry *same = entry_find(set, name);
    if (!name_valid(name)) {
        snprintf(why, sizeof why, "a check's name must be 1 to %d letters, digits, '.', '_' and '-'",
                 NR_CONF_CHECK_NAME_MAX);
    } else if (same) {
        snprintf(why, sizeof why, "stands a second time, first on line %u", same->line);
    } else if (set->count == NR_CONF_CHECKS_MAX) {
        snprintf(why, sizeof why, "there may be at most %d checks", NR_CONF_CHECKS_MAX);
    }
    if (*why) {
        section_fault(place, place->line, name, why);
        return NULL;
    }
    set->source = NR_CONF_FROM_FILE;
    return entry_add(set, name, place->line);
}

/* Another target that this check has, or -1. */
static int other_target(const struct nr_conf_check_entry *e, int key)
{
    for (int k = 0; k < TARGETS; k++) {
        if (k != key && e->values[k].text) return k;
    }
    return -1;
}

static void entry_take(struct nr_conf_check_entry *e, const struct nr_conf_place *place, int key, const char *text)
{
    char why[NR_CONF_WHY_MAX];
    int other = key < TARGETS ? other_target(e, key) : -1;
    int64_t number;
    if (e->values[key].text) {
        snprintf(why, sizeof why, "stands a second time, first on line %u", e->values[key].line);
    } else if (other >= 0) {
        snprintf(why, sizeof why, "a check has one target, and %s stands on line %u", rows[other].key,
                 e->values[other].line);
    } else if (nr_conf_kind_check(&rows[key], text, &number, why)) {
        *why = '\0';
        e->values[key].number = number;
    }
    if (*why) nr_conf_fault(place, &rows[key], why, text);
    if (e->values[key].text) return;
    e->values[key].text = strdup(text);
    nr_assert(e->values[key].text);
    e->values[key].line = place->line;
}

bool nr_conf_check_take(struct nr_conf_check_entry *e, const struct nr_conf_place *place, const char *key,
                        const char *text)
{
    for (int k = 0; k < NR_CONF_CHECK_KEY_COUNT; k++) {
        if (strcmp(rows[k].key, key) != 0) continue;
        entry_take(e, place, k, text);
        return true;
    }
    return false;
}

static int64_t value_or_default(const struct nr_conf_check_entry *e, enum nr_conf_check_key key)
{
    return e->values[key].text ? e->values[key].number : strtoll(rows[key].text, NULL, 10);
}

static int64_t entry_timeout(const struct nr_conf_check_entry *e)
{
    int64_t interval = value_or_default(e, NR_CONF_CHECK_KEY_INTERVAL);
    int64_t timeout = value_or_default(e, NR_CONF_CHECK_KEY_TIMEOUT);
    return !e->values[NR_CONF_CHECK_KEY_TIMEOUT].text && timeout > interval ? interval : timeout;
}

void nr_conf_checks_judge(const struct nr_conf *c, const struct nr_conf_place *place)
{
    for (size_t i = 0; i < c->checks_of_file.count; i++) {
        const struct nr_conf_check_entry *e = &c->checks_of_file.entries[i];
        int64_t interval = value_or_default(e, NR_CONF_CHECK_KEY_INTERVAL);
        if (other_target(e, -1) < 0) {
            section_fault(place, e->line, nr_bytes_str(e->name), "a check needs one of http, tcp and exec");
        }
        if (interval > 0 && entry_timeout(e) > interval) {
            struct nr_conf_place at = *place;
            char why[NR_CONF_WHY_MAX];
            at.line = e->values[NR_CONF_CHECK_KEY_TIMEOUT].line;
            snprintf(why, sizeof why, "must be at most the interval, %lld s", (long long)interval);
            nr_conf_fault(&at, &rows[NR_CONF_CHECK_KEY_TIMEOUT], why, e->values[NR_CONF_CHECK_KEY_TIMEOUT].text);
        }
    }
}

/* Which target a text of --check names, and where it begins; -1: none. */
static int target_of(const char *text, const char **target)
{
    static const struct {
        const char *prefix;
        int key;
        bool part; /* the prefix is part of the target */
    } forms[] = {
        { "http://", NR_CONF_CHECK_KEY_HTTP, true },
        { "https://", NR_CONF_CHECK_KEY_HTTP, true },
        { "tcp://", NR_CONF_CHECK_KEY_TCP, false },
        { "exec:", NR_CONF_CHECK_KEY_EXEC, false },
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t len = strlen(forms[i].prefix);
        if (strncmp(text, forms[i].prefix, len) != 0) continue;
        *target = forms[i].part ? text : text + len;
        return forms[i].key;
    }
    return -1;
}

/* What is wrong with an item of --check, or "" and its parts. */
static void item_parse(const struct nr_conf_check_set *set, const char *item, struct nr_bytes *name, int *key,
                       const char **target, char why[static NR_CONF_WHY_MAX])
{
    const char *eq = strchr(item, '=');
    int64_t number;
    *name = nr_bytes(item, eq ? (size_t)(eq - item) : 0);
    *key = eq ? target_of(eq + 1, target) : -1;
    if (*key < 0 || !name_valid(*name)) {
        snprintf(why, NR_CONF_WHY_MAX, "must be NAME= and http://HOST, https://HOST, tcp://HOST:PORT or exec:COMMAND");
    } else if (entry_find(set, *name)) {
        snprintf(why, NR_CONF_WHY_MAX, "names a check a second time");
    } else if (set->count == NR_CONF_CHECKS_MAX) {
        snprintf(why, NR_CONF_WHY_MAX, "there may be at most %d checks", NR_CONF_CHECKS_MAX);
    } else if (nr_conf_kind_check(&rows[*key], *target, &number, why)) {
        *why = '\0';
    }
}

void nr_conf_checks_give(struct nr_conf *c, const struct nr_conf_place *place, const char *text)
{
    /* What a weaker source says is judged like the rest, and then not kept. */
    struct nr_conf_check_set aside = { 0 }, *set = &c->checks_given;
    if (set->source > place->source) set = &aside;
    char *copy = strdup(text), *rest = copy;
    nr_assert(copy);
    set->source = place->source;
    for (char *item = nr_conf_next_item(&rest); item; item = nr_conf_next_item(&rest)) {
        struct nr_bytes name;
        char why[NR_CONF_WHY_MAX];
        const char *target = NULL;
        int key;
        if (*item == '\0') continue;
        item_parse(set, item, &name, &key, &target, why);
        if (*why) {
            nr_conf_fault(place, &rows[0], why, item);
        } else {
            entry_take(entry_add(set, name, 0), place, key, target);
        }
    }
    free(copy);
    nr_conf_check_set_clear(&aside);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct nr_conf_check *)a)->name, ((const struct nr_conf_check *)b)->name);
}

static const struct nr_conf_check_set *set_in_force(const struct nr_conf *c)
{
    return c->checks_given.source != NR_CONF_FROM_NOWHERE ? &c->checks_given : &c->checks_of_file;
}

void nr_conf_checks_settle(struct nr_conf *c)
{
    const struct nr_conf_check_set *set = set_in_force(c);
    c->checks = calloc(set->count + 1, sizeof *c->checks);
    nr_assert(c->checks);
    for (size_t i = 0; i < set->count; i++) {
        const struct nr_conf_check_entry *e = &set->entries[i];
        int kind = other_target(e, -1);
        if (kind < 0) continue; /* a fault was named */
        c->checks[c->check_count++] = (struct nr_conf_check){
            .name = e->name,
            .kind = (enum nr_conf_check_kind)kind,
            .target = e->values[kind].text,
            .interval_s = value_or_default(e, NR_CONF_CHECK_KEY_INTERVAL),
            .timeout_s = entry_timeout(e),
            .port = (uint16_t)e->values[NR_CONF_CHECK_KEY_PORT].number,
        };
    }
    qsort(c->checks, c->check_count, sizeof *c->checks, by_name);
}

const struct nr_conf_check *nr_conf_checks(const struct nr_conf *c, size_t *count)
{
    *count = c->check_count;
    return c->checks;
}

static bool check_differs(const struct nr_conf_check *a, const struct nr_conf_check *b)
{
    return strcmp(a->name, b->name) != 0 || a->kind != b->kind || strcmp(a->target, b->target) != 0 ||
           a->interval_s != b->interval_s || a->timeout_s != b->timeout_s || a->port != b->port;
}

bool nr_conf_checks_differ(const struct nr_conf *a, const struct nr_conf *b)
{
    if (a->check_count != b->check_count) return true;
    for (size_t i = 0; i < a->check_count; i++) {
        if (check_differs(&a->checks[i], &b->checks[i])) return true;
    }
    return false;
}

void nr_conf_checks_print(const struct nr_conf *c, FILE *out)
{
    const char *source = nr_conf_source_name(set_in_force(c)->source);
    for (size_t i = 0; i < c->check_count; i++) {
        const struct nr_conf_check *k = &c->checks[i];
        fprintf(out, "\n[" NR_CONF_CHECK_SECTION "%s]\n# %s\n%s = %s\n", k->name, source, rows[k->kind].key, k->target);
        fprintf(out, "interval = %lld\ntimeout = %lld\n", (long long)k->interval_s, (long long)k->timeout_s);
        if (k->port) fprintf(out, "port = %u\n", (unsigned)k->port);
    }
}
