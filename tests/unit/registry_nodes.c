/* libnr: nodes, their JSON, filters, counts. */
#include <stdio.h>

#include "nr_test.h"
#include "proto/mp.h"
#include "registry_fixture.h"
#include "store/layout.h"

/* A node is handed out as its record says it, with its last heartbeat by whoever signed the newest. */
static void get(void **state)
{
    struct place *p = *state;
    struct nr_node n;
    in_writer(p->dir, some_nodes);
    open_place(p);
    assert_int_equal(nr_node_get(p->snapshot, "b-gpu", 5, T0 + 2000, &n), 0);
    assert_true(text_is(n.node_id, "b-gpu") && text_is(n.hostname, "hb") && text_is(n.ip, "192.0.2.7"));
    assert_true(text_is(n.role, "gpu") && n.self && n.interval_ms == 10000);
    assert_int_equal(n.last_heartbeat_ms, T0 + 2000);
    assert_int_equal(n.status, NR_NODE_ONLINE);
    assert_int_equal(n.status_turns_at_ms, T0 + 32000);
    assert_int_equal(n.label_count, 2);
    assert_true(text_is(nr_node_label(&n, 0), "x") && text_is(nr_node_label(&n, 1), "y"));
    assert_int_equal(nr_node_label(&n, 2).len, 0);
    assert_true(nr_node_has_label(&n, "y", 1));
    assert_false(nr_node_has_label(&n, "z", 1));
    assert_int_equal(nr_node_get(p->snapshot, "b-gp", 4, T0, &n), NR_ERR_NOT_FOUND);
    assert_int_equal(nr_node_get(p->snapshot, "", 0, T0, &n), NR_ERR_NOT_FOUND);
    assert_int_equal(nr_node_get(p->snapshot, "nobody", 6, T0, &n), NR_ERR_NOT_FOUND);
    uint8_t key[NR_KEY_SIZE];
    assert_int_equal(nr_node_get(p->snapshot, "a-worker", 8, T0, &n), 0);
    public_key(1, key);
    assert_memory_equal(n.signer, key, NR_KEY_SIZE);
    assert_int_equal(n.last_heartbeat_ms, T0); /* registering counts */
    assert_int_equal(n.ip.len, 0);
}

static void spoken_for(struct nr_store *s)
{
    some_nodes(s);
    say(s, make_beat(2, "b-gpu", T0 + 5000, 5000), T0);
    say(s, make_beat(2, "c-gpu", T0 + 5000, 5000), T0);
}

/* `who` is whom the observers mean. */
static void judge(struct nr_store *s, int who, const char *node_id, int64_t until_ms)
{
    uint8_t key[NR_KEY_SIZE];
    public_key(who, key);
    assert_int_equal(nr_store_judge(s, nr_bytes_str(node_id), key, until_ms), 0);
}

static void judged(struct nr_store *s)
{
    some_nodes(s);
    say(s, make_node(3, "mute", T0, &(struct node_say){ .self = true, .updated_ms = T0 + 1000 }), T0);
    judge(s, 1, "b-gpu", T0 + 9000);
    judge(s, 3, "mute", T0 + 9000);     /* never had a heartbeat */
    judge(s, 2, "mute", 0);             /* another key that claims the name */
    judge(s, 1, "a-worker", T0 + 9000); /* a sponsor's: nobody observes it */
    judge(s, 1, "nobody", T0 + 9000);
    assert_int_equal(nr_store_commit_pulse(s), 0);
    say(s, make_beat(1, "b-gpu", T0 + 3000, 10000), T0);
    say(s, make_node(1, "b-gpu", T0 + 1, &(struct node_say){ .role = "gpu", .self = true }), T0);
}

static void taken_back(struct nr_store *s)
{
    judge(s, 1, "b-gpu", 0);
    judge(s, 3, "mute", 0);
    assert_false(nr_store_dirty(s));
    assert_true(nr_store_dirty_pulse(s));
    assert_int_equal(nr_store_commit_pulse(s), 0);
    judge(s, 3, "mute", 0); /* says nothing new */
    assert_false(nr_store_dirty_pulse(s));
}

static void claimed_while_gone(struct nr_store *s)
{
    judge(s, 1, "b-gpu", T0 + 9000);
    say(s, make_node(4, "b-gpu", T0 + 4000, &(struct node_say){ .role = "gpu", .self = true }), T0);
}

static void started_anew(struct nr_store *s)
{
    judge(s, 4, "b-gpu", T0 + 9000);
    judge(s, 3, "mute", T0 + 9000);
    assert_int_equal(nr_store_commit_pulse(s), 0);
    assert_int_equal(nr_store_unjudge(s), 0);
    assert_true(nr_store_dirty_pulse(s));
}

