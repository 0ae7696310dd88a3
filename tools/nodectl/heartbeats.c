#include <string.h>

#include "tools/nodectl/show.h"
#include "tools/nodectl/text.h"

struct heartbeats {
    struct ctl *ctl;
    struct ctl_listing list;
    struct ctl_names names;
    int64_t now_ms;
};

static void add_json(struct heartbeats *h, const struct nr_heartbeat *beat)
{
    struct nr_json *j = &h->list.json;
    nr_json_object(j);
    ctl_json_when(j, "timestamp", beat->at_ms);
    nr_json_kcstr(j, "status", beat->has_status ? nr_node_status_name(beat->status) : NULL);
    nr_json_kuint(j, "interval_ms", beat->interval_ms);
    ctl_json_signer(j, &h->names, beat->signer);
    ctl_json_item(j, "metrics", nr_bytes(beat->metrics, beat->metrics_len), "null");
    nr_json_object_end(j);
}

static int add(void *arg, const struct nr_heartbeat *beat)
{
    struct heartbeats *h = arg;
    if (h->ctl->format == CTL_JSON) {
        add_json(h, beat);
        return 0;
    }
    char text[CTL_TEXT], key[CTL_KEY_TEXT];
    struct nr_buf metrics;
    struct ctl_table *t = &h->list.table;
    ctl_time_format(beat->at_ms, text);
    ctl_table_str(t, CTL_PLAIN, text);
    ctl_age_format(beat->at_ms, h->now_ms, text);
    ctl_table_str(t, CTL_PLAIN, text);
    ctl_table_str(t, beat->has_status ? ctl_status_style(beat->status) : CTL_PLAIN,
                  beat->has_status ? nr_node_status_name(beat->status) : "");
    ctl_duration_format(beat->interval_ms, text);
    ctl_table_str(t, CTL_PLAIN, beat->interval_ms ? text : "");
    ctl_table_str(t, CTL_PLAIN, ctl_signer_text(h->ctl, &h->names, beat->signer, key));
    nr_buf_init(&metrics, 0);
    ctl_add_json(&metrics, nr_bytes(beat->metrics, beat->metrics_len), "");
    ctl_table_add(t, CTL_PLAIN, nr_buf_bytes(&metrics));
    nr_buf_fini(&metrics);
    return 0;
}

int ctl_heartbeats(struct ctl *ctl, const struct ctl_args *args)
{
    const char *id = args->operand[0];
    struct heartbeats h = { .ctl = ctl, .now_ms = nr_wall_clock_ms() };
    uint64_t limit = UINT64_MAX;
    int64_t since = 0;
    struct nr_node node;
    char quoted[CTL_QUOTED];
    int status = ctl_count(args, "limit", &limit);
    if (status == 0) status = ctl_when(args, "since", &since);
    if (status) return status;
    int err = nr_node_get(ctl->snapshot, id, strlen(id), h.now_ms, &node);
    if (err == NR_ERR_NOT_FOUND) return ctl_fail("no such node: %s", ctl_quoted(nr_bytes_str(id), quoted));
    if (err == 0) err = ctl_names_init(&h.names, ctl->snapshot, h.now_ms);
    if (err) return ctl_fail("%s: %s", ctl->state_dir, ctl_read_trouble(err));
    ctl_listing_init(&h.list, ctl, "TIME,AGE,STATUS,INTERVAL,SIGNED BY,METRICS");
    /* To libnr a limit of 0 is none; to people it is zero. */
    if (limit > 0)
        err = nr_heartbeat_each(ctl->snapshot, id, strlen(id), since, limit == UINT64_MAX ? 0 : (size_t)limit, add, &h);
    ctl_names_fini(&h.names);
    return ctl_listing_end(&h.list, err);
}
