#include "tools/nodectl/show.h"

#include <string.h>

#include "tools/nodectl/text.h"

#define HEADERS      "NODE,STATUS,ROLE,HOSTNAME,IP,LAST HEARTBEAT,LABELS"
#define WIDE_HEADERS "NODE,STATUS,ROLE,HOSTNAME,IP,LAST HEARTBEAT,INTERVAL,CREATED,UPDATED,SPEAKS,SIGNED BY,LABELS"

static void add_row(const struct ctl *ctl, struct ctl_table *t, const struct nr_node *node, int64_t now_ms)
{
    char text[CTL_TEXT], key[CTL_KEY_TEXT];
    struct nr_buf labels;
    nr_buf_init(&labels, 0);
    ctl_add_labels(&labels, node);
    ctl_table_add(t, CTL_PLAIN, ctl_text(node->node_id));
    ctl_table_str(t, ctl_status_style(node->status), nr_node_status_name(node->status));
    ctl_table_add(t, CTL_PLAIN, ctl_text(node->role));
    ctl_table_add(t, CTL_PLAIN, ctl_text(node->hostname));
    ctl_table_add(t, CTL_PLAIN, ctl_text(node->ip));
    ctl_age_format(node->last_heartbeat_ms, now_ms, text);
    ctl_table_str(t, CTL_PLAIN, text);
    if (ctl->format == CTL_WIDE) {
        ctl_duration_format(node->interval_ms, text);
        ctl_table_str(t, CTL_PLAIN, node->interval_ms ? text : "");
        ctl_time_format(node->created_at_ms, text);
        ctl_table_str(t, CTL_PLAIN, text);
        ctl_time_format(node->updated_at_ms, text);
        ctl_table_str(t, CTL_PLAIN, text);
        ctl_table_str(t, CTL_PLAIN, node->self ? "itself" : "sponsor");
        ctl_table_str(t, CTL_PLAIN, ctl_key_text(ctl, node->signer, key));
    }
    ctl_table_add(t, CTL_PLAIN, nr_buf_bytes(&labels));
    nr_buf_fini(&labels);
}

struct nodes_query {
    struct nr_node_filter filter;
    const char *labels[CTL_GIVEN_MAX];
    uint64_t limit, offset;
};

static int read_query(const struct ctl_args *args, struct nodes_query *q)
{
    *q = (struct nodes_query){ .limit = UINT64_MAX };
    q->filter.role = ctl_value(args, "role");
    q->filter.labels = q->labels;
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, "label") == 0)
            q->labels[q->filter.label_count++] = args->given[i].value;
    const char *status = ctl_value(args, "status");
    if (status) {
        char quoted[CTL_QUOTED];
        q->filter.by_status = true;
        if (nr_node_status_parse(status, strlen(status), &q->filter.status) != 0)
            return ctl_usage("--status: expected online, degraded, offline, maintenance, draining or left: '%s'",
                             ctl_quoted(nr_bytes_str(status), quoted));
    }
    int err = ctl_count(args, "limit", &q->limit);
    return err ? err : ctl_count(args, "offset", &q->offset);
}

int ctl_nodes(struct ctl *ctl, const struct ctl_args *args)
{
    struct nodes_query q;
    int err = read_query(args, &q);
    if (err) return err;
    struct ctl_listing l;
    ctl_listing_init(&l, ctl, ctl->format == CTL_WIDE ? WIDE_HEADERS : HEADERS);
    int64_t now_ms = nr_wall_clock_ms();
    struct nr_node_cursor cursor;
    struct nr_node node;
    uint64_t met = 0;
    err = nr_node_first(ctl->snapshot, &q.filter, now_ms, &cursor, &node);
    for (; err == 0; err = nr_node_next(&cursor, &node)) {
        if (met++ < q.offset) continue;
        if (met - q.offset > q.limit) break;
        if (ctl->format == CTL_JSON) {
            nr_json_object(&l.json);
            ctl_json_node_members(&l.json, &node);
            nr_json_object_end(&l.json);
        } else {
            add_row(ctl, &l.table, &node, now_ms);
        }
    }
    return ctl_listing_end(&l, err);
}
