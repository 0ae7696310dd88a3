#include "tools/sim/vigil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sim/say.h"
#include "tools/sim/world.h"

void sim_vigil_init(struct sim_vigil *v, size_t nodes)
{
    *v = (struct sim_vigil){ .count = nodes };
}

void sim_vigil_fini(struct sim_vigil *v)
{
    free(v->nodes);
    free(v->offline);
    free(v->turns);
}

static struct sim_watched *watched(struct sim_vigil *v)
{
    if (!v->nodes) v->nodes = sim_alloc(v->count * sizeof *v->nodes);
    return v->nodes;
}

void sim_vigil_status(struct sim_vigil *v, const struct sim_set *set, enum nr_status status, bool never)
{
    struct sim_watched *list = watched(v);
    for (size_t i = 0; i < v->count; i++) {
        if (!sim_set_has(set, i)) continue;
        if (never)
            list[i].never |= (uint8_t)(1u << status);
        else
            list[i].never &= (uint8_t) ~(1u << status);
    }
}

void sim_vigil_turns(struct sim_vigil *v, const struct sim_set *set, unsigned most, int64_t window_us)
{
    struct sim_watched *list = watched(v);
    if (!v->offline) v->offline = sim_alloc(v->count * v->count * sizeof *v->offline);
    for (size_t i = 0; i < v->count; i++) {
        if (!sim_set_has(set, i)) continue;
        list[i].turns = (uint16_t)(most + 1);
        list[i].window_us = window_us;
    }
}

/* How often this reader has seen the node turn that way in the window that ends now. */
static unsigned count_turns(const struct sim_vigil *v, const struct sim_turn *last, int64_t window_us)
{
    unsigned n = 0;
    for (size_t i = v->turn_count; i > 0 && v->turns[i - 1].at_us >= last->at_us - window_us; i--) {
        const struct sim_turn *t = &v->turns[i - 1];
        n += t->reader == last->reader && t->node == last->node && t->offline == last->offline;
    }
    return n;
}

static void note_turn(struct sim_world *w, struct sim_node *reader, uint32_t node, bool offline)
{
    struct sim_vigil *v = &w->vigil;
    const struct sim_watched *d = &v->nodes[node];
    bool *was = &v->offline[reader->index * v->count + node];
    struct sim_turn turn = { .reader = reader->index, .node = node, .offline = offline, .at_us = w->now_us };
    if (offline == *was) return;
    *was = offline;
    v->turns = sim_grow(v->turns, v->turn_count, &v->turn_capacity, sizeof *v->turns);
    v->turns[v->turn_count++] = turn;
    unsigned n = count_turns(v, &turn, d->window_us);
    if (n >= d->turns)
        sim_fail(w, "%s has seen %s %s %u times within %lld s", reader->name, w->nodes[node].name,
                 offline ? "go offline" : "come back", n, (long long)(d->window_us / SIM_SECOND));
}

static void look(struct sim_node *reader, uint32_t node)
{
    struct sim_world *w = reader->world;
    const struct sim_watched *d = &w->vigil.nodes[node];
    if (w->failed || (!d->never && !d->turns)) return;
    enum nr_status status = sim_sees_status(reader, w->nodes[node].name);
    if (d->never & 1u << status)
        sim_fail(w, "%s sees %s %s, which was never to be", reader->name, w->nodes[node].name, nr_status_name(status));
    if (d->turns) note_turn(w, reader, node, status == NR_STATUS_OFFLINE);
}

static bool is_name_of(const struct sim_node *n, const struct nr_event *e)
{
    return e->subject_len == strlen(n->name) && memcmp(e->subject, n->name, e->subject_len) == 0;
}

/* The names end in their number. */
static bool find_node(const struct sim_world *w, const struct nr_event *e, uint32_t *out)
{
    uint32_t n = 0;
    if (e->subject_len > SIM_NAME_MAX) return false;
    for (size_t i = 0; i < e->subject_len; i++) {
        uint8_t c = (uint8_t)e->subject[i];
        n = c >= '0' && c <= '9' ? (n * 10 + (uint32_t)(c - '0')) % 100000000 : 0;
    }
    *out = n;
    return n < w->node_count && is_name_of(&w->nodes[n], e);
}

/* A heartbeat takes nobody offline, and who was not so is not looked at. */
void sim_vigil_record(struct sim_node *reader, const struct nr_event *e)
{
    const struct sim_vigil *v = &reader->world->vigil;
    uint32_t node;
    if (!v->nodes || !find_node(reader->world, e, &node)) return;
    bool was_offline = v->offline && v->offline[reader->index * v->count + node];
    bool declared = e->kind == NR_KIND_NODE && (v->nodes[node].never & ~(1u << NR_STATUS_OFFLINE));
    if (e->kind == NR_KIND_VERDICT || was_offline || declared) look(reader, node);
}

void sim_vigil_booted(struct sim_node *reader)
{
    struct sim_vigil *v = &reader->world->vigil;
    if (v->offline) memset(v->offline + reader->index * v->count, 0, v->count * sizeof *v->offline);
}

void sim_vigil_sample(struct sim_world *w)
{
    struct sim_vigil *v = &w->vigil;
    if (!v->nodes) return;
    if (v->next >= v->count) v->next = 0;
    struct sim_node *reader = &w->nodes[v->next++];
    if (reader->state != SIM_UP) return;
    for (uint32_t i = 0; i < v->count; i++) look(reader, i);
}
