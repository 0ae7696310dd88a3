#include "proto/mp.h"

#include <math.h>

#include "base/assert.h"
#include "base/utf8.h"

/* An integer of `width` bytes that a shorter form could not hold. */
static uint64_t read_wide(struct nr_reader *r, unsigned width, uint64_t least)
{
    struct nr_bytes b = nr_read_bytes(r, width);
    uint64_t v = 0;
    for (size_t i = 0; i < b.len; i++) v = v << 8 | b.data[i];
    if (v < least) nr_reader_fail(r, NR_E_NONCANONICAL); /* keeps an earlier error */
    return v;
}

static struct nr_mp_item uint_item(uint64_t v)
{
    return (struct nr_mp_item){ .type = NR_MP_UINT, .uint = v };
}

/* `most`: the largest (nearest to zero) number that needs this width. */
static struct nr_mp_item negint_item(struct nr_reader *r, unsigned width, int64_t most)
{
    uint64_t v = read_wide(r, width, 0);
    uint64_t high = width == 8 ? 0 : ~UINT64_C(0) << (8 * width);
    bool negative = v >> (8 * width - 1) & 1;
    int64_t n = (int64_t)(v | high);
    if (!r->err && (!negative || n > most)) nr_reader_fail(r, NR_E_NONCANONICAL);
    return (struct nr_mp_item){ .type = NR_MP_NEGINT, .negint = n };
}

static struct nr_mp_item float_item(struct nr_reader *r)
{
    uint64_t bits = nr_read_u64(r);
    struct nr_mp_item item = { .type = NR_MP_FLOAT };
    memcpy(&item.real, &bits, sizeof bits);
    if (!isfinite(item.real)) nr_reader_fail(r, NR_E_NONCANONICAL);
    return item;
}

/* What a failed reader has read. */
static struct nr_mp_item nothing(void)
{
    return (struct nr_mp_item){ .type = NR_MP_NIL };
}

static struct nr_mp_item bytes_item(struct nr_reader *r, enum nr_mp_type type, uint64_t len)
{
    struct nr_bytes b = nr_read_bytes(r, (size_t)len);
    if (!r->err && type == NR_MP_STR && !nr_utf8_valid(b)) nr_reader_fail(r, NR_E_INVALID);
    return r->err ? nothing() : (struct nr_mp_item){ .type = type, .bytes = b };
}

/* Every element takes a byte at least, so that no count is believed that the input cannot hold. */
static struct nr_mp_item container_item(struct nr_reader *r, enum nr_mp_type type, uint64_t count)
{
    uint64_t least = type == NR_MP_MAP ? 2 * count : count;
    if (!r->err && least > nr_reader_left(r)) nr_reader_fail(r, NR_E_NONCANONICAL);
    return r->err ? nothing() : (struct nr_mp_item){ .type = type, .count = (uint32_t)count };
}

/* c0 to df: all that is no fix form; what it returns of a failed reader says nothing. */
static struct nr_mp_item long_form(struct nr_reader *r, uint8_t head)
{
    switch (head) {
    case 0xc0: return (struct nr_mp_item){ .type = NR_MP_NIL };
    case 0xc2:
    case 0xc3: return (struct nr_mp_item){ .type = NR_MP_BOOL, .boolean = head & 1 };
    case 0xc4: return bytes_item(r, NR_MP_BIN, read_wide(r, 1, 0));
    case 0xc5: return bytes_item(r, NR_MP_BIN, read_wide(r, 2, 0x100));
    case 0xc6: return bytes_item(r, NR_MP_BIN, read_wide(r, 4, 0x10000));
    case 0xca: nr_reader_fail(r, NR_E_NONCANONICAL); break; /* float 32 */
    case 0xcb: return float_item(r);
    case 0xcc: return uint_item(read_wide(r, 1, 0x80));
    case 0xcd: return uint_item(read_wide(r, 2, 0x100));
    case 0xce: return uint_item(read_wide(r, 4, 0x10000));
    case 0xcf: return uint_item(read_wide(r, 8, UINT64_C(0x100000000)));
    case 0xd0: return negint_item(r, 1, -33);
    case 0xd1: return negint_item(r, 2, INT64_C(-0x80) - 1);
    case 0xd2: return negint_item(r, 4, INT64_C(-0x8000) - 1);
    case 0xd3: return negint_item(r, 8, INT64_C(-0x80000000) - 1);
    case 0xd9: return bytes_item(r, NR_MP_STR, read_wide(r, 1, 32));
    case 0xda: return bytes_item(r, NR_MP_STR, read_wide(r, 2, 0x100));
    case 0xdb: return bytes_item(r, NR_MP_STR, read_wide(r, 4, 0x10000));
    case 0xdc: return container_item(r, NR_MP_ARRAY, read_wide(r, 2, 16));
    case 0xdd: return container_item(r, NR_MP_ARRAY, read_wide(r, 4, 0x10000));
    case 0xde: return container_item(r, NR_MP_MAP, read_wide(r, 2, 16));
    case 0xdf: return container_item(r, NR_MP_MAP, read_wide(r, 4, 0x10000));
    default: nr_reader_fail(r, NR_E_INVALID); break; /* extension types, and c1, which is never used */
    }
    return nothing();
}

