/* Hostile bodies: whatever is taken for a registration must be text within its bounds, and whatever is converted must
 * be canonical and within its limit. */
#include "base/assert.h"
#include "nodehttpd/convert.h"
#include "nodehttpd/fields.h"
#include "nodehttpd/registration.h"
#include "proto/mp.h"
#include "proto/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_registration(const json_t *body)
{
    static struct registration g;
    uint8_t labels[REGISTRATION_LABELS_MAX];
    struct faults f;
    faults_init(&f);
    registration_read(body, &g, &f);
    if (f.count == 0) {
        nr_assert(g.hostname.len >= 1 && g.hostname.len <= NR_HOSTNAME_MAX);
        nr_assert(g.role.len >= 1 && g.role.len <= NR_ROLE_MAX);
        nr_assert(g.node_id.len == 0 || nr_node_id_valid(g.node_id));
        nr_assert(nr_mp_check(registration_labels(&g, labels), 1, true) == 0);
        nr_assert(g.metadata.len == 0 || nr_mp_check(g.metadata, CONVERT_DEPTH, true) == 0);
    }
    faults_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[NR_CONFIG_MAX];
    char detail[320];
    int status = 0;
    struct nr_writer w;
    json_t *v = fields_parse(nr_bytes(data, size), detail, sizeof detail, &status);
    nr_assert(v || status == 400 || status == 422);
    if (!v) return 0;
    nr_writer_init(&w, room, sizeof room);
    if (convert_value(v, &w) == 0) nr_assert(nr_mp_check(nr_writer_bytes(&w), CONVERT_DEPTH, true) == 0);
    if (json_is_object(v)) check_registration(v);
    json_decref(v);
    return 0;
}
