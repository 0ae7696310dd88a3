/* SPLIT and LIST: what is said of ranges of key hashes (C.5). */
#include "base/assert.h"
#include "proto/message.h"

/* The bits of `x` below the first `bits`. */
static uint64_t below(uint64_t x, unsigned bits)
{
    return bits == 0 ? x : bits >= 64 ? 0 : x & (~UINT64_C(0) >> bits);
}

static bool range_valid(struct nr_range range)
{
    return range.bits <= 64 && below(range.prefix, range.bits) == 0;
}

static bool range_has(struct nr_range range, uint64_t key_hash)
{
    return (key_hash ^ range.prefix) == below(key_hash, range.bits);
}

static void write_range(struct nr_writer *w, struct nr_range range)
{
    nr_assert(range_valid(range));
    nr_write_u8(w, range.bits);
    nr_write_u64(w, range.prefix);
}

static struct nr_range read_range(struct nr_reader *r)
{
    struct nr_range range = { .bits = nr_read_u8(r) };
    range.prefix = nr_read_u64(r);
    if (!range_valid(range)) nr_reader_fail(r, NR_E_INVALID);
    return range;
}

static bool child_bits_valid(struct nr_range range, unsigned child_bits)
{
    return child_bits >= 1 && child_bits <= NR_CHILD_BITS_MAX && range.bits + child_bits <= 64;
}

void nr_split_encode(struct nr_writer *w, struct nr_range range, uint32_t salt, uint8_t child_bits,
                     const uint32_t *prints)
{
    size_t count = (size_t)1 << child_bits;
    nr_assert(child_bits_valid(range, child_bits));
    nr_message_head(w, NR_MSG_SPLIT, 14 + 4 * count);
    write_range(w, range);
    nr_write_u32(w, salt);
    nr_write_u8(w, child_bits);
    for (size_t i = 0; i < count; i++) nr_write_u32(w, prints[i]);
}

int nr_split_decode(struct nr_bytes body, struct nr_split *out)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    out->range = read_range(&r);
    out->salt = nr_read_u32(&r);
    out->child_bits = nr_read_u8(&r);
    if (!child_bits_valid(out->range, out->child_bits)) nr_reader_fail(&r, NR_E_INVALID);
    out->prints = r.err ? NULL : nr_read_bytes(&r, (size_t)4 << out->child_bits).data;
    return nr_reader_end(&r) ? NR_E_INVALID : 0;
}

struct nr_range nr_range_child(struct nr_range range, uint8_t child_bits, uint32_t child)
{
    nr_assert(child_bits_valid(range, child_bits));
    nr_assert(child < 1U << child_bits);
    unsigned bits = range.bits + (unsigned)child_bits;
    return (struct nr_range){ .bits = (uint8_t)bits, .prefix = range.prefix | (uint64_t)child << (64 - bits) };
}

struct nr_list_element nr_list_at(const struct nr_list *m, size_t i)
{
    nr_assert(i < m->count);
    const uint8_t *p = m->elements + i * NR_LIST_ELEMENT;
    return (struct nr_list_element){ .key_hash = nr_be64(p), .stamp = nr_be64(p + 8), .id = nr_be64(p + 16) };
}

void nr_list_encode(struct nr_writer *w, struct nr_range range, const struct nr_list_element *elements, size_t count)
{
    nr_assert(count <= NR_LIST_MAX);
    nr_message_head(w, NR_MSG_LIST, 9 + NR_LIST_ELEMENT * count);
    write_range(w, range);
    for (size_t i = 0; i < count; i++) {
        nr_write_u64(w, elements[i].key_hash);
        nr_write_u64(w, elements[i].stamp);
        nr_write_u64(w, elements[i].id);
    }
}

static bool list_in_order(const struct nr_list *m)
{
    for (size_t i = 0; i < m->count; i++) {
        uint64_t key_hash = nr_list_at(m, i).key_hash;
        if (!range_has(m->range, key_hash)) return false;
        if (i > 0 && key_hash <= nr_list_at(m, i - 1).key_hash) return false;
    }
    return true;
}

int nr_list_decode(struct nr_bytes body, struct nr_list *out)
{
    struct nr_reader r;
    nr_reader_init(&r, body);
    out->range = read_range(&r);
    size_t count = nr_reader_left(&r) / NR_LIST_ELEMENT;
    if (count > NR_LIST_MAX) nr_reader_fail(&r, NR_E_INVALID);
    struct nr_bytes b = nr_read_bytes(&r, count * NR_LIST_ELEMENT);
    out->elements = b.data;
    out->count = b.len / NR_LIST_ELEMENT;
    if (!r.err && !list_in_order(out)) nr_reader_fail(&r, NR_E_INVALID);
    return nr_reader_end(&r) ? NR_E_INVALID : 0;
}
