#include "nr/standing_parts.h"

static void text_or_null(struct nr_json *j, const char *key, struct nr_text text)
{
    nr_json_key(j, key);
    if (text.len)
        nr_json_str(j, nr_bytes(text.data, text.len));
    else
        nr_json_null(j);
}

static void time_or_null(struct nr_json *j, const char *key, int64_t at_ms)
{
    nr_json_key(j, key);
    if (at_ms > 0)
        nr_json_time(j, at_ms);
    else
        nr_json_null(j);
}

static void number_or_null(struct nr_json *j, const char *key, double v, bool known)
{
    nr_json_key(j, key);
    if (known)
        nr_json_double(j, v);
    else
        nr_json_null(j);
}

static void add_observer(struct nr_json *j, const struct nr_observer *o)
{
    static const char *const words[] = { [NR_SAYS_NOTHING] = NULL, [NR_SAYS_HEARS] = "hears", [NR_SAYS_GONE] = "gone" };
    nr_json_object(j);
    text_or_null(j, "node_id", o->node_id);
    number_or_null(j, "rank", o->rank, o->rank != 0);
    nr_json_kcstr(j, "says", words[o->says]);
    time_or_null(j, "since", o->says == NR_SAYS_GONE ? o->since_ms : 0);
    nr_json_object_end(j);
}

void nr_standing_json(struct nr_json *j, const struct nr_node_standing *s)
{
    nr_json_object(j);
    text_or_null(j, "node_id", s->node.node_id);
    nr_json_kcstr(j, "status", nr_node_status_name(s->node.status));
    nr_json_kcstr(j, "why", s->why);
    time_or_null(j, "last_heartbeat", s->node.last_heartbeat_ms);
    number_or_null(j, "interval", s->node.interval_ms / 1000.0, s->node.interval_ms != 0);
    number_or_null(j, "heard_directly", (double)s->heard_ms_ago / 1000.0, s->heard_ms_ago >= 0);
    text_or_null(j, "heard_through", s->heard_through);
    number_or_null(j, "clock_offset_ms", (double)s->clock_offset_ms, s->has_clock_offset);
    nr_json_key(j, "observers");
    nr_json_array(j);
    for (uint32_t i = 0; i < s->observer_count; i++) add_observer(j, &s->observers[i]);
    nr_json_array_end(j);
    number_or_null(j, "quorum", s->quorum, s->noded_told && s->observing);
    number_or_null(j, "against", s->against, true);
    nr_json_object_end(j);
}