struct nr_mp_item nr_mp_next(struct nr_reader *r)
{
    uint8_t head = nr_read_u8(r);
    if (r->err) return nothing();
    if (head < 0x80) return uint_item(head);
    if (head < 0x90) return container_item(r, NR_MP_MAP, head & 0x0f);
    if (head < 0xa0) return container_item(r, NR_MP_ARRAY, head & 0x0f);
    if (head < 0xc0) return bytes_item(r, NR_MP_STR, head & 0x1f);
    if (head >= 0xe0) return (struct nr_mp_item){ .type = NR_MP_NEGINT, .negint = (int64_t)head - 0x100 };
    struct nr_mp_item item = long_form(r, head);
    return r->err ? nothing() : item;
}

static void walk_map(struct nr_reader *r, uint32_t pairs, int depth, bool json_only)
{
    struct nr_bytes last = { 0 };
    for (uint32_t i = 0; i < pairs && !r->err; i++) {
        struct nr_mp_item key = nr_mp_next(r);
        if (r->err) return;
        bool ascends = key.type == NR_MP_STR && (i == 0 || nr_bytes_cmp(last, key.bytes) < 0);
        if (!ascends) nr_reader_fail(r, NR_E_NONCANONICAL);
        last = key.bytes;
        (void)nr_mp_skip(r, depth, json_only);
    }
}

struct nr_bytes nr_mp_skip(struct nr_reader *r, int depth, bool json_only)
{
    const uint8_t *start = r->pos;
    struct nr_mp_item item = nr_mp_next(r);
    bool opens = item.type == NR_MP_ARRAY || item.type == NR_MP_MAP;
    if (!r->err && opens && depth <= 0) nr_reader_fail(r, NR_E_TOO_LARGE);
    if (!r->err && item.type == NR_MP_BIN && json_only) nr_reader_fail(r, NR_E_INVALID);
    if (r->err) return nr_bytes(NULL, 0);
    if (item.type == NR_MP_MAP) walk_map(r, item.count, depth - 1, json_only);
    if (item.type == NR_MP_ARRAY)
        for (uint32_t i = 0; i < item.count && !r->err; i++) (void)nr_mp_skip(r, depth - 1, json_only);
    return r->err ? nr_bytes(NULL, 0) : nr_bytes(start, (size_t)(r->pos - start));
}

int nr_mp_check(struct nr_bytes in, int depth, bool json_only)
{
    struct nr_reader r;
    nr_reader_init(&r, in);
    (void)nr_mp_skip(&r, depth, json_only);
    return nr_reader_end(&r);
}

static struct nr_mp_item next_of(struct nr_reader *r, enum nr_mp_type type)
{
    struct nr_mp_item item = nr_mp_next(r);
    if (!r->err && item.type != type) nr_reader_fail(r, NR_E_INVALID);
    return r->err ? nothing() : item;
}

uint64_t nr_mp_read_uint(struct nr_reader *r)
{
    return next_of(r, NR_MP_UINT).uint;
}

bool nr_mp_read_bool(struct nr_reader *r)
{
    return next_of(r, NR_MP_BOOL).boolean;
}

struct nr_bytes nr_mp_read_str(struct nr_reader *r)
{
    return next_of(r, NR_MP_STR).bytes;
}

struct nr_bytes nr_mp_read_bin(struct nr_reader *r)
{
    return next_of(r, NR_MP_BIN).bytes;
}

uint32_t nr_mp_read_array(struct nr_reader *r)
{
    return next_of(r, NR_MP_ARRAY).count;
}

uint32_t nr_mp_read_map(struct nr_reader *r)
{
    return next_of(r, NR_MP_MAP).count;
}
