#include "nodehttpd/network.h"

#include <math.h>

int network_read(nr_snapshot *snapshot, int64_t now_ms, struct network *out)
{
    *out = (struct network){ 0 };
    int err = nr_node_count(snapshot, now_ms, &out->counts);
    if (err) {
        *out = (struct network){ 0 };
        return err;
    }
    const struct nr_node_counts *c = &out->counts;
    out->active = c->total - c->by_status[NR_NODE_OFFLINE] - c->by_status[NR_NODE_LEFT];
    if (c->total) out->uptime_percentage = round(1e4 * (double)c->by_status[NR_NODE_ONLINE] / (double)c->total) / 100;
    return 0;
}

void network_json(struct nr_json *j, const struct network *n)
{
    nr_json_kuint(j, "total_nodes", n->counts.total);
    nr_json_kuint(j, "online_nodes", n->counts.by_status[NR_NODE_ONLINE]);
    nr_json_kuint(j, "offline_nodes", n->counts.by_status[NR_NODE_OFFLINE]);
    nr_json_key(j, "uptime_percentage");
    nr_json_double(j, n->uptime_percentage);
}
