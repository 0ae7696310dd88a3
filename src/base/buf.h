/* A growing byte buffer on the heap, with a sticky NR_E_NOMEM / NR_E_TOO_LARGE. */
#ifndef NR_BASE_BUF_H
#define NR_BASE_BUF_H

#include "base/bytes.h"
#include "base/err.h"

struct nr_buf {
    uint8_t *data;
    size_t len, cap;
    size_t max; /* 0: none */
    int err;
};

void nr_buf_init(struct nr_buf *b, size_t max);
void nr_buf_fini(struct nr_buf *b);  /* takes a zeroed buffer too */
void nr_buf_reset(struct nr_buf *b); /* empty and without error; keeps its memory */
void nr_buf_add(struct nr_buf *b, const void *data, size_t len);
void nr_buf_add_str(struct nr_buf *b, const char *s);
/* Makes room for `len` bytes behind the content and returns it, or NULL (then `err` is set). What the caller wrote
 * there becomes content by nr_buf_commit; the pointer lasts until the next call. */
uint8_t *nr_buf_room(struct nr_buf *b, size_t len);
void nr_buf_commit(struct nr_buf *b, size_t len); /* at most what was asked for */
void nr_buf_printf(struct nr_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline struct nr_bytes nr_buf_bytes(const struct nr_buf *b)
{
    return nr_bytes(b->data, b->len);
}

#endif
