/* The sentence: why a node has its status. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "nr/standing_parts.h"

#define SPAN_MAX 32

static void span(int64_t ms, char out[static SPAN_MAX])
{
    long long s = ms > 0 ? ms / 1000 : 0;
    if (s < 600)
        snprintf(out, SPAN_MAX, "%lld s", s);
    else if (s < 2 * 3600)
        snprintf(out, SPAN_MAX, "%lld min", s / 60);
    else
        snprintf(out, SPAN_MAX, "%lld h", s / 3600);
}

static void moment(int64_t at_ms, int64_t now_ms, char out[static SPAN_MAX])
{
    char at[NR_TIME_TEXT], now[NR_TIME_TEXT];
    nr_time_format(at_ms, at);
    nr_time_format(now_ms, now);
    bool today = memcmp(at, now, 10) == 0;
    snprintf(out, SPAN_MAX, "%.*s%s%.8s UTC", today ? 0 : 10, at, today ? "" : " ", at + 11);
}

/* The latest of the moments that they name: since then none of them has heard it. */
static int64_t silent_since(const struct nr_node_standing *s)
{
    int64_t since = 0;
    for (uint32_t i = 0; i < s->observer_count; i++) {
        const struct nr_observer *o = &s->observers[i];
        if (o->says == NR_SAYS_GONE && o->since_ms > since) since = o->since_ms;
    }
    return since;
}

static size_t add(struct nr_node_standing *s, size_t at, const char *text)
{
    int n = snprintf(s->why + at, NR_WHY_MAX - at, "%s", text);
    return at + (size_t)n < NR_WHY_MAX ? at + (size_t)n : NR_WHY_MAX - 1;
}

static size_t add_observers(struct nr_node_standing *s, size_t at, int64_t now_ms)
{
    char text[NR_WHY_MAX], of[SPAN_MAX] = "", since[SPAN_MAX];
    int64_t since_ms = silent_since(s);
    if (!s->against || !since_ms) return add(s, at, "its observers no longer hear it");
    if (s->observing >= s->against) snprintf(of, sizeof of, " of %u", s->observing);
    bool one = s->observing > 1 ? false : s->against == 1;
    moment(since_ms, now_ms, since);
    snprintf(text, sizeof text, "%u%s observer%s %s not heard it since %s", s->against, of, one ? "" : "s",
             s->against == 1 ? "has" : "have", since);
    return add(s, at, text);
}

static void add_silence(struct nr_node_standing *s, int64_t limit_ms, bool missed, int64_t now_ms)
{
    char ago[SPAN_MAX], limit[SPAN_MAX], interval[SPAN_MAX], text[NR_WHY_MAX];
    span(now_ms - s->node.last_heartbeat_ms, ago);
    span(limit_ms, limit);
    span(s->node.interval_ms, interval);
    snprintf(text, sizeof text, "last heartbeat %s ago, more than %s", ago, limit);
    size_t at = add(s, 0, text);
    if (!missed) return;
    snprintf(text, sizeof text, ": %lld missed of its interval of %s", (long long)(limit_ms / s->node.interval_ms),
             interval);
    (void)add(s, at, text);
}

static void add_heard(struct nr_node_standing *s, int64_t now_ms)
{
    char ago[SPAN_MAX], text[NR_WHY_MAX];
    span(now_ms - s->node.last_heartbeat_ms, ago);
    snprintf(text, sizeof text, "heartbeat %s ago", ago);
    size_t at = add(s, 0, text);
    if (s->against) (void)add_observers(s, add(s, at, "; "), now_ms);
}

static void add_declared(struct nr_node_standing *s, enum nr_state declared)
{
    char text[NR_WHY_MAX];
    snprintf(text, sizeof text, "declared %s by %s", nr_state_name(declared), s->node.self ? "itself" : "its sponsor");
    (void)add(s, 0, text);
}

/* The order of nr_status_at. */
void nr_standing_why(struct nr_node_standing *s, enum nr_state declared, const struct nr_thresholds *t, int64_t now_ms)
{
    bool known = s->node.interval_ms != 0;
    switch (s->node.status) {
    case NR_NODE_LEFT:
    case NR_NODE_MAINTENANCE:
    case NR_NODE_DRAINING: add_declared(s, declared); break;
    case NR_NODE_OFFLINE:
        if (declared == NR_STATE_OFFLINE)
            add_declared(s, declared);
        else if (s->gone_until_ms)
            (void)add_observers(s, 0, now_ms);
        else
            add_silence(s, t->offline_after_ms, false, now_ms);
        break;
    case NR_NODE_DEGRADED:
        if (declared == NR_STATE_DEGRADED)
            add_declared(s, declared);
        else
            add_silence(s, known ? t->missed_heartbeats * s->node.interval_ms : t->degraded_after_ms, known, now_ms);
        break;
    case NR_NODE_ONLINE: add_heard(s, now_ms); break;
    }
}
