/* The network in four figures, as the health and metrics calls show it. */
#ifndef NODEHTTPD_NETWORK_H
#define NODEHTTPD_NETWORK_H

#include <nr/registry.h>

#include "base/json.h"

struct network {
    struct nr_node_counts counts;
    uint64_t active;          /* neither offline nor left */
    double uptime_percentage; /* of the nodes, how many are online; 0 without nodes */
};

/* 0, or an enum nr_error (then *out is all zero). */
int network_read(nr_snapshot *snapshot, int64_t now_ms, struct network *out);
/* The members total_nodes, online_nodes, offline_nodes and uptime_percentage. */
void network_json(struct nr_json *j, const struct network *n);

#endif
