#include "tools/nodectl/standing.h"

#include <stdio.h>
#include <string.h>

#include "tools/nodectl/text.h"

/* The noded behind the socket may be another node's than the store is. */
static bool is_noded_of_store(struct ctl *ctl)
{
    const void *id;
    size_t len;
    if (nr_meta_get(ctl->snapshot, "node_id", &id, &len) != 0) return false;
    return nr_bytes_eq(nr_bytes(id, len), nr_bytes_str(nr_control_node_id(ctl->control)));
}

int ctl_standing(struct ctl *ctl, const char *node_id, int64_t now_ms, struct nr_node_standing *out)
{
    const void *reply = NULL;
    size_t len = 0, id_len = strlen(node_id);
    if (ctl_try_connect(ctl) == 0 && is_noded_of_store(ctl) &&
        nr_control_standing(ctl->control, node_id, &reply, &len) == 0) {
        int err = nr_standing_read(ctl->snapshot, node_id, id_len, now_ms, reply, len, out);
        if (err != NR_ERR_INVALID) return err;
    }
    return nr_standing_read(ctl->snapshot, node_id, id_len, now_ms, NULL, 0, out);
}

static void fact_directly(struct ctl_facts *f, const struct nr_node_standing *s)
{
    char ago[CTL_TEXT];
    ctl_duration_format(s->heard_ms_ago, ago);
    if (!s->noded_told)
        ctl_fact(f, "Heard directly", CTL_PLAIN, "not known: noded does not answer");
    else if (s->heard_ms_ago < 0)
        ctl_fact(f, "Heard directly", CTL_PLAIN, "no: this node has no path to it");
    else
        ctl_fact(f, "Heard directly", CTL_PLAIN, "%s ago", ago);
}

static void fact_observer(struct ctl_facts *f, const struct nr_observer *o, int64_t now_ms)
{
    char name[CTL_TEXT], since[CTL_TEXT], age[CTL_TEXT], id[CTL_QUOTED];
    snprintf(name, sizeof name, o->rank ? "Observer %u" : "Observer", o->rank);
    if (o->node_id.len)
        ctl_quoted(ctl_text(o->node_id), id);
    else
        snprintf(id, sizeof id, "a node not known here");
    ctl_time_format(o->since_ms, since);
    ctl_age_format(o->since_ms, now_ms, age);
    if (o->says == NR_SAYS_GONE)
        ctl_fact(f, name, CTL_BAD, "%s: has not heard it since %s (%s)", id, since, age);
    else
        ctl_fact(f, name, CTL_PLAIN, "%s: %s", id, o->says == NR_SAYS_HEARS ? "hears it" : "says nothing against it");
}

static void fact_observers(struct ctl_facts *f, const struct nr_node_standing *s, int64_t now_ms)
{
    if (s->noded_told && s->observing)
        ctl_fact(f, "Observers", CTL_PLAIN, "%u, of whom %u must say that it is gone; %u do", s->observing, s->quorum,
                 s->against);
    else if (s->noded_told || !s->node.self)
        ctl_fact(f, "Observers", CTL_PLAIN, "none: %s", s->node.self ? "there is no other peer" : "it runs no noded");
    for (uint32_t i = 0; i < s->observer_count; i++) fact_observer(f, &s->observers[i], now_ms);
}

void ctl_standing_facts(struct ctl_facts *f, const struct nr_node_standing *s, int64_t now_ms)
{
    fact_directly(f, s);
    if (s->heard_through.len) ctl_fact_bytes(f, "Heard through", ctl_text(s->heard_through));
    if (s->has_clock_offset)
        ctl_fact(f, "Its clock", CTL_PLAIN, "%lld ms %s this node's",
                 (long long)(s->clock_offset_ms < 0 ? -s->clock_offset_ms : s->clock_offset_ms),
                 s->clock_offset_ms < 0 ? "behind" : "ahead of");
    fact_observers(f, s, now_ms);
}