static enum nr_node_status status_of(struct place *p, const char *node_id, int64_t at_ms, int64_t *turns_at_ms)
{
    struct nr_node n, walked;
    struct nr_node_cursor c;
    assert_int_equal(nr_node_get(p->snapshot, node_id, strlen(node_id), at_ms, &n), 0);
    struct nr_node_filter f = { .by_status = true, .status = n.status };
    int err = nr_node_first(p->snapshot, &f, at_ms, &c, &walked);
    while (!err && !text_is(walked.node_id, node_id)) err = nr_node_next(&c, &walked);
    assert_int_equal(err, 0); /* a walk sees the same */
    assert_int_equal(walked.status_turns_at_ms, n.status_turns_at_ms);
    *turns_at_ms = n.status_turns_at_ms;
    return n.status;
}

static enum nr_node_status status_after(struct place *p, write_fn *fn, const char *node_id)
{
    int64_t turns;
    in_writer(p->dir, fn);
    assert_int_equal(nr_snapshot_begin(p->snapshot), 0);
    return status_of(p, node_id, T0 + 4000, &turns);
}

/* What observers say of a node stands through its heartbeats and commits until it is taken back, runs out or another
 * key speaks for the node; counts, lists and turns follow it. */
static void called_gone(void **state)
{
    struct place *p = *state;
    struct nr_node_counts c;
    int64_t turns;
    in_writer(p->dir, judged);
    open_place(p);
    assert_int_equal(status_of(p, "b-gpu", T0 + 4000, &turns), NR_NODE_OFFLINE);
    assert_int_equal(turns, T0 + 9000);
    assert_int_equal(status_of(p, "b-gpu", T0 + 9000, &turns), NR_NODE_ONLINE);
    assert_int_equal(turns, T0 + 33000);
    assert_int_equal(status_of(p, "mute", T0 + 4000, &turns), NR_NODE_OFFLINE);
    assert_int_equal(status_of(p, "a-worker", T0 + 4000, &turns), NR_NODE_ONLINE);
    assert_int_equal(nr_node_count(p->snapshot, T0 + 4000, &c), 0);
    assert_int_equal(c.by_status[NR_NODE_OFFLINE], 2);
    assert_int_equal(c.turns_at_ms, T0 + 9000);
    assert_int_equal(status_after(p, taken_back, "b-gpu"), NR_NODE_ONLINE);
    assert_int_equal(status_of(p, "mute", T0 + 4000, &turns), NR_NODE_ONLINE);
    assert_int_equal(status_after(p, claimed_while_gone, "b-gpu"), NR_NODE_ONLINE);
    assert_int_equal(status_after(p, started_anew, "b-gpu"), NR_NODE_ONLINE);
    assert_int_equal(status_of(p, "mute", T0 + 4000, &turns), NR_NODE_ONLINE);
}

/* A row that an older version wrote has no word of observers in it. */
static void older_rows(void **state)
{
    static const int64_t row[4] = { T0, 10000, T0 + 1, 1 };
    struct nr_live live;
    (void)state;
    assert_int_equal(nr_live_read(nr_bytes(row, 16), &live), 0);
    assert_true(live.last_ms == T0 && live.interval_ms == 10000 && live.gone_until_ms == 0);
    assert_int_equal(nr_live_read(nr_bytes(row, 32), &live), 0);
    assert_int_equal(live.gone_until_ms, T0 + 1);
    assert_int_equal(nr_live_read(nr_bytes(row, 15), &live), NR_E_CORRUPT);
}

static void taken_over(struct nr_store *s)
{
    say(s, make_node(2, "c-gpu", T0 + 1, &(struct node_say){ .self = true }), T0);
    say(s, make_node(1, "b-gpu", T0 + 9000, &(struct node_say){ .self = true, .deleted = true }), T0);
    say(s, make_node(1, "c", T0 + 9000, &(struct node_say){ .role = "gp" }), T0);
}

/* Nobody keeps a node that speaks for itself alive but itself; for others every sponsor's heartbeat counts, until the
 * node speaks. */
