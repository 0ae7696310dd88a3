#include "tools/nodectl/table.h"

#include <stdarg.h>

#include "base/assert.h"
#include "tools/nodectl/text.h"

#define GAP 2

static const struct ctl_cell *cell_at(const struct ctl_table *t, size_t i)
{
    return (const struct ctl_cell *)(const void *)t->cells.data + i;
}

static size_t cell_count(const struct ctl_table *t)
{
    return t->cells.len / sizeof(struct ctl_cell);
}

void ctl_table_init(struct ctl_table *t, const char *headers)
{
    *t = (struct ctl_table){ 0 };
    nr_buf_init(&t->text, 0);
    nr_buf_init(&t->cells, 0);
    for (const char *p = headers; p;) {
        const char *comma = strchr(p, ',');
        nr_assert(t->columns < CTL_COLUMNS_MAX);
        bool right = *p == '>';
        t->right[t->columns++] = right;
        p += right;
        ctl_table_add(t, CTL_BOLD, nr_bytes(p, comma ? (size_t)(comma - p) : strlen(p)));
        p = comma ? comma + 1 : NULL;
    }
}

void ctl_table_fini(struct ctl_table *t)
{
    nr_buf_fini(&t->text);
    nr_buf_fini(&t->cells);
}

void ctl_table_add(struct ctl_table *t, enum ctl_style style, struct nr_bytes text)
{
    struct ctl_cell cell = { .at = t->text.len, .style = style };
    ctl_escape(&t->text, text.len ? text : nr_bytes("-", 1));
    cell.len = t->text.len - cell.at;
    nr_buf_add(&t->cells, &cell, sizeof cell);
}

void ctl_table_str(struct ctl_table *t, enum ctl_style style, const char *text)
{
    ctl_table_add(t, style, nr_bytes_str(text));
}

void ctl_table_printf(struct ctl_table *t, enum ctl_style style, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    nr_assert(n >= 0);
    ctl_table_add(t, style, nr_bytes(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1));
}

size_t ctl_table_rows(const struct ctl_table *t)
{
    return cell_count(t) / t->columns - 1;
}

const char *ctl_style_on(enum ctl_style style)
{
    switch (style) {
    case CTL_GOOD: return "\033[32m";
    case CTL_WARN: return "\033[33m";
    case CTL_BAD: return "\033[31m";
    case CTL_FAINT: return "\033[2m";
    case CTL_BOLD: return "\033[1m";
    case CTL_PLAIN: break;
    }
    return "";
}

static struct nr_bytes cell_text(const struct ctl_table *t, const struct ctl_cell *c)
{
    return nr_bytes(t->text.data + c->at, c->len);
}

static void print_cell(const struct ctl_table *t, const struct ctl_cell *c, size_t column, size_t width, FILE *out,
                       bool colour)
{
    struct nr_bytes text = cell_text(t, c);
    size_t own = ctl_width(text);
    int pad = (int)(width > own ? width - own : 0);
    bool last = column + 1 == t->columns;
    bool styled = colour && c->style != CTL_PLAIN;
    if (t->right[column]) fprintf(out, "%*s", pad, "");
    if (styled) fputs(ctl_style_on(c->style), out);
    fwrite(text.data, 1, text.len, out);
    if (styled) fputs(CTL_STYLE_OFF, out);
    if (!t->right[column] && !last) fprintf(out, "%*s", pad, "");
    if (!last) fprintf(out, "%*s", GAP, "");
}

int ctl_table_print(const struct ctl_table *t, FILE *out, bool colour)
{
    if (t->text.err || t->cells.err) return NR_E_NOMEM;
    size_t count = cell_count(t), first = t->headless ? t->columns : 0;
    nr_assert(count % t->columns == 0);
    size_t width[CTL_COLUMNS_MAX] = { 0 };
    for (size_t i = first; i < count; i++) {
        size_t w = ctl_width(cell_text(t, cell_at(t, i)));
        if (w > width[i % t->columns]) width[i % t->columns] = w;
    }
    for (size_t i = first; i < count; i++) {
        size_t column = i % t->columns;
        print_cell(t, cell_at(t, i), column, width[column], out, colour);
        if (column + 1 == t->columns) fputc('\n', out);
    }
    return 0;
}
