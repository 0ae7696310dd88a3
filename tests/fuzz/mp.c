#include <stdlib.h>

#include "fuzz.h"
#include "proto/json_mp.h"
#include "proto/limits.h"
#include "proto/mp.h"

/* What the walk takes has a JSON, and what has a JSON the walk takes; without a bin, either way of walking agrees. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nr_bytes in = nr_bytes(data, size);
    struct nr_reader r;
    struct nr_buf out;
    struct nr_json j;
    int rc = nr_mp_check(in, NR_DEPTH_MAX, false);
    nr_buf_init(&out, 0);
    nr_json_init(&j, &out);
    nr_reader_init(&r, in);
    nr_mp_to_json(&r, &j);
    nr_assert((nr_reader_end(&r) == 0) == (rc == 0));
    nr_assert(out.err == 0 && j.depth == 0);
    if (nr_mp_check(in, NR_DEPTH_MAX, true) == 0) nr_assert(rc == 0);
    nr_buf_fini(&out);
    return 0;
}
