/* What is staged, as a list of writes that can be done again from the start: after a map that had to grow, a call that
 * is taken back, a commit that failed. */
#ifndef NR_STORE_OPLOG_H
#define NR_STORE_OPLOG_H

#include "base/buf.h"
#include "store/tables.h"

struct nr_op {
    enum nr_table table;
    bool put; /* else del */
    struct nr_bytes key, value;
};

struct nr_oplog {
    struct nr_buf bytes;
};

void nr_oplog_init(struct nr_oplog *l);
void nr_oplog_fini(struct nr_oplog *l);
/* Copies. On failure (NR_E_NOMEM) the list is as before. */
int nr_oplog_add(struct nr_oplog *l, const struct nr_op *op) NR_MUST_CHECK;
static inline size_t nr_oplog_len(const struct nr_oplog *l)
{
    return l->bytes.len;
}
void nr_oplog_truncate(struct nr_oplog *l, size_t len); /* to a length that was seen before */
/* Steps through: *at starts at 0. The op borrows from the list. */
bool nr_oplog_next(const struct nr_oplog *l, size_t *at, struct nr_op *op);

#endif
