#include "proto/json_mp.h"

#include "base/base64.h"
#include "proto/limits.h"
#include "proto/mp.h"

static void write_item(struct nr_reader *r, struct nr_json *j, int depth);

static void write_map(struct nr_reader *r, struct nr_json *j, uint32_t pairs, int depth)
{
    struct nr_bytes last = { 0 };
    nr_json_object(j);
    for (uint32_t i = 0; i < pairs; i++) {
        struct nr_bytes key = nr_mp_read_str(r);
        if (i > 0 && nr_bytes_cmp(last, key) >= 0) nr_reader_fail(r, NR_E_NONCANONICAL);
        if (r->err) break;
        nr_json_key_bytes(j, key);
        write_item(r, j, depth);
        last = key;
    }
    nr_json_object_end(j);
}

static void write_array(struct nr_reader *r, struct nr_json *j, uint32_t count, int depth)
{
    nr_json_array(j);
    for (uint32_t i = 0; i < count && !r->err; i++) write_item(r, j, depth);
    nr_json_array_end(j);
}

/* Encoded aside, since the writer places comma and quotes; failure to do so is the output's. */
static void write_bin(struct nr_json *j, struct nr_bytes b)
{
    struct nr_buf text;
    nr_buf_init(&text, 0);
    nr_base64url_encode(b, &text);
    if (text.err && !j->out->err) j->out->err = text.err;
    nr_json_str(j, nr_buf_bytes(&text));
    nr_buf_fini(&text);
}

static void write_item(struct nr_reader *r, struct nr_json *j, int depth)
{
    struct nr_mp_item item = nr_mp_next(r); /* nil on failure */
    bool opens = item.type == NR_MP_ARRAY || item.type == NR_MP_MAP;
    if (opens && depth == 0) {
        nr_reader_fail(r, NR_E_TOO_LARGE);
        item.type = NR_MP_NIL;
    }
    switch (item.type) {
    case NR_MP_NIL: nr_json_null(j); break;
    case NR_MP_BOOL: nr_json_bool(j, item.boolean); break;
    case NR_MP_UINT: nr_json_uint(j, item.uint); break;
    case NR_MP_NEGINT: nr_json_int(j, item.negint); break;
    case NR_MP_FLOAT: nr_json_double(j, item.real); break;
    case NR_MP_STR: nr_json_str(j, item.bytes); break;
    case NR_MP_BIN: write_bin(j, item.bytes); break;
    case NR_MP_ARRAY: write_array(r, j, item.count, depth - 1); break;
    case NR_MP_MAP: write_map(r, j, item.count, depth - 1); break;
    }
}

void nr_mp_to_json(struct nr_reader *r, struct nr_json *j)
{
    write_item(r, j, NR_DEPTH_MAX);
}
