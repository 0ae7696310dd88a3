#include "nodehttpd/node_json.h"

static void add_text(struct nr_buf *out, struct nr_text t)
{
    nr_buf_add(out, t.data, t.len);
}

void node_json(struct nr_buf *out, const struct nr_node *node, enum view view)
{
    char time[NR_TIME_TEXT];
    nr_buf_add(out, "{", 1);
    add_text(out, node->json_head);
    nr_buf_add_str(out, ",\"status\":\"");
    nr_buf_add_str(out, nr_node_status_name(node->status));
    if (node->last_heartbeat_ms > 0) {
        nr_time_format(node->last_heartbeat_ms, time);
        nr_buf_add_str(out, "\",\"last_heartbeat\":\"");
        nr_buf_add_str(out, time);
        nr_buf_add_str(out, "\",");
    } else {
        nr_buf_add_str(out, "\",\"last_heartbeat\":null,");
    }
    add_text(out, node->json_tail);
    if (view == VIEW_FULL) {
        nr_buf_add(out, ",", 1);
        add_text(out, node->json_full);
    }
    nr_buf_add(out, "}", 1);
}

int node_json_list(struct nr_buf *out, nr_snapshot *snapshot, const struct nr_node_filter *filter, int64_t now_ms,
                   enum view view, uint64_t offset, uint64_t limit, uint64_t *total)
{
    struct nr_node_cursor cursor;
    struct nr_node node;
    uint64_t seen = 0;
    int err = nr_node_first(snapshot, filter, now_ms, &cursor, &node);
    for (; err == 0; err = nr_node_next(&cursor, &node)) {
        if (seen >= offset && seen - offset < limit) {
            if (seen > offset) nr_buf_add(out, ",", 1);
            node_json(out, &node, view);
        }
        seen++;
    }
    *total = seen;
    return err == NR_ERR_NOT_FOUND ? 0 : err;
}
