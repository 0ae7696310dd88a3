#include "store/mpmap.h"

#include "proto/limits.h"
#include "proto/mp.h"

bool nr_mp_find(struct nr_bytes map, const char *key, struct nr_bytes *value)
{
    struct nr_reader r;
    nr_reader_init(&r, map);
    uint32_t pairs = nr_mp_read_map(&r);
    for (uint32_t i = 0; i < pairs && !r.err; i++) {
        struct nr_bytes name = nr_mp_read_str(&r);
        struct nr_bytes item = nr_mp_skip(&r, NR_DEPTH_MAX, false);
        int order = nr_bytes_cmp(name, nr_bytes_str(key));
        if (r.err || order > 0) return false;
        if (order < 0) continue;
        *value = item;
        return true;
    }
    return false;
}

bool nr_mp_find_str(struct nr_bytes map, const char *key, struct nr_bytes *text)
{
    struct nr_bytes item;
    struct nr_reader r;
    if (!nr_mp_find(map, key, &item)) return false;
    nr_reader_init(&r, item);
    struct nr_bytes found = nr_mp_read_str(&r);
    if (r.err) return false;
    *text = found;
    return true;
}
