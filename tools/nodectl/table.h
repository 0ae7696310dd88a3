/* A table for people: columns as wide as their widest cell, the last one ragged.
 *
 * Cells hold escaped text (text.h); colour is asked for at printing and never part of a width. */
#ifndef NR_NODECTL_TABLE_H
#define NR_NODECTL_TABLE_H

#include <stdio.h>

#include "base/buf.h"

#define CTL_COLUMNS_MAX 16

enum ctl_style { CTL_PLAIN, CTL_GOOD, CTL_WARN, CTL_BAD, CTL_FAINT, CTL_BOLD };

struct ctl_cell {
    size_t at, len; /* within text */
    enum ctl_style style;
};

struct ctl_table {
    size_t columns;
    bool right[CTL_COLUMNS_MAX];
    bool headless; /* print no header */
    struct nr_buf text;
    struct nr_buf cells; /* of struct ctl_cell */
};

/* Headers, a comma between two; one that begins with '>' is set to the right: "NAME,STATUS,>SIZE". */
void ctl_table_init(struct ctl_table *t, const char *headers);
void ctl_table_fini(struct ctl_table *t);
/* The next cell, row after row. An empty one shows as "-". */
void ctl_table_add(struct ctl_table *t, enum ctl_style style, struct nr_bytes text);
void ctl_table_str(struct ctl_table *t, enum ctl_style style, const char *text);
void ctl_table_printf(struct ctl_table *t, enum ctl_style style, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Rows without the header. */
size_t ctl_table_rows(const struct ctl_table *t);
/* Every row must be full. 0, or NR_E_NOMEM when a cell was lost (nothing is printed then). */
int ctl_table_print(const struct ctl_table *t, FILE *out, bool colour) NR_MUST_CHECK;

/* The escape sequences around styled text; "" for CTL_PLAIN. */
const char *ctl_style_on(enum ctl_style style);
#define CTL_STYLE_OFF "\033[0m"

#endif
