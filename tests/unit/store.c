/* What holds of every store, tried on both: the one in LMDB and the one in memory. */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "nr_test.h"
#include "store_fixture.h"

static int open_lmdb(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return fixture_open(*state, true);
}

static int open_memory(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return fixture_open(*state, false);
}

static int close_it(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static struct nr_store *store_of(void **state)
{
    return ((struct fixture *)*state)->store;
}

static bool holds(struct nr_store *s, const struct made *m)
{
    struct nr_bytes raw;
    return nr_store_get(s, m->key_hash, &raw) == 0 && nr_bytes_eq(raw, m->rec.raw);
}

/* A record that was put is read back byte for byte, a newer one replaces it, and a deleted one is not found. */
static void put_get_del(void **state)
{
    struct nr_store *s = store_of(state);
    struct made *a = make_node(1, "n1", T0, &(struct node_say){ .self = true });
    struct made *b = make_node(1, "n1", T0 + 1, &(struct node_say){ .self = true });
    struct nr_bytes raw;
    assert_int_equal(nr_store_get(s, a->key_hash, &raw), NR_E_NOT_FOUND);
    assert_int_equal(nr_store_put(s, a->key_hash, &a->rec), 0);
    assert_true(holds(s, a));
    assert_int_equal(nr_store_put(s, b->key_hash, &b->rec), 0);
    assert_true(holds(s, b));
    assert_int_equal(nr_store_del(s, b->key_hash, &b->rec), 0);
    assert_int_equal(nr_store_get(s, b->key_hash, &raw), NR_E_NOT_FOUND);
    assert_int_equal(nr_store_del(s, b->key_hash, &b->rec), 0);
    free(a);
    free(b);
}

struct seen {
    uint64_t keys[300];
    uint8_t signers[300][NR_KEY_SIZE];
    size_t count;
    size_t stop_at;
};

static int see(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    struct seen *seen = arg;
    seen->keys[seen->count] = key_hash;
    memcpy(seen->signers[seen->count++], rec->signer, NR_KEY_SIZE);
    return seen->count == seen->stop_at ? 77 : 0;
}

/* `each` hands out every record, each half in ascending order of key hash, and stops when told to. */
static void each_in_order(void **state)
{
    struct nr_store *s = store_of(state);
    struct seen seen = { 0 }, some = { .stop_at = 3 };
    char id[8];
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "n%d", i);
        say(s, make_node(i, id, T0, &(struct node_say){ .self = true }), T0);
        say(s, make_beat(i, id, T0, 0), T0);
    }
    assert_int_equal(nr_store_each(s, see, &seen), 0);
    assert_int_equal(seen.count, 200);
    for (size_t i = 1; i < 200; i++) {
        if (i != 100) assert_true(seen.keys[i - 1] < seen.keys[i]);
    }
    assert_int_equal(nr_store_each(s, see, &some), 77);
    assert_int_equal(some.count, 3);
}

/* `each_of` hands out one subject's records of one kind, in ascending order of signer, whatever was put and removed. */
static void each_of_subject(void **state)
{
    struct nr_store *s = store_of(state);
    struct seen seen = { 0 };
    struct made *made[40];
    for (int i = 0; i < 40; i++) {
        made[i] = make_node(i, "shared", T0, &(struct node_say){ 0 });
        assert_int_equal(nr_store_put(s, made[i]->key_hash, &made[i]->rec), 0);
        say(s, make_node(i, "share", T0, &(struct node_say){ 0 }), T0);
        say(s, make_beat(i, "shared", T0, 0), T0);
    }
    for (int i = 0; i < 40; i += 2) assert_int_equal(nr_store_del(s, made[i]->key_hash, &made[i]->rec), 0);
    assert_int_equal(nr_store_each_of(s, NR_KIND_NODE, nr_bytes_str("shared"), see, &seen), 0);
    assert_int_equal(seen.count, 20);
    for (size_t i = 1; i < seen.count; i++) assert_true(memcmp(seen.signers[i - 1], seen.signers[i], NR_KEY_SIZE) < 0);
    seen.count = 0;
    assert_int_equal(nr_store_each_of(s, NR_KIND_NODE, nr_bytes_str("nobody"), see, &seen), 0);
    assert_int_equal(seen.count, 0);
    for (int i = 0; i < 40; i++) free(made[i]);
}

