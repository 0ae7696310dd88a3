/* The store in two LMDB environments. */
#ifndef NR_STORE_LMDB_STORE_H
#define NR_STORE_LMDB_STORE_H

#include "store/db.h"

struct nr_lmdb {
    char *dir;
    int lock_fd;
    struct nr_db db[NR_HALVES];
    size_t pulse_map_max;
    uint64_t epoch;     /* of the pulse half; another number tells readers to open it anew */
    bool epoch_pending; /* not yet staged in the registry half */
};

/* Opens the pulse half beside an open registry half, or starts it empty: when the machine has booted since, when it is
 * damaged, when it is not the one that the registry half knows. */
int nr_pulse_open(struct nr_lmdb *l) NR_MUST_CHECK;
/* Throws a damaged pulse half away and starts an empty one. */
int nr_pulse_replace(struct nr_lmdb *l) NR_MUST_CHECK;
/* Stages the epoch in the registry half when that is still to do. */
int nr_pulse_tell(struct nr_lmdb *l) NR_MUST_CHECK;

#endif
