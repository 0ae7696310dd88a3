#include "proto/control.h"
#include "fuzz.h"

static void look(const struct nr_control_map *m, int depth)
{
    static const char *const keys[] = { "id", "op", "node_id", "metadata", "ok", "a", "" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct nr_bytes b;
        struct nr_control_map inner;
        uint64_t u;
        int64_t n;
        bool v;
        int rc = nr_control_get_str(m, keys[i], &b) == 1;
        rc += nr_control_get_bin(m, keys[i], &b) == 1;
        rc += nr_control_get_bool(m, keys[i], &v) == 1;
        rc += nr_control_get_map(m, keys[i], &inner) == 1;
        if (depth > 0 && inner.map.len > 0) look(&inner, depth - 1);
        nr_assert(rc <= 1); /* an item is of one type */
        (void)(nr_control_get_uint(m, keys[i], &u) + nr_control_get_int(m, keys[i], &n));
    }
}

/* A stream of frames, as a socket would bring it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nr_bytes in = nr_bytes(data, size);
    for (long len = 1; len > 0 && in.len > 0;) {
        struct nr_control_map m;
        len = nr_control_frame(in, NR_CONTROL_REQUEST_MAX);
        if (len <= 0) break;
        nr_assert((size_t)len <= in.len);
        if (nr_control_parse(nr_bytes(in.data + 4, (size_t)len - 4), &m) == 0) look(&m, 2);
        in = nr_bytes(in.data + len, in.len - (size_t)len);
    }
    return 0;
}
