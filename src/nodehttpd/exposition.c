#include "nodehttpd/exposition.h"

#include <inttypes.h>

void expose_family(struct nr_buf *out, const char *name, const char *type, const char *help)
{
    nr_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void begin(struct nr_buf *out, const char *name, const char *labels)
{
    if (labels)
        nr_buf_printf(out, "%s{%s} ", name, labels);
    else
        nr_buf_printf(out, "%s ", name);
}

void expose_uint(struct nr_buf *out, const char *name, const char *labels, uint64_t v)
{
    begin(out, name, labels);
    nr_buf_printf(out, "%" PRIu64 "\n", v);
}

void expose_seconds(struct nr_buf *out, const char *name, const char *labels, double v)
{
    begin(out, name, labels);
    nr_buf_printf(out, "%.6f\n", v);
}

void expose_one(struct nr_buf *out, const char *name, const char *type, const char *help, uint64_t v)
{
    expose_family(out, name, type, help);
    expose_uint(out, name, NULL, v);
}
