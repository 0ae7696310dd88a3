#include "tools/sim/figure.h"

#include "tools/sim/memory.h"
#include "tools/sim/world.h"

const char *const sim_part_names[SIM_PARTS] = { "paths and probes", "ids",           "cold records",
                                                "hot records",      "brief records", "repair" };

static enum sim_part part_of_push(struct nr_bytes body)
{
    /* hops, then the record: array head, version, kind */
    if (body.len < 4) return SIM_COLD;
    switch (nr_kind_plane(body.data[3])) {
    case NR_PLANE_COLD: return SIM_COLD;
    case NR_PLANE_HOT: return SIM_HOT;
    default: return SIM_BRIEF;
    }
}

static enum sim_part part_of(const struct nr_message *m)
{
    switch (m->type) {
    case NR_MSG_PUSH: return part_of_push(m->body);
    case NR_MSG_PIECE:
    case NR_MSG_WANT_PIECES: return SIM_COLD;
    case NR_MSG_ANNOUNCE:
    case NR_MSG_WANT: return SIM_IDS;
    case NR_MSG_WALK:
    case NR_MSG_PAGE: return SIM_HOT;
    case NR_MSG_SPLIT:
    case NR_MSG_LIST: return SIM_REPAIRING;
    default: return SIM_PATHS;
    }
}

void sim_traffic_message(struct sim_traffic *t, const struct nr_message *m, int64_t now_us)
{
    size_t size = m->body.len + NR_MESSAGE_HEAD;
    t->type_bytes[m->type] += size;
    t->part_bytes[part_of(m)] += size;
    if (m->type == NR_MSG_SPLIT && !t->split_us) t->split_us = now_us;
}

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0;
}

static size_t largest_node(const struct sim_world *w)
{
    size_t max = 0;
    for (size_t i = 0; i < w->node_count; i++) {
        size_t v = sim_node_memory(&w->nodes[i]);
        max = v > max ? v : max;
    }
    return max;
}

/* By the links that all have, at the mean of their jitter. */
static double round_trips(const struct sim_world *w)
{
    const struct sim_traffic *t = &w->traffic;
    int64_t trip_us = 2 * w->config.link.delay_us + w->config.link.jitter_us;
    if (!t->split_us || t->cold_us <= t->split_us || trip_us <= 0) return 0;
    return (double)(t->cold_us - t->split_us) / (double)trip_us;
}

double sim_traffic_figure(const struct sim_world *w, enum sim_figure figure)
{
    const struct sim_traffic *t = &w->traffic;
    double seconds = (double)(w->now_us - t->since_us) / 1e6;
    switch (figure) {
    case SIM_COPIES: return ratio(t->hot_payloads, t->hot_saved);
    case SIM_COLD_COPIES: return ratio(t->cold_payloads, t->cold_saved);
    case SIM_BYTES: return seconds > 0 ? (double)t->bytes / seconds / (double)w->node_count : 0;
    case SIM_MEMORY: return (double)largest_node(w);
    case SIM_REPAIR: return (double)t->part_bytes[SIM_REPAIRING];
    case SIM_TRIPS: return round_trips(w);
    default: return ratio(t->part_bytes[SIM_COLD] + t->part_bytes[SIM_REPAIRING], t->cold_saved_bytes);
    }
}
