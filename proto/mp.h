/* Canonical msgpack (proto/README.md A.2): a checking walk over received bytes, a typed reader over checked ones, and
 * a writer (msgpack-c's packer, which takes shortest forms, into a bounded nr_writer). Nothing is allocated and nothing
 * is sized from the input: msgpack-c's unpacker is not used on purpose, it reserves memory from a header before it has
 * seen the body. */
#ifndef NR_PROTO_MP_H
#define NR_PROTO_MP_H

#include "base/cursor.h"

enum nr_mp_type {
    NR_MP_NIL,
    NR_MP_BOOL,
    NR_MP_UINT,
    NR_MP_NEGINT,
    NR_MP_FLOAT,
    NR_MP_STR,
    NR_MP_BIN,
    NR_MP_ARRAY,
    NR_MP_MAP,
};

/* One item's head. For str and bin, `bytes` borrows from the input; for array and map `count` is the number of elements
 * or of pairs, which follow in the reader. */
struct nr_mp_item {
    enum nr_mp_type type;
    union {
        bool boolean;
        uint64_t uint;
        int64_t negint;
        double real;
        uint32_t count;
        struct nr_bytes bytes;
    };
};

/* Reads one head. Sticky errors: NR_E_TRUNCATED, NR_E_NONCANONICAL (also for a count that the bytes left cannot hold),
 * NR_E_INVALID (extension types, never-used bytes, bad UTF-8). */
struct nr_mp_item nr_mp_next(struct nr_reader *r);

/* Steps over one whole item, checking all of it: canonical form, UTF-8, key order, depth (`depth` more containers may
 * open; NR_E_TOO_LARGE beyond). `json_only`: NR_E_INVALID for a bin, so that what passes can be written as JSON.
 * Returns the item's bytes. */
struct nr_bytes nr_mp_skip(struct nr_reader *r, int depth, bool json_only);

/* Whole-input check: one item, canonical, nothing after it. */
int nr_mp_check(struct nr_bytes in, int depth, bool json_only) NR_MUST_CHECK;

/* Typed reads: fail the reader with NR_E_INVALID on another type. */
uint64_t nr_mp_read_uint(struct nr_reader *r);
bool nr_mp_read_bool(struct nr_reader *r);
struct nr_bytes nr_mp_read_str(struct nr_reader *r);
struct nr_bytes nr_mp_read_bin(struct nr_reader *r);
uint32_t nr_mp_read_array(struct nr_reader *r);
uint32_t nr_mp_read_map(struct nr_reader *r);

/* Writers of the shortest form. Ascending key order is the caller's (asserted nowhere, checked by nr_mp_check). */
void nr_mp_write_nil(struct nr_writer *w);
void nr_mp_write_bool(struct nr_writer *w, bool v);
void nr_mp_write_uint(struct nr_writer *w, uint64_t v);
void nr_mp_write_int(struct nr_writer *w, int64_t v);
void nr_mp_write_double(struct nr_writer *w, double v);
void nr_mp_write_str(struct nr_writer *w, struct nr_bytes s);
void nr_mp_write_cstr(struct nr_writer *w, const char *s);
void nr_mp_write_bin(struct nr_writer *w, struct nr_bytes b);
void nr_mp_write_array(struct nr_writer *w, uint32_t count);
void nr_mp_write_map(struct nr_writer *w, uint32_t pairs);

#endif
