#include "proto/body.h"
#include "fuzz.h"

/* Bodies that nobody has checked before; the first byte chooses the kind. What decodes can be written and read again.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[2 * NR_RECORD_MAX];
    static struct nr_node_body node;
    static struct nr_heartbeat_body heartbeat;
    static struct nr_profile_body profile;
    struct nr_writer w;
    if (size == 0 || size > NR_RECORD_MAX) return 0;
    struct nr_bytes body = nr_bytes(data + 1, size - 1);
    nr_writer_init(&w, again, sizeof again);
    if (data[0] == 0 && nr_node_body_decode(body, &node) == 0) {
        nr_node_body_encode(&w, &node);
        nr_assert(w.err == 0 && nr_node_body_decode(nr_writer_bytes(&w), &node) == 0);
    } else if (data[0] == 1 && nr_heartbeat_body_decode(body, &heartbeat) == 0) {
        nr_heartbeat_body_encode(&w, &heartbeat);
        nr_assert(w.err == 0 && nr_heartbeat_body_decode(nr_writer_bytes(&w), &heartbeat) == 0);
    } else if (data[0] == 2 && nr_profile_body_decode(body, &profile) == 0) {
        nr_profile_body_encode(&w, &profile);
        nr_assert(w.err == 0 && nr_profile_body_decode(nr_writer_bytes(&w), &profile) == 0);
    }
    return 0;
}