/* What was committed outlives a crash, what was only staged does not; each half on its own. */
static void crash_loses_what_is_staged(void **state)
{
    struct fixture *f = *state;
    struct made *old = make_node(1, "n1", T0, &(struct node_say){ .self = true });
    struct made *newer = make_node(1, "n1", T0 + 9, &(struct node_say){ .self = true });
    struct made *beat = make_beat(1, "n1", T0, 0), *late = make_beat(2, "n1", T0, 0);
    assert_int_equal(nr_store_put(f->store, old->key_hash, &old->rec), 0);
    assert_int_equal(nr_store_put(f->store, beat->key_hash, &beat->rec), 0);
    assert_true(nr_store_dirty(f->store) && nr_store_dirty_pulse(f->store));
    assert_int_equal(nr_store_commit(f->store), 0);
    assert_int_equal(nr_store_commit_pulse(f->store), 0);
    assert_false(nr_store_dirty(f->store) || nr_store_dirty_pulse(f->store));
    assert_int_equal(nr_store_put(f->store, newer->key_hash, &newer->rec), 0);
    assert_int_equal(nr_store_put(f->store, late->key_hash, &late->rec), 0);
    assert_int_equal(nr_store_meta_put(f->store, "clock_limit", nr_bytes_str("x")), 0);
    fixture_reopen(f);
    struct nr_bytes value;
    assert_true(holds(f->store, old));
    assert_true(holds(f->store, beat));
    assert_false(holds(f->store, late));
    assert_int_equal(nr_store_meta_get(f->store, "clock_limit", &value), NR_E_NOT_FOUND);
    free(old), free(newer), free(beat), free(late);
}

/* Named values are kept; names that are empty, too long or the store's own are refused. */
static void meta(void **state)
{
    struct fixture *f = *state;
    struct nr_bytes value;
    char name[65];
    memset(name, 'a', 64);
    name[64] = 0;
    assert_int_equal(nr_store_meta_get(f->store, "node_id", &value), NR_E_NOT_FOUND);
    assert_int_equal(nr_store_meta_put(f->store, "node_id", nr_bytes_str("first")), 0);
    assert_int_equal(nr_store_meta_put(f->store, "node_id", nr_bytes_str("second")), 0);
    assert_int_equal(nr_store_commit(f->store), 0);
    fixture_reopen(f);
    assert_int_equal(nr_store_meta_get(f->store, "node_id", &value), 0);
    assert_true(nr_bytes_eq(value, nr_bytes_str("second")));
    assert_int_equal(nr_store_meta_put(f->store, name, value), NR_E_INVALID);
    assert_int_equal(nr_store_meta_put(f->store, "", value), NR_E_INVALID);
    assert_int_equal(nr_store_meta_put(f->store, ".schema", value), NR_E_INVALID);
    name[63] = 0;
    assert_int_equal(nr_store_meta_put(f->store, name, nr_bytes_str("v")), 0);
}

struct peers {
    size_t count;
    uint8_t wanted[NR_KEY_SIZE];
    bool found;
    struct nr_addr addr;
    int64_t wall_ms;
};

static int see_peer(void *arg, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr, int64_t wall_ms)
{
    struct peers *p = arg;
    p->count++;
    if (memcmp(key, p->wanted, NR_KEY_SIZE) == 0) {
        p->found = true;
        p->addr = *addr;
        p->wall_ms = wall_ms;
    }
    return 0;
}

static void put_peer(struct nr_store *s, uint16_t number)
{
    uint8_t key[NR_KEY_SIZE] = { 0 };
    struct nr_addr addr = { .family = 4, .ip = { 192, 0, 2, 1 }, .port = (uint16_t)(number + 1) };
    key[0] = (uint8_t)(number * 37);
    key[1] = (uint8_t)(number >> 8);
    key[2] = (uint8_t)number;
    assert_int_equal(nr_store_peer_put(s, key, &addr, T0 + number), 0);
}

static struct peers look_for_peer(struct nr_store *s, uint16_t number)
{
    struct peers p = { 0 };
    p.wanted[0] = (uint8_t)(number * 37);
    p.wanted[1] = (uint8_t)(number >> 8);
    p.wanted[2] = (uint8_t)number;
    assert_int_equal(nr_store_each_peer(s, see_peer, &p), 0);
    return p;
}

/* 1,024 addresses of peers are kept; then the least recently put goes, also across a restart. */
static void peers_are_bounded(void **state)
{
    struct fixture *f = *state;
    for (uint16_t i = 0; i < 1024; i++) put_peer(f->store, i);
    assert_int_equal(nr_store_commit(f->store), 0);
    fixture_reopen(f);
    put_peer(f->store, 0);
    put_peer(f->store, 2000);
    struct peers p = look_for_peer(f->store, 1);
    assert_int_equal(p.count, 1024);
    assert_false(p.found);
    p = look_for_peer(f->store, 0);
    assert_true(p.found);
    assert_int_equal(p.addr.port, 1);
    assert_int_equal(p.wall_ms, T0);
    assert_true(look_for_peer(f->store, 2000).found);
}

/* A pair of evidence is kept once, in either order; beyond the bound the oldest goes. */
static void evidence(void **state)
{
    struct nr_store *s = store_of(state);
    struct made *a[5], *b[5];
    for (int i = 0; i < 5; i++) {
        a[i] = make_node(i, "n", T0, &(struct node_say){ .role = "a" });
        b[i] = make_node(i, "n", T0, &(struct node_say){ .role = "b" });
        assert_int_equal(nr_store_evidence_add(s, &a[i]->rec, &b[i]->rec), 0);
        assert_int_equal(nr_store_evidence_add(s, &b[i]->rec, &a[i]->rec), 0);
        assert_int_equal(nr_store_evidence_count(s), i < 3 ? i + 1 : 3);
    }
    assert_int_equal(nr_store_evidence_add(s, &a[4]->rec, &b[4]->rec), 0);
    assert_int_equal(nr_store_evidence_count(s), 3);
    for (int i = 0; i < 5; i++) free(a[i]), free(b[i]);
}

