#include "nodehttpd/exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

#define TOTAL "_total"

const char *exposition_type(enum exposition_form form)
{
    return form == EXPOSITION_OPEN ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                   : "text/plain; version=0.0.4; charset=utf-8";
}

static const char *type_name(enum exposition_form form, enum family_type type)
{
    switch (type) {
    case FAMILY_COUNTER: return "counter";
    case FAMILY_HISTOGRAM: return "histogram";
    case FAMILY_AGES: return form == EXPOSITION_OPEN ? "gaugehistogram" : "histogram";
    case FAMILY_GAUGE: break;
    }
    return "gauge";
}

void expose_family(struct exposition *e, const char *name, enum family_type type, const char *help)
{
    size_t len = strlen(name), total = strlen(TOTAL);
    bool counts = len > total && strcmp(name + len - total, TOTAL) == 0;
    nr_assert(counts == (type == FAMILY_COUNTER));
    if (counts && e->form == EXPOSITION_OPEN) len -= total;
    nr_buf_printf(e->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)len, name, help, (int)len, name,
                  type_name(e->form, type));
}

static void begin(struct exposition *e, const char *name, const char *labels)
{
    if (labels)
        nr_buf_printf(e->out, "%s{%s} ", name, labels);
    else
        nr_buf_printf(e->out, "%s ", name);
}

void expose_uint(struct exposition *e, const char *name, const char *labels, uint64_t v)
{
    begin(e, name, labels);
    nr_buf_printf(e->out, "%" PRIu64 "\n", v);
}

void expose_number(struct exposition *e, const char *name, const char *labels, double v)
{
    begin(e, name, labels);
    nr_buf_printf(e->out, "%.6f\n", v);
}

void expose_one(struct exposition *e, const char *name, enum family_type type, const char *help, uint64_t v)
{
    expose_family(e, name, type, help);
    expose_uint(e, name, NULL, v);
}

/* A bound as OpenMetrics writes it, in both forms: a label is text, "1" and "1.0" would be two series. */
static void bound_text(int64_t us, char *out, size_t size)
{
    snprintf(out, size, "%.10g", (double)us / 1e6);
    if (!strpbrk(out, ".e")) strncat(out, ".0", size - strlen(out) - 1);
}

static void bucket(struct exposition *e, const char *name, const char *labels, const char *bound, uint64_t count)
{
    nr_buf_printf(e->out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labels ? labels : "", labels ? "," : "",
                  bound, count);
}

void expose_histogram(struct exposition *e, const char *name, enum family_type type, const char *labels,
                      const struct nr_histogram *h, const struct nr_histogram_bounds *bounds)
{
    char bound[32], member[96];
    uint64_t count = 0;
    const char *prefix = type == FAMILY_AGES && e->form == EXPOSITION_OPEN ? "g" : "";
    for (size_t i = 0; i < bounds->count; i++) {
        count += h->counts[i];
        bound_text(bounds->upper[i], bound, sizeof bound);
        bucket(e, name, labels, bound, count);
    }
    count += h->counts[bounds->count];
    bucket(e, name, labels, "+Inf", count);
    snprintf(member, sizeof member, "%s_%ssum", name, prefix);
    expose_number(e, member, labels, (double)h->sum / 1e6);
    snprintf(member, sizeof member, "%s_%scount", name, prefix);
    expose_uint(e, member, labels, count);
}

void expose_end(struct exposition *e)
{
    if (e->form == EXPOSITION_OPEN) nr_buf_add_str(e->out, "# EOF\n");
}

static void put(struct label_set *set, const char *data, size_t len)
{
    nr_assert(set->len + len < sizeof set->text);
    memcpy(set->text + set->len, data, len);
    set->len += len;
    set->text[set->len] = '\0';
}

void label_add(struct label_set *set, const char *name, struct nr_bytes value)
{
    if (set->len) put(set, ",", 1);
    put(set, name, strlen(name));
    put(set, "=\"", 2);
    for (size_t i = 0; i < value.len; i++) {
        char c = (char)value.data[i];
        if (c == '\n') {
            put(set, "\\n", 2);
        } else {
            if (c == '"' || c == '\\') put(set, "\\", 1);
            put(set, &c, 1);
        }
    }
    put(set, "\"", 1);
}
