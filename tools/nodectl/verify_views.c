/* Records are sorted by kind and subject; each run of equal ones is a group, whose winner is what readers must see. A
 * record that has died since noded last ran still stands in the tables: a group that holds a dead one is not held
 * against the store. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/view.h"
#include "tools/nodectl/verify.h"

struct group {
    struct nr_bytes subject;
    struct nr_winner winner;
    int64_t last_heartbeat_ms;
    bool any_dead, met;
};

struct groups {
    struct group *list; /* ascending by subject */
    size_t count;
};

static int by_kind_and_subject(const void *a, const void *b)
{
    const struct ctl_checked *x = a, *y = b;
    if (x->rec.kind != y->rec.kind) return (x->rec.kind > y->rec.kind) - (x->rec.kind < y->rec.kind);
    return nr_bytes_cmp(x->rec.subject, y->rec.subject);
}

static int by_subject(const void *a, const void *b)
{
    return nr_bytes_cmp(((const struct group *)a)->subject, ((const struct group *)b)->subject);
}

static struct group *find(const struct groups *g, struct nr_bytes subject)
{
    const struct group key = { .subject = subject };
    return g->count ? bsearch(&key, g->list, g->count, sizeof key, by_subject) : NULL;
}

static void feed(struct group *g, const struct ctl_checked *c, int64_t now_ms)
{
    nr_winner_feed(&g->winner, &c->rec, c->id, now_ms);
    if (now_ms >= nr_record_ends_ms(c->rec.stamp, c->rec.lease_s)) g->any_dead = true;
}

/* The groups of one kind. `list` is the caller's to free. */
static int make_groups(const struct ctl_verify *v, uint8_t kind, struct groups *out)
{
    size_t n = ctl_checked_count(v);
    *out = (struct groups){ .list = calloc(n + 1, sizeof *out->list) };
    if (!out->list) return NR_ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct ctl_checked *c = ctl_checked_at(v, i);
        if (c->rec.kind != kind) continue;
        struct group *last = out->count ? &out->list[out->count - 1] : NULL;
        if (!last || !nr_bytes_eq(last->subject, c->rec.subject)) {
            last = &out->list[out->count++];
            last->subject = c->rec.subject;
            nr_winner_init(&last->winner);
        }
        feed(last, c, v->now_ms);
    }
    return 0;
}

static void add_heartbeats(const struct ctl_verify *v, struct groups *nodes)
{
    for (size_t i = 0; i < ctl_checked_count(v); i++) {
        const struct nr_record *r = &ctl_checked_at(v, i)->rec;
        if (r->kind != NR_KIND_HEARTBEAT || v->now_ms >= nr_record_ends_ms(r->stamp, r->lease_s)) continue;
        struct group *g = find(nodes, r->subject);
        if (g && nr_stamp_ms(r->stamp) > g->last_heartbeat_ms) g->last_heartbeat_ms = nr_stamp_ms(r->stamp);
    }
}

static bool same_labels(const struct nr_node *node, const struct nr_node_body *b)
{
    if (node->label_count != b->label_count) return false;
    for (uint32_t i = 0; i < node->label_count; i++)
        if (!nr_bytes_eq(ctl_text(nr_node_label(node, i)), b->labels[i])) return false;
    return true;
}

static void compare_node(struct ctl_verify *v, const struct group *g, const struct nr_node *node)
{
    struct nr_node_body b;
    if (nr_node_body_decode(g->winner.rec.body, &b) != 0) return;
    struct nr_bytes id = g->subject;
    bool same = memcmp(node->signer, g->winner.rec.signer, NR_KEY_SIZE) == 0 && node->self == b.self &&
                nr_bytes_eq(ctl_text(node->hostname), b.hostname) && nr_bytes_eq(ctl_text(node->ip), b.ip) &&
                nr_bytes_eq(ctl_text(node->role), b.role) && same_labels(node, &b) &&
                nr_bytes_eq(nr_bytes(node->metadata, node->metadata_len), b.metadata);
    if (!same) ctl_fault(v, "view", id, "the node shown is not what its records say");
    int64_t last = g->last_heartbeat_ms > b.updated_at_ms ? g->last_heartbeat_ms : b.updated_at_ms;
    if (node->last_heartbeat_ms != last)
        ctl_fault(v, "heartbeat", id, "last heard at %" PRId64 ", its records say %" PRId64, node->last_heartbeat_ms,
                  last);
}

