#include "base/cursor.h"

#include "base/assert.h"

void nr_reader_init(struct nr_reader *r, struct nr_bytes in)
{
    static const uint8_t none[1];
    const uint8_t *start = in.data ? in.data : none; /* no arithmetic on NULL */
    nr_assert(in.data || in.len == 0);
    *r = (struct nr_reader){ .pos = start, .end = start + in.len };
}

void nr_reader_fail(struct nr_reader *r, int err)
{
    nr_assert(err < 0);
    if (!r->err) r->err = err;
}

static uint64_t read_be(struct nr_reader *r, size_t len)
{
    struct nr_bytes b = nr_read_bytes(r, len);
    uint64_t v = 0;
    for (size_t i = 0; i < b.len; i++) v = v << 8 | b.data[i];
    return v;
}

uint16_t nr_read_u16(struct nr_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t nr_read_u32(struct nr_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t nr_read_u64(struct nr_reader *r)
{
    return read_be(r, 8);
}

void nr_read_copy(struct nr_reader *r, void *out, size_t len)
{
    struct nr_bytes b = nr_read_bytes(r, len);
    if (len == 0) return;
    if (b.data)
        memcpy(out, b.data, len);
    else
        memset(out, 0, len);
}

int nr_reader_end(struct nr_reader *r)
{
    if (!r->err && r->pos != r->end) r->err = NR_E_INVALID;
    return r->err;
}

void nr_writer_init(struct nr_writer *w, void *out, size_t size)
{
    nr_assert(out);
    *w = (struct nr_writer){ .start = out, .pos = out, .end = (uint8_t *)out + size };
}

/* Room for `len` bytes, or NULL and the writer failed: what was written before stands. */
static uint8_t *claim(struct nr_writer *w, size_t len)
{
    if (w->err) return NULL;
    if (len > nr_writer_left(w)) {
        w->err = NR_E_TOO_LARGE;
        return NULL;
    }
    uint8_t *p = w->pos;
    w->pos += len;
    return p;
}

static void write_be(struct nr_writer *w, uint64_t v, size_t len)
{
    uint8_t *p = claim(w, len);
    if (!p) return;
    for (size_t i = len; i-- > 0; v >>= 8) p[i] = (uint8_t)v;
}

void nr_write_u8(struct nr_writer *w, uint8_t v)
{
    write_be(w, v, 1);
}

void nr_write_u16(struct nr_writer *w, uint16_t v)
{
    write_be(w, v, 2);
}

void nr_write_u32(struct nr_writer *w, uint32_t v)
{
    write_be(w, v, 4);
}

void nr_write_u64(struct nr_writer *w, uint64_t v)
{
    write_be(w, v, 8);
}

void nr_write_bytes(struct nr_writer *w, struct nr_bytes b)
{
    uint8_t *p = claim(w, b.len);
    if (p && b.len) memcpy(p, b.data, b.len);
}

void nr_write_zero(struct nr_writer *w, size_t len)
{
    uint8_t *p = claim(w, len);
    if (p && len) memset(p, 0, len);
}
