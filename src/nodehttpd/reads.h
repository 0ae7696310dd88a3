/* The store as the facade reads it: opened when it is there, opened again after it went bad, one snapshot a request. */
#ifndef NODEHTTPD_READS_H
#define NODEHTTPD_READS_H

#include "base/time.h"
#include <nr/registry.h>

struct reads {
    struct nr_registry_options options;
    nr_registry *registry; /* NULL: not open */
    nr_snapshot *snapshot;
    uint64_t opened;  /* how often a store was opened */
    int64_t retry_us; /* not tried again before */
    int64_t look_us;  /* whether the store is still that of its name is looked at again then */
    uint64_t device, file;
    int err; /* why it is not open */
};

void reads_init(struct reads *r, const struct nr_registry_options *options); /* borrowed texts */
void reads_fini(struct reads *r);
/* Begins at the newest state. 0, or an enum nr_error (then there is nothing to end). */
int reads_begin(struct reads *r, struct nr_now now) __attribute__((warn_unused_result));
void reads_end(struct reads *r);
/* The next beginning looks whether another store stands in this one's place, and does not wait for its time. For
 * whoever learns that it may: a restore ends with another noded. */
void reads_look_again(struct reads *r);

#endif
