/* Readers that are wrong about who is gone are found, and those that are right, or cut off, are left alone. */
#include "tools/sim/jury.h"

#include "core/state.h"
#include "tests/unit/nr_test.h"
#include "tools/sim/play.h"

#define NODES  6
#define READER 1
#define NODE   2

static struct sim_world *quiet_world(void)
{
    struct sim_config config = { .seed = 5, .nodes = NODES, .link = SIM_LINK_DEFAULT, .heartbeat_ms = 10000 };
    struct sim_world *w = sim_world_new(&config);
    sim_play_cluster(w);
    sim_world_run(w, 75 * SIM_SECOND);
    if (w->failed) print_message("%s\n", w->failure);
    assert_false(w->failed);
    return w;
}

static uint64_t hash_of(const struct sim_node *n)
{
    return nr_record_key_hash(NR_KIND_NODE, n->key.pub, nr_bytes_str(n->name));
}

static void call_gone(struct sim_world *w)
{
    const struct sim_node *x = &w->nodes[NODE];
    struct sim_node *reader = &w->nodes[READER];
    int64_t until_ms = sim_node_now(reader).wall_ms + 600000;
    assert_int_equal(nr_roster_judge(&reader->core->roster, nr_key8(x->key.pub), hash_of(x), until_ms, 1), 0);
}

static void make_silent(struct sim_world *w)
{
    const struct sim_node *x = &w->nodes[NODE];
    nr_roster_find(&w->nodes[READER].core->roster, nr_key8(x->key.pub), hash_of(x))->heard_s -= 310;
}

/* Just before each look, for so long: its core takes it back whenever it hears of the node. */
static void insist(struct sim_world *w, void (*break_it)(struct sim_world *w), int seconds)
{
    sim_world_run(w, SIM_SECOND - w->now_us % SIM_SECOND);
    for (int i = 0; i < seconds && !w->failed; i++) {
        sim_world_run(w, SIM_SECOND - 1000);
        break_it(w);
        sim_world_run(w, 1000);
    }
}

static void must_have_failed(struct sim_world *w, const char *word)
{
    if (w->failed && !strstr(w->failure, word)) print_message("wanted '%s' in: %s\n", word, w->failure);
    assert_true(w->failed && strstr(w->failure, word));
    sim_world_free(w);
}

/* A node that its quorum hears is held gone, or offline for its silence, for longer than its interval and 10 s. */
static void sees_a_reader_that_is_wrong(void **state)
{
    (void)state;
    struct sim_world *w = quiet_world();
    insist(w, call_gone, 20);
    assert_false(w->failed);
    insist(w, call_gone, 20);
    must_have_failed(w, "has held node-00002 offline");

    w = quiet_world();
    insist(w, make_silent, 40);
    must_have_failed(w, "has held node-00002 offline");
}

/* One that is off, and a reader to whom nothing leads. */
static void leaves_who_cannot_know(void **state)
{
    (void)state;
    struct sim_world *w = quiet_world();
    sim_node_crash(&w->nodes[NODE], false);
    sim_world_run(w, 60 * SIM_SECOND);
    assert_false(w->failed);
    sim_world_free(w);

    w = quiet_world();
    sim_net_group(&w->net, READER, 1);
    insist(w, call_gone, 60);
    assert_false(w->failed);
    sim_world_free(w);
}

/* In a calm world no judgement of a node that is heard stands for a moment; where links are broken it may. */
static void sees_a_judgement_in_calm(void **state)
{
    (void)state;
    struct sim_world *w = quiet_world();
    struct nr_event e = { .type = NR_EVENT_JUDGED, .until_ms = INT64_MAX };
    memcpy(e.signer, w->nodes[NODE].key.pub, NR_KEY_SIZE);
    sim_play_block(w, &w->nodes[NODE], &w->nodes[READER]);
    sim_world_run(w, 2 * SIM_SECOND);
    sim_jury_judged(&w->nodes[READER], &e);
    assert_false(w->failed);
    sim_net_heal(&w->net);
    sim_world_run(w, 75 * SIM_SECOND);
    sim_jury_judged(&w->nodes[READER], &e);
    must_have_failed(w, "judges node-00002 gone");
}

static int setup(void **state)
{
    (void)state;
    return nr_crypto_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_a_reader_that_is_wrong),
        cmocka_unit_test(leaves_who_cannot_know),
        cmocka_unit_test(sees_a_judgement_in_calm),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
