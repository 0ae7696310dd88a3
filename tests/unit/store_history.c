/* How many heartbeats of a node are kept. */
#include "store/store_impl.h"

#include <stdio.h>

#include "tests/unit/nr_test.h"
#include "tests/unit/store_fixture.h"

static int count_one(void *arg, struct nr_bytes key, struct nr_bytes value)
{
    (void)key, (void)value;
    ++*(uint32_t *)arg;
    return 0;
}

/* In all, without the entry that holds their number. */
static uint32_t kept_beats(struct nr_store *s)
{
    uint32_t n = 0;
    assert_int_equal(s->ops->scan(s->kv, NR_T_HISTORY, nr_bytes(NULL, 0), count_one, &n), 0);
    return n ? n - 1 : 0;
}

static void beat(struct nr_store *s, int64_t ms)
{
    struct made *m = make_beat(1, "n", ms, 10000);
    assert_int_equal(nr_store_history_add(s, &m->rec), 0);
    free(m);
}

static void nodes(struct nr_store *s, int from, int to)
{
    char name[16];
    for (int i = from; i < to; i++) {
        snprintf(name, sizeof name, i ? "n%d" : "n", i);
        say(s, make_node(1, name, T0 + i, &(struct node_say){ .hostname = "h", .role = "r" }), T0);
    }
}

/* As many as the option says, the newest, up to 2,000 nodes; beyond, so many fewer as there are more nodes, and never
 * fewer than two. */
static void fewer_of_many(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(fixture_open(&f, false), 0);
    nodes(f.store, 0, 1);
    for (int i = 0; i < 20; i++) beat(f.store, T0 + i * 1000);
    assert_int_equal(kept_beats(f.store), 5);
    nodes(f.store, 1, 2000);
    beat(f.store, T0 + 20 * 1000);
    assert_int_equal(kept_beats(f.store), 5);
    nodes(f.store, 2000, 2600);
    beat(f.store, T0 + 21 * 1000);
    assert_int_equal(kept_beats(f.store), 5 * 2000 / 2600);
    nodes(f.store, 2600, 7000);
    beat(f.store, T0 + 22 * 1000);
    assert_int_equal(kept_beats(f.store), 2);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(fewer_of_many) };
    return nr_crypto_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
