#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

void nr_buf_init(struct nr_buf *b, size_t max)
{
    *b = (struct nr_buf){ .max = max };
}

void nr_buf_fini(struct nr_buf *b)
{
    free(b->data);
    *b = (struct nr_buf){ .max = b->max };
}

void nr_buf_reset(struct nr_buf *b)
{
    b->len = 0;
    b->err = 0;
}

/* Makes room for `more` bytes behind len, and `spare` beyond them that do not count against max. */
static bool reserve(struct nr_buf *b, size_t more, size_t spare)
{
    if (b->err) return false;
    size_t limit = b->max ? b->max : SIZE_MAX / 2 - spare;
    if (b->len > limit || more > limit - b->len) {
        b->err = NR_E_TOO_LARGE;
        return false;
    }
    size_t need = b->len + more + spare;
    if (need <= b->cap) return true;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need) cap *= 2;
    uint8_t *p = realloc(b->data, cap);
    if (!p) {
        b->err = NR_E_NOMEM;
        return false;
    }
    b->data = p;
    b->cap = cap;
    return true;
}

void nr_buf_add(struct nr_buf *b, const void *data, size_t len)
{
    if (!reserve(b, len, 0) || len == 0) return;
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

uint8_t *nr_buf_room(struct nr_buf *b, size_t len)
{
    return reserve(b, len, 1) ? b->data + b->len : NULL; /* never NULL for want of a first byte */
}

void nr_buf_commit(struct nr_buf *b, size_t len)
{
    nr_assert(!b->err);
    nr_assert(len <= b->cap - b->len);
    b->len += len;
}

void nr_buf_add_str(struct nr_buf *b, const char *s)
{
    nr_buf_add(b, s, strlen(s));
}

void nr_buf_printf(struct nr_buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0 && !b->err) b->err = NR_E_INVALID;
    if (n < 0 || !reserve(b, (size_t)n, 1)) return; /* vsnprintf writes a NUL, which does not count */
    va_start(args, fmt);
    vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
}
