#include "probe/report.h"

#include <assert.h>

#include "probe/plan.h"
#include "proto/control.h"
#include "proto/mp.h"

static_assert(NR_CAPABILITIES_MAX + NR_MODULES_MAX + NR_REPORT_METRICS_MAX + 64 <= NR_REPORT_FRAME_MAX,
              "what a report may hold fits into its frame");
static_assert(NR_CHECKS_MAX * (NR_CHECK_ID_MAX + 2 + 32) + 3 <= NR_MODULES_MAX, "the modules of all checks fit");

static void write_part(struct nr_writer *w, const char *key, struct nr_bytes part)
{
    if (part.len == 0) return;
    nr_mp_write_cstr(w, key);
    nr_write_bytes(w, part);
}

void nr_report_encode(struct nr_writer *w, const struct nr_report *r)
{
    int parts = (r->capabilities.len > 0) + (r->metrics.len > 0) + (r->modules.len > 0);
    nr_mp_write_map(w, (uint32_t)parts);
    write_part(w, "capabilities", r->capabilities);
    write_part(w, "metrics", r->metrics);
    write_part(w, "modules", r->modules);
}

/* A member of the outer map: absent, or an item of that type which may go into a record. */
static int get_part(const struct nr_control_map *m, const char *key, enum nr_mp_type type, size_t max,
                    struct nr_bytes *part)
{
    struct nr_reader r;
    if (!nr_control_get(m, key, part)) return 0;
    if (part->len > max) return NR_E_TOO_LARGE;
    nr_reader_init(&r, *part);
    if (nr_mp_next(&r).type != type) return NR_E_INVALID;
    return nr_mp_check(*part, NR_REPORT_DEPTH_MAX, true);
}

static bool is_status(struct nr_bytes word)
{
    static const char *const words[] = { "up", "down", "degraded", "unknown" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (nr_bytes_eq(word, nr_bytes_str(words[i]))) return true;
    return false;
}

/* One module; *last is the id of the one before. */
static int check_module(struct nr_bytes item, struct nr_bytes *last)
{
    struct nr_control_map m;
    struct nr_bytes id, status;
    uint64_t port;
    int rc = nr_control_parse(item, &m);
    if (rc) return rc;
    if (nr_control_get_str(&m, "id", &id) != 1 || !nr_check_id_valid(id)) return NR_E_INVALID;
    if (last->len > 0 && nr_bytes_cmp(*last, id) >= 0) return NR_E_INVALID;
    if (nr_control_get_str(&m, "status", &status) != 1 || !is_status(status)) return NR_E_INVALID;
    rc = nr_control_get_uint(&m, "port", &port);
    if (rc < 0 || (rc == 1 && (port == 0 || port > UINT16_MAX))) return NR_E_INVALID;
    *last = id;
    return 0;
}

static int check_modules(struct nr_bytes modules)
{
    struct nr_bytes last = { 0 };
    struct nr_reader r;
    int rc = 0;
    nr_reader_init(&r, modules);
    uint32_t count = nr_mp_read_array(&r);
    if (count > NR_CHECKS_MAX) return NR_E_TOO_LARGE;
    while (count-- > 0 && !rc) rc = check_module(nr_mp_skip(&r, NR_REPORT_DEPTH_MAX, true), &last);
    return rc ? rc : nr_reader_end(&r);
}

int nr_report_decode(struct nr_bytes body, struct nr_report *out)
{
    struct nr_control_map m;
    *out = (struct nr_report){ 0 };
    if (body.len > NR_REPORT_FRAME_MAX) return NR_E_TOO_LARGE;
    int rc = nr_control_parse(body, &m);
    if (!rc) rc = get_part(&m, "capabilities", NR_MP_MAP, NR_CAPABILITIES_MAX, &out->capabilities);
    if (!rc) rc = get_part(&m, "metrics", NR_MP_MAP, NR_REPORT_METRICS_MAX, &out->metrics);
    if (!rc) rc = get_part(&m, "modules", NR_MP_ARRAY, NR_MODULES_MAX, &out->modules);
    if (!rc && out->modules.len > 0) rc = check_modules(out->modules);
    if (rc) *out = (struct nr_report){ 0 };
    return rc;
}