static struct nr_store_info info_of(struct nr_store *s)
{
    struct nr_store_info info;
    nr_store_info(s, &info);
    return info;
}

/* The view follows the records: there, changed, replaced by its own word over a sponsor's, deleted; each change is
 * logged once and a mere renewal is not. */
static void views_and_log(void **state)
{
    struct nr_store *s = store_of(state);
    say(s, make_node(1, "n1", T0, &(struct node_say){ .role = "gpu", .labels = { "x", "y" } }), T0);
    assert_int_equal(info_of(s).nodes, 1);
    assert_int_equal(info_of(s).log_seq, 1);
    say(s, make_node(1, "n1", T0 + 5, &(struct node_say){ .role = "gpu", .labels = { "x", "y" } }), T0);
    assert_int_equal(info_of(s).log_seq, 1);
    say(s, make_node(2, "n1", T0 + 2, &(struct node_say){ .role = "gpu", .self = true }), T0);
    assert_int_equal(info_of(s).log_seq, 2);
    say(s, make_node(1, "n1", T0 + 8, &(struct node_say){ .role = "other" }), T0);
    assert_int_equal(info_of(s).log_seq, 2);
    say(s, make_node(2, "n1", T0 + 9, &(struct node_say){ .self = true, .deleted = true }), T0);
    assert_int_equal(info_of(s).log_seq, 3);
    assert_int_equal(info_of(s).nodes, 0);
    say(s, make_profile(1, "gpu", T0, 1, false), T0);
    say(s, make_profile(2, "gpu", T0 + 1, 2, false), T0);
    assert_int_equal(info_of(s).profiles, 1);
    say(s, make_profile(3, "gpu", T0 + 2, 0, true), T0);
    assert_int_equal(info_of(s).profiles, 0);
}

/* The log is bounded, and its numbers go on. */
static void log_is_bounded(void **state)
{
    struct nr_store *s = store_of(state);
    for (int i = 0; i < 20; i++) {
        say(s, make_node(1, "n1", T0 + i, &(struct node_say){ .role = i % 2 ? "a" : "b" }), T0);
    }
    assert_int_equal(info_of(s).log_seq, 20);
    assert_int_equal(info_of(s).log_entries, 8);
}

/* A lease that has ended takes the node from the view. */
static void ended_lease(void **state)
{
    struct nr_store *s = store_of(state);
    struct made *m = kept(s, make_node(1, "n1", T0, &(struct node_say){ .lease_s = 10 }), T0);
    assert_int_equal(nr_store_refresh(s, NR_KIND_NODE, m->rec.subject, NULL, T0 + 9999), 0);
    assert_int_equal(info_of(s).nodes, 1);
    assert_int_equal(nr_store_refresh(s, NR_KIND_NODE, m->rec.subject, NULL, T0 + 10000), 0);
    assert_int_equal(info_of(s).nodes, 0);
    assert_int_equal(info_of(s).log_seq, 2);
    free(m);
}

/* With nothing staged a commit does nothing. */
static void empty_commit(void **state)
{
    struct nr_store *s = store_of(state);
    assert_int_equal(nr_store_commit(s), 0); /* its schema, if it is on a disk */
    uint64_t before = info_of(s).commits;
    assert_int_equal(nr_store_commit(s), 0);
    assert_int_equal(nr_store_commit_pulse(s), 0);
    assert_int_equal(info_of(s).commits, before);
}

#define SUITE(open)                                                                                                    \
    {                                                                                                                  \
        cmocka_unit_test_setup_teardown(put_get_del, open, close_it),                                                  \
            cmocka_unit_test_setup_teardown(each_in_order, open, close_it),                                            \
            cmocka_unit_test_setup_teardown(each_of_subject, open, close_it),                                          \
            cmocka_unit_test_setup_teardown(crash_loses_what_is_staged, open, close_it),                               \
            cmocka_unit_test_setup_teardown(meta, open, close_it),                                                     \
            cmocka_unit_test_setup_teardown(peers_are_bounded, open, close_it),                                        \
            cmocka_unit_test_setup_teardown(evidence, open, close_it),                                                 \
            cmocka_unit_test_setup_teardown(views_and_log, open, close_it),                                            \
            cmocka_unit_test_setup_teardown(log_is_bounded, open, close_it),                                           \
            cmocka_unit_test_setup_teardown(ended_lease, open, close_it),                                              \
            cmocka_unit_test_setup_teardown(empty_commit, open, close_it),                                             \
    }

int main(void)
{
    const struct CMUnitTest lmdb[] = SUITE(open_lmdb);
    const struct CMUnitTest memory[] = SUITE(open_memory);
    if (nr_crypto_init()) return 1;
    return cmocka_run_group_tests_name("lmdb", lmdb, NULL, NULL) +
           cmocka_run_group_tests_name("memory", memory, NULL, NULL);
}
