/* The body of a registration: the contract's own fields, and those that the DAGI agent and web pages send. */
#ifndef NODEHTTPD_REGISTRATION_H
#define NODEHTTPD_REGISTRATION_H

#include <jansson.h>

#include "nodehttpd/faults.h"
#include "proto/limits.h"

struct registration {
    struct nr_bytes node_id, hostname, ip, role; /* borrowed from the JSON; empty: absent */
    struct nr_bytes labels[NR_LABELS_MAX];
    size_t label_count;
    bool has_labels;
    struct nr_bytes metadata; /* canonical msgpack, in `room`; empty: absent */
    uint8_t room[NR_METADATA_MAX];
};

/* Adds what is wrong to `f`; the registration counts only if nothing was. */
void registration_read(const json_t *body, struct registration *out, struct faults *f);
/* The labels as a msgpack array. `room` has REGISTRATION_LABELS_MAX bytes. */
#define REGISTRATION_LABELS_MAX (3 + NR_LABELS_MAX * (NR_LABEL_MAX + 2))
struct nr_bytes registration_labels(const struct registration *r, uint8_t room[static REGISTRATION_LABELS_MAX]);

#endif
