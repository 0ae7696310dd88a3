/* nodectl verify: the store against itself. verify.c checks each record alone, verify_views.c what readers see against
 * the records. */
#ifndef NR_NODECTL_VERIFY_H
#define NR_NODECTL_VERIFY_H

#include "proto/record.h"
#include "tools/nodectl/ctl.h"

struct ctl_checked {
    struct nr_record rec; /* borrowed from the snapshot */
    uint64_t id;
};

struct ctl_verify {
    struct ctl *ctl;
    int64_t now_ms;
    struct nr_buf records; /* of struct ctl_checked: those that decode; later ascending by kind and subject */
    uint64_t seen, cold, hot, nodes, profiles, evidence, changes, faults;
    uint64_t fingerprint; /* of the living cold records, as datagrams carry it */
    struct nr_buf text;   /* faults as JSON objects, in `json` */
    struct nr_json json;
};

/* One thing that is wrong: shown at once, or kept for the JSON. `check` is a stable word. */
void ctl_fault(struct ctl_verify *v, const char *check, struct nr_bytes subject, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static inline size_t ctl_checked_count(const struct ctl_verify *v)
{
    return v->records.len / sizeof(struct ctl_checked);
}
static inline struct ctl_checked *ctl_checked_at(const struct ctl_verify *v, size_t i)
{
    return (struct ctl_checked *)(void *)v->records.data + i;
}

/* Computes nodes, profiles and indexes again. A libnr error when the store cannot be read on; faults are counted. */
int ctl_verify_views(struct ctl_verify *v) NR_MUST_CHECK;

#endif
