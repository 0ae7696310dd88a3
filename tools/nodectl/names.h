/* Whose key is it: from the nodes that speak for themselves in a snapshot. Copies what it keeps. */
#ifndef NR_NODECTL_NAMES_H
#define NR_NODECTL_NAMES_H

#include <nr/registry.h>

#include "base/buf.h"
#include "proto/limits.h"

struct ctl_names {
    struct nr_buf entries; /* of struct ctl_name, ascending by key */
};
struct ctl_name {
    uint8_t key[NR_KEY_SIZE];
    char node_id[NR_SUBJECT_MAX + 1];
};

int ctl_names_init(struct ctl_names *names, nr_snapshot *snapshot, int64_t now_ms) NR_MUST_CHECK;
void ctl_names_fini(struct ctl_names *names);
/* NULL: not known. Borrowed. */
const char *ctl_name_of(const struct ctl_names *names, const uint8_t *key);

#endif
