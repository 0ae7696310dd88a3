#include "nodehttpd/census.h"

#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000000)

/* Around heartbeats of 10 and 30 s and the thresholds of a node's status (90 s, 300 s), then hours and days. */
const struct nr_histogram_bounds census_age_bounds_us = {
    13,
    { 5 * S, 10 * S, 20 * S, 30 * S, 45 * S, 60 * S, 90 * S, 120 * S, 300 * S, 900 * S, 3600 * S, 21600 * S, 86400 * S }
};

/* One node, during a walk; its role is borrowed from the snapshot. */
struct seen_node {
    struct nr_text role;
    enum nr_node_status status;
};

struct walk {
    struct seen_node *nodes;
    int64_t *heard_ms;
    size_t count, heard_count, room;
    int64_t turns_at_ms;
};

static int make_room(struct walk *w)
{
    if (w->count < w->room) return 0;
    size_t room = w->room ? 2 * w->room : 256;
    struct seen_node *nodes = realloc(w->nodes, room * sizeof *nodes);
    if (nodes) w->nodes = nodes;
    int64_t *heard_ms = realloc(w->heard_ms, room * sizeof *heard_ms);
    if (heard_ms) w->heard_ms = heard_ms;
    if (!nodes || !heard_ms) return NR_ERR_NO_MEMORY;
    w->room = room;
    return 0;
}

static int walk_nodes(nr_snapshot *snapshot, int64_t now_ms, struct walk *w)
{
    struct nr_node_cursor c;
    struct nr_node n;
    int err = nr_node_first(snapshot, NULL, now_ms, &c, &n);
    for (; !err; err = nr_node_next(&c, &n)) {
        if (make_room(w)) return NR_ERR_NO_MEMORY;
        w->nodes[w->count++] = (struct seen_node){ .role = n.role, .status = n.status };
        if (n.last_heartbeat_ms && n.status != NR_NODE_LEFT) w->heard_ms[w->heard_count++] = n.last_heartbeat_ms;
        if (n.status_turns_at_ms < w->turns_at_ms) w->turns_at_ms = n.status_turns_at_ms;
    }
    return err == NR_ERR_NOT_FOUND ? 0 : err;
}

static int compare_text(struct nr_text a, struct nr_text b)
{
    int c = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int by_role(const void *a, const void *b)
{
    return compare_text(((const struct seen_node *)a)->role, ((const struct seen_node *)b)->role);
}

static void add_to(struct census_role *sum, const struct census_role *role)
{
    sum->total += role->total;
    for (int i = 0; i < NR_NODE_STATUS_COUNT; i++) sum->by_status[i] += role->by_status[i];
}

/* Puts a role where it belongs among the largest; who falls off the end is with the rest. Roles come in their order, so
 * that of equal ones the first stays before. */
static void place(struct census *c, const struct census_role *role)
{
    bool reserved = role->len == strlen(CENSUS_OTHER) && memcmp(role->name, CENSUS_OTHER, role->len) == 0;
    size_t at = c->role_count;
    c->different++;
    while (at > 0 && c->roles[at - 1].total < role->total) at--;
    if (reserved || at == CENSUS_ROLES) {
        add_to(&c->other, role);
        return;
    }
    if (c->role_count == CENSUS_ROLES)
        add_to(&c->other, &c->roles[CENSUS_ROLES - 1]);
    else
        c->role_count++;
    memmove(&c->roles[at + 1], &c->roles[at], (c->role_count - at - 1) * sizeof *c->roles);
    c->roles[at] = *role;
}

static void count_roles(struct census *c, const struct walk *w)
{
    c->role_count = 0;
    c->different = 0;
    c->other = (struct census_role){ .name = CENSUS_OTHER, .len = strlen(CENSUS_OTHER) };
    for (size_t i = 0, end; i < w->count; i = end) {
        struct census_role role = { .len = w->nodes[i].role.len < NR_ROLE_MAX ? w->nodes[i].role.len : NR_ROLE_MAX };
        memcpy(role.name, w->nodes[i].role.data, role.len);
        for (end = i; end < w->count && compare_text(w->nodes[end].role, w->nodes[i].role) == 0; end++) {
            role.total++;
            role.by_status[w->nodes[end].status]++;
        }
        place(c, &role);
    }
}

static bool is_right(const struct census *c, const struct reads *r, int64_t now_ms)
{
    struct nr_generation g = nr_snapshot_generation(r->snapshot);
    /* A clock that was set back makes what it saw later than now no answer yet. */
    return c->made && c->store == r->opened && c->generation.registry == g.registry && c->generation.pulse == g.pulse &&
           now_ms >= c->made_ms && now_ms < c->turns_at_ms;
}

int census_take(struct census *c, const struct reads *r, int64_t now_ms)
{
    struct walk w = { .turns_at_ms = INT64_MAX };
    if (is_right(c, r, now_ms)) return 0;
    c->made = false;
    int err = walk_nodes(r->snapshot, now_ms, &w);
    if (err) goto out;
    if (w.count) qsort(w.nodes, w.count, sizeof *w.nodes, by_role);
    count_roles(c, &w);
    free(c->heard_ms);
    c->heard_ms = w.heard_ms;
    c->heard_count = w.heard_count;
    w.heard_ms = NULL;
    c->store = r->opened;
    c->generation = nr_snapshot_generation(r->snapshot);
    c->made_ms = now_ms;
    c->turns_at_ms = w.turns_at_ms;
    c->made = true;
out:
    free(w.nodes);
    free(w.heard_ms);
    return err;
}

void census_ages(const struct census *c, int64_t now_ms, struct nr_histogram *out)
{
    *out = (struct nr_histogram){ 0 };
    for (size_t i = 0; i < c->heard_count; i++)
        nr_histogram_add(out, &census_age_bounds_us, (now_ms - c->heard_ms[i]) * 1000);
}

void census_fini(struct census *c)
{
    free(c->heard_ms);
    *c = (struct census){ 0 };
}
