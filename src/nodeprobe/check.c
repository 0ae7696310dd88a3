#include "nodeprobe/check.h"

#include <stdarg.h>
#include <stdio.h>

const char *check_status_word(enum check_status s)
{
    switch (s) {
    case CHECK_UP: return "up";
    case CHECK_DEGRADED: return "degraded";
    case CHECK_DOWN: return "down";
    case CHECK_UNKNOWN: break;
    }
    return "unknown";
}

void check_say(struct check_result *r, enum check_status status, const char *fmt, ...)
{
    va_list args;
    r->status = status;
    va_start(args, fmt);
    vsnprintf(r->note, sizeof r->note, fmt, args);
    va_end(args);
}

void check_look(const struct nr_check *c, struct check_result *out)
{
    *out = (struct check_result){ .status = CHECK_UNKNOWN };
    switch (c->kind) {
    case NR_CHECK_HTTP: check_http(c, out); break;
    case NR_CHECK_TCP: check_tcp(c, out); break;
    case NR_CHECK_EXEC: check_exec(c, out); break;
    }
}
