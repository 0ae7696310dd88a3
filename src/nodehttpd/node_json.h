/* A node, and lists of nodes, as the API shows them. */
#ifndef NODEHTTPD_NODE_JSON_H
#define NODEHTTPD_NODE_JSON_H

#include "nodehttpd/app.h"

void node_json(struct nr_buf *out, const struct nr_node *node, enum view view);

/* The nodes that pass the filter from `offset` on, `limit` at most, with commas between them. *total: all that pass.
 * 0, or an enum nr_error. */
int node_json_list(struct nr_buf *out, nr_snapshot *snapshot, const struct nr_node_filter *filter, int64_t now_ms,
                   enum view view, uint64_t offset, uint64_t limit, uint64_t *total) NR_MUST_CHECK;

#endif