static bool forgotten(const struct ctl_verify *v, const struct group *g)
{
    struct nr_node_body b;
    if (nr_node_body_decode(g->winner.rec.body, &b) != 0) return true;
    int64_t last = g->last_heartbeat_ms > b.updated_at_ms ? g->last_heartbeat_ms : b.updated_at_ms;
    return v->now_ms - last >= (int64_t)v->ctl->read.forget_after_s * 1000;
}

static int check_nodes(struct ctl_verify *v, struct groups *groups)
{
    const struct nr_node_filter all = { 0 };
    struct nr_node_cursor cursor;
    struct nr_node node;
    struct nr_node_counts counts;
    int err = nr_node_first(v->ctl->snapshot, &all, v->now_ms, &cursor, &node);
    for (; err == 0; err = nr_node_next(&cursor, &node)) {
        struct group *g = find(groups, ctl_text(node.node_id));
        v->nodes++;
        if (g) g->met = true;
        if (g && g->any_dead) continue;
        if (!g || !g->winner.any || g->winner.deleted)
            ctl_fault(v, "view", ctl_text(node.node_id), "a node is shown that no record tells of");
        else
            compare_node(v, g, &node);
    }
    if (err == NR_ERR_CORRUPT) {
        ctl_fault(v, "view", nr_bytes(NULL, 0), "the table of nodes is damaged");
        return 0;
    }
    if (err != NR_ERR_NOT_FOUND) return err;
    for (size_t i = 0; i < groups->count; i++) {
        const struct group *g = &groups->list[i];
        if (!g->met && !g->any_dead && g->winner.any && !g->winner.deleted && !forgotten(v, g))
            ctl_fault(v, "view", g->subject, "a record tells of a node that is not shown");
    }
    err = nr_node_count(v->ctl->snapshot, v->now_ms, &counts);
    if (err == 0 && counts.total != v->nodes)
        ctl_fault(v, "count", nr_bytes(NULL, 0), "%" PRIu64 " nodes are counted, %" PRIu64 " are shown", counts.total,
                  v->nodes);
    return err;
}

struct profiles {
    struct ctl_verify *v;
    struct groups *groups;
};

static int check_profile(void *arg, const struct nr_profile *p)
{
    struct profiles *ps = arg;
    struct nr_profile_body b;
    struct group *g = find(ps->groups, ctl_text(p->role));
    ps->v->profiles++;
    if (g) g->met = true;
    if (g && g->any_dead) return 0;
    if (!g || !g->winner.any || g->winner.deleted)
        ctl_fault(ps->v, "view", ctl_text(p->role), "a profile is shown that no record tells of");
    else if (nr_profile_body_decode(g->winner.rec.body, &b) != 0 ||
             !nr_bytes_eq(nr_bytes(p->config, p->config_len), b.config))
        ctl_fault(ps->v, "view", ctl_text(p->role), "the profile shown is not what its records say");
    return 0;
}

static int check_profiles(struct ctl_verify *v, struct groups *groups)
{
    struct profiles ps = { v, groups };
    int err = nr_profile_each(v->ctl->snapshot, v->now_ms, check_profile, &ps);
    for (size_t i = 0; err == 0 && i < groups->count; i++) {
        const struct group *g = &groups->list[i];
        if (!g->met && !g->any_dead && g->winner.any && !g->winner.deleted)
            ctl_fault(v, "view", g->subject, "a record tells of a profile that is not shown");
    }
    return err;
}

