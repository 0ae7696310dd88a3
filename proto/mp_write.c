/* msgpack-c's packer takes the shortest form of everything; it writes into the bounded writer, whose sticky error is
 * the only failure. */
#include <msgpack.h>

#include "base/assert.h"
#include "proto/mp.h"

static int write_packed(void *data, const char *buf, size_t len)
{
    struct nr_writer *w = data;
    nr_write_bytes(w, nr_bytes(buf, len));
    return w->err ? -1 : 0;
}

static msgpack_packer packer(struct nr_writer *w)
{
    return (msgpack_packer){ .data = w, .callback = write_packed };
}

void nr_mp_write_nil(struct nr_writer *w)
{
    msgpack_packer pk = packer(w);
    msgpack_pack_nil(&pk);
}

void nr_mp_write_bool(struct nr_writer *w, bool v)
{
    msgpack_packer pk = packer(w);
    if (v)
        msgpack_pack_true(&pk);
    else
        msgpack_pack_false(&pk);
}

void nr_mp_write_uint(struct nr_writer *w, uint64_t v)
{
    msgpack_packer pk = packer(w);
    msgpack_pack_uint64(&pk, v);
}

void nr_mp_write_int(struct nr_writer *w, int64_t v)
{
    msgpack_packer pk = packer(w);
    msgpack_pack_int64(&pk, v);
}

void nr_mp_write_double(struct nr_writer *w, double v)
{
    msgpack_packer pk = packer(w);
    msgpack_pack_double(&pk, v);
}

void nr_mp_write_str(struct nr_writer *w, struct nr_bytes s)
{
    msgpack_packer pk = packer(w);
    nr_assert(s.len <= UINT32_MAX);
    msgpack_pack_str(&pk, s.len);
    nr_write_bytes(w, s);
}

void nr_mp_write_cstr(struct nr_writer *w, const char *s)
{
    nr_mp_write_str(w, nr_bytes_str(s));
}

void nr_mp_write_bin(struct nr_writer *w, struct nr_bytes b)
{
    msgpack_packer pk = packer(w);
    nr_assert(b.len <= UINT32_MAX);
    msgpack_pack_bin(&pk, b.len);
    nr_write_bytes(w, b);
}

void nr_mp_write_array(struct nr_writer *w, uint32_t count)
{
    msgpack_packer pk = packer(w);
    msgpack_pack_array(&pk, count);
}

void nr_mp_write_map(struct nr_writer *w, uint32_t pairs)
{
    msgpack_packer pk = packer(w);
    msgpack_pack_map(&pk, pairs);
}
