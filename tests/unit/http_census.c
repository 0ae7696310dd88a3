/* The nodes as metrics count them. */
#include <stdio.h>

#include "nodehttpd/census.h"
#include "nr_test.h"
#include "registry_fixture.h"

static struct census c;

static void take(struct place *p, int64_t now_ms)
{
    struct reads r = { .registry = p->registry, .snapshot = p->snapshot, .opened = 1 };
    assert_int_equal(nr_snapshot_begin(p->snapshot), 0);
    assert_int_equal(census_take(&c, &r, now_ms), 0);
}

static int teardown(void **state)
{
    census_fini(&c);
    return place_teardown(state);
}

static const struct census_role *role(const char *name)
{
    for (size_t i = 0; i < c.role_count; i++)
        if (c.roles[i].len == strlen(name) && memcmp(c.roles[i].name, name, c.roles[i].len) == 0) return &c.roles[i];
    return NULL;
}

static uint64_t sum(void)
{
    uint64_t all = c.other.total;
    for (size_t i = 0; i < c.role_count; i++) {
        uint64_t of_role = 0;
        for (int s = 0; s < NR_NODE_STATUS_COUNT; s++) of_role += c.roles[i].by_status[s];
        assert_int_equal(of_role, c.roles[i].total);
        all += of_role;
    }
    return all;
}

/* Nodes are counted by role and status, the largest role first, and agree with the count of all. */
static void by_role_and_status(void **state)
{
    struct place *p = *state;
    struct nr_node_counts counts;
    in_writer(p->dir, some_nodes);
    open_place(p);
    take(p, T0 + 5000);
    assert_int_equal(nr_node_count(p->snapshot, T0 + 5000, &counts), 0);
    assert_int_equal(sum(), counts.total);
    assert_int_equal(c.different, 3);
    assert_int_equal(c.other.total, 0);
    assert_int_equal(role("gpu")->total, 2);
    assert_int_equal(role("gpu")->by_status[NR_NODE_ONLINE], 2);
    assert_int_equal(role("gp")->by_status[NR_NODE_MAINTENANCE], 1);
    assert_int_equal(c.turns_at_ms, counts.turns_at_ms);
}

/* How long ago the nodes were heard follows the clock without another walk. */
static void ages(void **state)
{
    struct place *p = *state;
    struct nr_histogram now, later;
    in_writer(p->dir, many_nodes);
    open_place(p);
    take(p, T0 + 1000);
    assert_int_equal(c.heard_count, 500);
    census_ages(&c, T0 + 1000, &now);
    census_ages(&c, T0 + 61000, &later);
    assert_int_equal(census_age_bounds_us.upper[0], 5000000);
    assert_int_equal(now.counts[0], 500);
    assert_int_equal(later.counts[0], 0);
    assert_int_equal(later.counts[5] + later.counts[6], 500); /* up to 60 and 90 s */
    assert_int_equal(later.sum, now.sum + UINT64_C(500) * 60000000);
}

/* It is kept until the store changes, some node's status turns, the clock goes back, or another store is read. */
static void kept_while_right(void **state)
{
    struct place *p = *state;
    in_writer(p->dir, many_nodes);
    open_place(p);
    take(p, T0 + 1000);
    take(p, T0 + 1500);
    assert_int_equal(c.made_ms, T0 + 1000);
    take(p, T0 + 900);
    assert_int_equal(c.made_ms, T0 + 900);
    take(p, c.turns_at_ms);
    assert_true(c.made_ms > T0 + 900);
    int64_t made = c.made_ms;
    in_writer(p->dir, one_beat);
    take(p, made + 1);
    assert_int_equal(c.made_ms, made + 1);
    c.store = 2;
    take(p, made + 2);
    assert_int_equal(c.made_ms, made + 2);
    c.generation.pulse--; /* either half alone */
    take(p, made + 3);
    assert_int_equal(c.made_ms, made + 3);
    c.generation.registry--;
    take(p, made + 4);
    assert_int_equal(c.made_ms, made + 4);
}

/* 100 roles of one node, 30 of two, one that is called "other", and one of three. */
static void hostile_roles(struct nr_store *s)
{
    char id[16], name[16];
    for (int i = 0; i < 160; i++) {
        snprintf(id, sizeof id, "n%03d", i);
        snprintf(name, sizeof name, "r%03d", i < 100 ? i : 100 + i % 30);
        say(s, make_node(1, id, T0, &(struct node_say){ .role = name }), T0);
    }
    for (int i = 160; i < 165; i++) {
        snprintf(id, sizeof id, "n%03d", i);
        say(s, make_node(1, id, T0, &(struct node_say){ .role = CENSUS_OTHER }), T0);
    }
    for (int i = 165; i < 168; i++) {
        snprintf(id, sizeof id, "n%03d", i);
        say(s, make_node(1, id, T0, &(struct node_say){ .role = "real" }), T0);
    }
}

/* However many roles there are, the largest are told apart and no node is lost from the sum; of equal ones those that
 * sort first stay, so that the series do not change from scrape to scrape. */
static void many_roles(void **state)
{
    struct place *p = *state;
    in_writer(p->dir, hostile_roles);
    open_place(p);
    take(p, T0 + 1000);
    assert_int_equal(c.different, 132);
    assert_int_equal(c.role_count, CENSUS_ROLES);
    assert_int_equal(sum(), 168);
    assert_memory_equal(c.roles[0].name, "real", 4);
    assert_null(role(CENSUS_OTHER));
    assert_int_equal(c.other.total, 168 - 3 - 2 * (CENSUS_ROLES - 1));
    for (int i = 0; i < CENSUS_ROLES - 1; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%03d", 100 + i);
        assert_int_equal(role(name)->total, 2);
    }
}

/* A registry without nodes is one. */
static void none(void **state)
{
    struct place *p = *state;
    struct nr_histogram h;
    in_writer(p->dir, nothing);
    open_place(p);
    take(p, T0);
    assert_int_equal(c.role_count, 0);
    assert_int_equal(c.different, 0);
    census_ages(&c, T0, &h);
    assert_int_equal(h.sum, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, teardown)
    const struct CMUnitTest tests[] = { T(by_role_and_status), T(ages), T(kept_while_right), T(many_roles), T(none) };
    if (nr_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
