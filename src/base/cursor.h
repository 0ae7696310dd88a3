/* Bounded reading and writing of bytes, with a sticky error: a failed step leaves the cursor failed, every later step
 * fails too and returns zero, and the caller asks once at the end. Nothing is allocated. Integers are big-endian. */
#ifndef NR_BASE_CURSOR_H
#define NR_BASE_CURSOR_H

#include "base/bytes.h"
#include "base/err.h"

struct nr_reader {
    const uint8_t *pos;
    const uint8_t *end;
    int err; /* 0, or why the first failed step failed */
};

void nr_reader_init(struct nr_reader *r, struct nr_bytes in);
static inline size_t nr_reader_left(const struct nr_reader *r)
{
    return r->err ? 0 : (size_t)(r->end - r->pos);
}
void nr_reader_fail(struct nr_reader *r, int err); /* keeps the first error */
/* Borrowed from the input; {NULL, 0} on failure. NR_E_TRUNCATED when fewer than `len` are left. */
static inline struct nr_bytes nr_read_bytes(struct nr_reader *r, size_t len)
{
    if (len > nr_reader_left(r) || r->err) {
        nr_reader_fail(r, NR_E_TRUNCATED);
        return nr_bytes(NULL, 0);
    }
    struct nr_bytes b = nr_bytes(r->pos, len);
    r->pos += len;
    return b;
}
static inline uint8_t nr_read_u8(struct nr_reader *r)
{
    struct nr_bytes b = nr_read_bytes(r, 1);
    return b.len ? b.data[0] : 0;
}
uint16_t nr_read_u16(struct nr_reader *r);
uint32_t nr_read_u32(struct nr_reader *r);
uint64_t nr_read_u64(struct nr_reader *r);
void nr_read_copy(struct nr_reader *r, void *out, size_t len); /* zeroes `out` on failure */
/* The error, or NR_E_INVALID when bytes are left over, or 0. */
int nr_reader_end(struct nr_reader *r) NR_MUST_CHECK;

struct nr_writer {
    uint8_t *start;
    uint8_t *pos;
    uint8_t *end;
    int err; /* 0 or NR_E_TOO_LARGE */
};

void nr_writer_init(struct nr_writer *w, void *out, size_t size);
static inline size_t nr_writer_len(const struct nr_writer *w)
{
    return (size_t)(w->pos - w->start);
}
static inline size_t nr_writer_left(const struct nr_writer *w)
{
    return w->err ? 0 : (size_t)(w->end - w->pos);
}
static inline struct nr_bytes nr_writer_bytes(const struct nr_writer *w)
{
    return nr_bytes(w->start, nr_writer_len(w));
}
void nr_write_u8(struct nr_writer *w, uint8_t v);
void nr_write_u16(struct nr_writer *w, uint16_t v);
void nr_write_u32(struct nr_writer *w, uint32_t v);
void nr_write_u64(struct nr_writer *w, uint64_t v);
void nr_write_bytes(struct nr_writer *w, struct nr_bytes b);
void nr_write_zero(struct nr_writer *w, size_t len);

#endif