/* How often each role, or each label, stands on a node; then whether the index finds as many. */
static int by_bytes(const void *a, const void *b)
{
    return nr_bytes_cmp(*(const struct nr_bytes *)a, *(const struct nr_bytes *)b);
}

static int count_through_index(struct ctl_verify *v, const struct nr_node_filter *filter, size_t *count)
{
    struct nr_node_cursor cursor;
    struct nr_node node;
    int err = nr_node_first(v->ctl->snapshot, filter, v->now_ms, &cursor, &node);
    for (*count = 0; err == 0; err = nr_node_next(&cursor, &node)) ++*count;
    return err == NR_ERR_NOT_FOUND ? 0 : err;
}

static int check_index(struct ctl_verify *v, struct nr_buf *words, bool role)
{
    struct nr_bytes *list = (struct nr_bytes *)(void *)words->data;
    size_t n = words->len / sizeof *list;
    int err = words->err;
    if (n > 0) qsort(list, n, sizeof *list, by_bytes);
    for (size_t i = 0, end; i < n && err == 0; i = end) {
        char word[NR_LABEL_MAX + NR_ROLE_MAX];
        size_t found;
        for (end = i + 1; end < n && nr_bytes_eq(list[i], list[end]);) end++;
        if (list[i].len >= sizeof word) continue;
        memcpy(word, list[i].data, list[i].len);
        word[list[i].len] = '\0';
        const char *const labels[] = { word };
        const struct nr_node_filter filter = { .role = role ? word : NULL, .labels = labels, .label_count = !role };
        err = count_through_index(v, &filter, &found);
        if (err == NR_ERR_CORRUPT) {
            ctl_fault(v, "index", list[i], "the index of %s cannot be followed", role ? "roles" : "labels");
            err = 0;
        } else if (err == 0 && found != end - i) {
            ctl_fault(v, "index", list[i], "the index of %s finds %zu nodes, %zu have it", role ? "roles" : "labels",
                      found, end - i);
        }
    }
    return err;
}

static int check_indexes(struct ctl_verify *v)
{
    const struct nr_node_filter all = { 0 };
    struct nr_node_cursor cursor;
    struct nr_node node;
    struct nr_buf roles = { 0 }, labels = { 0 };
    int err = nr_node_first(v->ctl->snapshot, &all, v->now_ms, &cursor, &node);
    for (; err == 0; err = nr_node_next(&cursor, &node)) {
        struct nr_bytes word = ctl_text(node.role);
        nr_buf_add(&roles, &word, sizeof word);
        for (uint32_t i = 0; i < node.label_count; i++) {
            word = ctl_text(nr_node_label(&node, i));
            nr_buf_add(&labels, &word, sizeof word);
        }
    }
    if (err == NR_ERR_NOT_FOUND) err = check_index(v, &roles, true);
    if (err == 0) err = check_index(v, &labels, false);
    if (err == NR_ERR_CORRUPT) err = 0; /* of the table of nodes, which check_nodes has named */
    nr_buf_fini(&roles);
    nr_buf_fini(&labels);
    return err;
}

int ctl_verify_views(struct ctl_verify *v)
{
    struct groups nodes = { 0 }, profiles = { 0 };
    size_t n = ctl_checked_count(v);
    if (n > 0) qsort(v->records.data, n, sizeof(struct ctl_checked), by_kind_and_subject);
    int err = make_groups(v, NR_KIND_NODE, &nodes);
    if (err == 0) err = make_groups(v, NR_KIND_PROFILE, &profiles);
    if (err == 0) {
        add_heartbeats(v, &nodes);
        err = check_nodes(v, &nodes);
    }
    if (err == 0) err = check_profiles(v, &profiles);
    if (err == 0) err = check_indexes(v);
    free(nodes.list);
    free(profiles.list);
    return err;
}