static void whose_heartbeats_count(void **state)
{
    struct place *p = *state;
    struct nr_node n;
    in_writer(p->dir, spoken_for);
    open_place(p);
    assert_int_equal(nr_node_get(p->snapshot, "b-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0 + 2000);
    assert_int_equal(nr_node_get(p->snapshot, "c-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0 + 5000);
    close_place(p);
    in_writer(p->dir, taken_over);
    open_place(p);
    assert_int_equal(nr_node_get(p->snapshot, "c-gpu", 5, T0, &n), 0);
    assert_true(n.self);
    assert_int_equal(n.last_heartbeat_ms, T0 + 5000); /* the second key's own */
    assert_int_equal(nr_node_get(p->snapshot, "b-gpu", 5, T0, &n), NR_ERR_NOT_FOUND);
}

/* The three pieces of JSON are the contract's members, in its order. */
static void json(void **state)
{
    struct place *p = *state;
    struct nr_node n;
    char id[64];
    in_writer(p->dir, some_nodes);
    open_place(p);
    assert_int_equal(nr_node_get(p->snapshot, "b-gpu", 5, T0, &n), 0);
    snprintf(id, sizeof id, "\"id\":\"%s\",", n.id);
    assert_int_equal(strlen(n.id), 36);
    assert_memory_equal(n.json_head.data, id, strlen(id));
    assert_true(text_is((struct nr_text){ n.json_head.data + strlen(id), n.json_head.len - strlen(id) },
                        "\"node_id\":\"b-gpu\",\"hostname\":\"hb\",\"ip\":\"192.0.2.7\",\"role\":\"gpu\","
                        "\"labels\":[\"x\",\"y\"]"));
    assert_true(text_is(n.json_tail, "\"metadata\":{\"node_type\":\"server\"},"
                                     "\"created_at\":\"2026-11-18T11:06:40.000Z\","
                                     "\"updated_at\":\"2026-11-18T11:06:41.500Z\""));
    assert_true(text_is(n.json_full, "\"node_name\":\"hb\",\"node_role\":\"gpu\",\"node_type\":\"server\","
                                     "\"ip_address\":\"192.0.2.7\",\"local_ip\":null,"
                                     "\"registered_at\":\"2026-11-18T11:06:40.000Z\""));
    assert_int_equal(nr_node_get(p->snapshot, "a-worker", 8, T0, &n), 0);
    assert_non_null(memmem(n.json_head.data, n.json_head.len, "\"ip\":null", 9));
    assert_memory_equal(n.json_tail.data, "\"metadata\":{},", 14);
    assert_non_null(memmem(n.json_full.data, n.json_full.len, "\"node_type\":null,\"ip_address\":null", 33));
}

static void expect(struct place *p, const struct nr_node_filter *f, int64_t now, const char *want)
{
    struct nr_node_cursor c;
    struct nr_node n;
    char got[256] = "";
    int err = nr_node_first(p->snapshot, f, now, &c, &n);
    for (; !err; err = nr_node_next(&c, &n)) {
        strncat(got, n.node_id.data, n.node_id.len);
        strcat(got, " ");
    }
    assert_int_equal(err, NR_ERR_NOT_FOUND);
    assert_string_equal(got, want);
}

/* Walks go in the order of node_id, and each filter lets pass exactly what it names. */
static void filters(void **state)
{
    struct place *p = *state;
    const char *y[] = { "y" }, *xy[] = { "y", "x" }, *long_one[] = { NULL };
    char word[300];
    memset(word, 'w', sizeof word - 1);
    word[sizeof word - 1] = 0;
    long_one[0] = word;
    in_writer(p->dir, some_nodes);
    open_place(p);
    expect(p, NULL, T0, "a-worker b-gpu c c-gpu short ");
    expect(p, NULL, T0 + 60000, "a-worker b-gpu c c-gpu ");
    expect(p, &(struct nr_node_filter){ .role = "gpu" }, T0, "b-gpu c-gpu ");
    expect(p, &(struct nr_node_filter){ .role = "gp" }, T0, "c ");
    expect(p, &(struct nr_node_filter){ .role = "g" }, T0, "");
    expect(p, &(struct nr_node_filter){ .labels = y, .label_count = 1 }, T0, "a-worker b-gpu ");
    expect(p, &(struct nr_node_filter){ .labels = xy, .label_count = 2 }, T0, "b-gpu ");
    expect(p, &(struct nr_node_filter){ .role = "worker", .labels = y, .label_count = 1 }, T0, "a-worker ");
    expect(p, &(struct nr_node_filter){ .labels = long_one, .label_count = 1 }, T0, "");
    expect(p, &(struct nr_node_filter){ .by_status = true, .status = NR_NODE_MAINTENANCE }, T0, "c ");
    expect(p, &(struct nr_node_filter){ .by_status = true, .status = NR_NODE_DEGRADED }, T0 + 33000, "b-gpu ");
    expect(p, &(struct nr_node_filter){ .type = "server" }, T0, "b-gpu ");
    expect(p, &(struct nr_node_filter){ .type = "serve" }, T0, "");
}

static void with_capabilities(struct nr_store *s)
{
    uint8_t body[512], metadata[256];
    struct nr_writer w, mw;
    nr_writer_init(&mw, metadata, sizeof metadata);
    nr_mp_write_map(&mw, 1);
    nr_mp_write_cstr(&mw, "capabilities");
    nr_mp_write_map(&mw, 6);
    nr_mp_write_cstr(&mw, "features");
    nr_mp_write_array(&mw, 2);
    nr_mp_write_uint(&mw, 1);
    nr_mp_write_cstr(&mw, "docker");
    nr_mp_write_cstr(&mw, "gpu");
    nr_mp_write_bool(&mw, false);
    nr_mp_write_cstr(&mw, "none");
    nr_mp_write_nil(&mw);
    nr_mp_write_cstr(&mw, "ollama");
    nr_mp_write_map(&mw, 0);
    nr_mp_write_cstr(&mw, "services");
    nr_mp_write_array(&mw, 0);
    nr_mp_write_cstr(&mw, "vllm");
    nr_mp_write_map(&mw, 1);
    nr_mp_write_cstr(&mw, "available");
    nr_mp_write_bool(&mw, false);
    const struct nr_node_body b = { .hostname = nr_bytes_str("h"),
                                    .role = nr_bytes_str("r"),
                                    .metadata = nr_writer_bytes(&mw),
                                    .created_at_ms = T0,
                                    .updated_at_ms = T0 };
    nr_writer_init(&w, body, sizeof body);
    nr_node_body_encode(&w, &b);
    say(s, make_record(NR_KIND_NODE, 1, "n", T0, HOUR_S, nr_writer_bytes(&w)), T0);
    say(s, make_node(1, "plain", T0, &(struct node_say){ 0 }), T0);
}

/* A capability is a key whose value says that it is there, or an element of one of the arrays. */
static void capabilities(void **state)
{
    struct place *p = *state;
    in_writer(p->dir, with_capabilities);
    open_place(p);
    expect(p, &(struct nr_node_filter){ .capability = "ollama" }, T0, "n ");
    expect(p, &(struct nr_node_filter){ .capability = "features" }, T0, "n ");
    expect(p, &(struct nr_node_filter){ .capability = "docker" }, T0, "n ");
    expect(p, &(struct nr_node_filter){ .capability = "gpu" }, T0, "");
    expect(p, &(struct nr_node_filter){ .capability = "none" }, T0, "");
    expect(p, &(struct nr_node_filter){ .capability = "services" }, T0, "");
    expect(p, &(struct nr_node_filter){ .capability = "vllm" }, T0, "");
    expect(p, &(struct nr_node_filter){ .capability = "dock" }, T0, "");
}

/* Cursors on one snapshot do not disturb each other, nor do look-ups between their steps. */
static void cursors_share_a_snapshot(void **state)
{
    struct place *p = *state;
    struct nr_node_cursor all, odd, other;
    struct nr_node n, o, x;
    const struct nr_node_filter f = { .role = "odd" };
    int seen = 0, err;
    char id[16];
    in_writer(p->dir, many_nodes);
    open_place(p);
    assert_int_equal(nr_node_first(p->snapshot, &f, T0, &odd, &o), 0);
    err = nr_node_first(p->snapshot, NULL, T0, &all, &n);
    for (; !err; err = nr_node_next(&all, &n), seen++) {
        snprintf(id, sizeof id, "n%03d", seen);
        assert_true(text_is(n.node_id, id));
        assert_int_equal(n.last_heartbeat_ms, seen % 3 ? T0 + seen : T0);
        assert_int_equal(n.interval_ms, seen % 3 ? 10000 : 0);
        if (seen % 2) {
            assert_true(text_is(o.node_id, id));
            assert_int_equal(nr_node_next(&odd, &o), seen == 499 ? NR_ERR_NOT_FOUND : 0);
        }
        if (seen % 7 == 0) assert_int_equal(nr_node_first(p->snapshot, NULL, T0, &other, &x), 0);
        if (seen % 5 == 0) assert_int_equal(nr_node_get(p->snapshot, "n250", 4, T0, &x), 0);
    }
    assert_int_equal(seen, 500);
}

/* Counts are those of a walk, and the first turn is the nearest of all. */
static void counts(void **state)
{
    struct place *p = *state;
    struct nr_node_counts c;
    in_writer(p->dir, some_nodes);
    open_place(p);
    assert_int_equal(nr_node_count(p->snapshot, T0, &c), 0);
    assert_int_equal(c.total, 5);
    assert_int_equal(c.by_status[NR_NODE_ONLINE], 4);
    assert_int_equal(c.by_status[NR_NODE_MAINTENANCE], 1);
    assert_int_equal(c.turns_at_ms, T0 + 32000);
    assert_int_equal(nr_node_count(p->snapshot, T0 + 32000, &c), 0);
    assert_int_equal(c.by_status[NR_NODE_DEGRADED], 1);
    assert_int_equal(c.turns_at_ms, T0 + 60000); /* a lease that ends is a turn */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
    const struct CMUnitTest tests[] = {
        T(get),          T(whose_heartbeats_count),   T(called_gone), T(older_rows), T(json), T(filters),
        T(capabilities), T(cursors_share_a_snapshot), T(counts),
    };
    if (nr_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
