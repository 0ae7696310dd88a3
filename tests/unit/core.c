/* The core's rules between a few peers. */
#include "unit/core_fixture.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    static struct fix f;
    *state = &f;
    return 0;
}

static bool all_see(struct fix *f, void *node_id)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->peers[i].core && !f->peers[i].cut && !fix_there(f, i, node_id)) return false;
    return true;
}

static bool none_sees(struct fix *f, void *node_id)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->peers[i].core && !f->peers[i].cut && fix_there(f, i, node_id)) return false;
    return true;
}

static bool peers_of_first(struct fix *f, void *want)
{
    return nr_core_peer_count(f->peers[0].core) == *(size_t *)want;
}

static void all_registered(struct fix *f)
{
    for (size_t i = 0; i < f->count; i++) fix_register(f, i, f->peers[i].id);
    fix_until(f, 10000, fix_all_equal, NULL, "all equal after registering");
}

/* Peers that know one seed come to know each other, and each has a path to each. */
static void test_join(void **state)
{
    struct fix *f = *state;
    fix_init(f, 5);
    all_registered(f);
    fix_run_ms(f, 11000); /* a heartbeat interval, and a little */
    for (size_t i = 0; i < f->count; i++) {
        assert_int_equal(nr_core_peer_count(f->peers[i].core), 4);
        assert_int_equal(nr_core_record_count(f->peers[i].core, NR_PLANE_COLD), 5);
        assert_int_equal(nr_core_record_count(f->peers[i].core, NR_PLANE_HOT), 5);
    }
    fix_fini(f);
}

/* A registration is everywhere without a tick having passed, when all are neighbours. */
static void test_spread_at_once(void **state)
{
    struct fix *f = *state;
    fix_init(f, 5);
    all_registered(f);
    fix_run_ms(f, 5000);
    fix_register(f, 2, "laptop-1");
    fix_until(f, 1, all_see, (void *)(uintptr_t) "laptop-1", "seen by all at once");
    fix_fini(f);
}

/* A record of 16 KiB travels in pieces, also when every third datagram is lost. */
static bool lose_third(struct fix *f, struct fix_peer *from, const struct nr_datagram *d)
{
    (void)from;
    (void)d;
    return f->sent % 3 != 0;
}

static void test_large_record(void **state)
{
    struct fix *f = *state;
    uint8_t metadata[NR_METADATA_MAX + 64];
    struct nr_node_body body = { .hostname = nr_bytes_str("host"), .role = nr_bytes_str("worker") };
    metadata[0] = 0x81;
    metadata[1] = 0xa1;
    metadata[2] = 'm';
    metadata[3] = 0xda;
    metadata[4] = 8000 >> 8;
    metadata[5] = 8000 & 255;
    memset(metadata + 6, 'x', 8000);
    body.metadata = nr_bytes(metadata, 8006);
    fix_init(f, 3);
    all_registered(f);
    f->filter = lose_third;
    assert_int_equal(fix_try_register(f, 1, "large", &body), 0);
    fix_until(f, 20000, all_see, (void *)(uintptr_t) "large", "the large record everywhere");
    fix_fini(f);
}

/* What was written on both sides of a cut is everywhere after it, and nobody needed help to find the others. */
static void test_cut_and_heal(void **state)
{
    struct fix *f = *state;
    fix_init(f, 4);
    all_registered(f);
    f->peers[3].cut = true;
    fix_run_ms(f, 120000);
    assert_int_equal(nr_core_peer_count(f->peers[3].core), 0);
    fix_register(f, 3, "written-alone");
    fix_register(f, 0, "written-together");
    fix_run_ms(f, 1000);
    f->peers[3].cut = false;
    fix_until(f, 15000, all_see, (void *)(uintptr_t) "written-alone", "the lonely write everywhere");
    fix_until(f, 15000, all_see, (void *)(uintptr_t) "written-together", "the others' write everywhere");
    fix_until(f, 15000, fix_all_equal, NULL, "all equal");
    fix_fini(f);
}

/* A late joiner has everything, heartbeats too. */
static void test_late_joiner(void **state)
{
    struct fix *f = *state;
    fix_init(f, 3);
    fix_stop(f, 2);
    fix_register(f, 0, f->peers[0].id);
    for (int i = 0; i < 300; i++) {
        char id[16];
        snprintf(id, sizeof id, "node-%d", i);
        fix_register(f, (size_t)i % 2, id);
        fix_run_ms(f, 20);
    }
    fix_run_ms(f, 5000);
    fix_start(f, 2);
    fix_until(f, 5000, fix_all_equal, NULL, "the joiner equal");
    fix_run_ms(f, 3000);
    assert_int_equal(nr_core_record_count(f->peers[2].core, NR_PLANE_HOT),
                     nr_core_record_count(f->peers[0].core, NR_PLANE_HOT));
    fix_fini(f);
}

/* A deletion by any peer reaches one that was away, and an older copy of the record does not bring the node back. */
static void test_deletion_while_away(void **state)
{
    struct fix *f = *state;
    char node[] = "gone";
    fix_init(f, 3);
    all_registered(f);
    fix_register(f, 0, node);
    fix_until(f, 1000, all_see, node, "there first");
    fix_stop(f, 2);
    fix_run_ms(f, 2000);
    struct fix_peer *b = &f->peers[1];
    assert_int_equal(nr_core_delete_node(b->core, fix_now(f, b), nr_bytes_str(node)), 0);
    fix_run_ms(f, 2000);
    fix_start(f, 2);
    fix_until(f, 10000, none_sees, node, "gone everywhere");
    fix_run_ms(f, 60000);
    assert_true(none_sees(f, node));
    bool durable;
    struct nr_heartbeat_body beat = { 0 };
    struct fix_peer *a = &f->peers[0];
    assert_int_equal(nr_core_heartbeat(a->core, fix_now(f, a), nr_bytes_str(node), &beat, &durable), NR_E_NOT_FOUND);
    fix_register(f, 0, node);
    fix_until(f, 1000, all_see, node, "registered anew");
    fix_fini(f);
}

/* Nobody but the node itself deletes, declares or registers a node that speaks for itself. */
static void test_self_is_its_own(void **state)
{
    struct fix *f = *state;
    fix_init(f, 2);
    all_registered(f);
    struct fix_peer *p = &f->peers[0];
    struct nr_node_body body = { .hostname = nr_bytes_str("host"), .role = nr_bytes_str("worker") };
    assert_int_equal(nr_core_delete_node(p->core, fix_now(f, p), nr_bytes_str("peer-1")), NR_E_DENIED);
    assert_int_equal(nr_core_declare(p->core, fix_now(f, p), nr_bytes_str("peer-1"), NR_STATE_LEFT), NR_E_DENIED);
    assert_int_equal(fix_try_register(f, 0, "peer-1", &body), NR_E_DENIED);
    fix_fini(f);
}

/* Registering the same again writes no NODE record, and another content does. */
static void test_register_again(void **state)
{
    struct fix *f = *state;
    uint64_t stamp, again, id;
    fix_init(f, 1);
    struct fix_peer *p = &f->peers[0];
    uint64_t key = fix_key_hash(p, NR_KIND_NODE, "n");
    fix_register(f, 0, "n");
    assert_true(nr_core_lookup(p->core, fix_now(f, p), key, &stamp, &id));
    fix_run_ms(f, 100);
    fix_register(f, 0, "n");
    assert_true(nr_core_lookup(p->core, fix_now(f, p), key, &again, &id));
    assert_int_equal(again, stamp);
    struct nr_node_body other = { .hostname = nr_bytes_str("host"), .role = nr_bytes_str("other") };
    assert_int_equal(fix_try_register(f, 0, "n", &other), 0);
    assert_true(nr_core_lookup(p->core, fix_now(f, p), key, &again, &id));
    assert_true(again > stamp);
    fix_fini(f);
}

/* A declared state that its owner wants outlives a new registration; a heartbeat with another status changes it
 * durably. */
static void test_declared_state(void **state)
{
    struct fix *f = *state;
    struct nr_node_body body;
    uint8_t raw[NR_RECORD_MAX];
    bool durable;
    fix_init(f, 2);
    all_registered(f);
    fix_register(f, 0, "n");
    struct fix_peer *p = &f->peers[0];
    assert_int_equal(nr_core_declare(p->core, fix_now(f, p), nr_bytes_str("n"), NR_STATE_MAINTENANCE), 0);
    fix_register(f, 0, "n");
    assert_true(fix_sees(f, 0, "n", &body, raw));
    assert_int_equal(body.state, NR_STATE_MAINTENANCE);
    struct nr_heartbeat_body beat = { .has_status = true, .status = NR_STATE_ONLINE };
    fix_run_ms(f, 1000);
    struct fix_peer *b = &f->peers[1];
    assert_int_equal(nr_core_heartbeat(b->core, fix_now(f, b), nr_bytes_str("n"), &beat, &durable), 0);
    assert_true(durable);
    assert_int_equal(nr_core_heartbeat(b->core, fix_now(f, b), nr_bytes_str("n"), &beat, &durable), 0);
    assert_false(durable);
    fix_run_ms(f, 1000);
    assert_true(fix_sees(f, 0, "n", &body, raw));
    assert_int_equal(body.state, NR_STATE_ONLINE);
    assert_int_equal(body.label_count, 1);
    fix_fini(f);
}

/* A sponsored node is given up on only when nobody has heard it since, and any sign of life takes that back. */
static void test_give_up(void **state)
{
    struct fix *f = *state;
    struct nr_node_body body;
    uint8_t raw[NR_RECORD_MAX];
    bool durable, declared;
    struct nr_bytes n = nr_bytes_str("n");
    fix_init(f, 2);
    all_registered(f);
    fix_register(f, 0, "n");
    fix_run_ms(f, 60000);
    struct fix_peer *a = &f->peers[0], *b = &f->peers[1];
    int64_t before = fix_now(f, b).wall_ms - 30000;
    assert_int_equal(nr_core_heartbeat(a->core, fix_now(f, a), n, &(struct nr_heartbeat_body){ 0 }, &durable), 0);
    fix_run_ms(f, 60000);
    assert_int_equal(nr_core_give_up(b->core, fix_now(f, b), n, before, &declared), 0);
    assert_false(declared);
    int64_t since = fix_now(f, b).wall_ms - 30000;
    assert_int_equal(nr_core_give_up(b->core, fix_now(f, b), n, since, &declared), 0);
    assert_true(declared);
    assert_int_equal(nr_core_give_up(b->core, fix_now(f, b), n, since, &declared), 0);
    assert_false(declared);
    fix_run_ms(f, 1000);
    assert_true(fix_sees(f, 0, "n", &body, raw));
    assert_int_equal(body.state, NR_STATE_OFFLINE);
    assert_int_equal(nr_core_heartbeat(a->core, fix_now(f, a), n, &(struct nr_heartbeat_body){ 0 }, &durable), 0);
    assert_true(durable);
    fix_run_ms(f, 1000);
    assert_true(fix_sees(f, 1, "n", &body, raw));
    assert_int_equal(body.state, NR_STATE_ONLINE);
    assert_int_equal(nr_core_declare(a->core, fix_now(f, a), n, NR_STATE_MAINTENANCE), 0);
    fix_run_ms(f, 60000);
    assert_int_equal(nr_core_give_up(a->core, fix_now(f, a), n, fix_now(f, a).wall_ms, &declared), 0);
    assert_false(declared);
    int64_t now_ms = fix_now(f, a).wall_ms;
    assert_int_equal(nr_core_give_up(a->core, fix_now(f, a), nr_bytes_str("peer-1"), now_ms, &declared), NR_E_DENIED);
    assert_int_equal(nr_core_give_up(a->core, fix_now(f, a), nr_bytes_str("peer-0"), now_ms, &declared), NR_E_DENIED);
    assert_int_equal(nr_core_give_up(a->core, fix_now(f, a), nr_bytes_str("x"), now_ms, &declared), NR_E_NOT_FOUND);
    fix_fini(f);
}

/* Leaving is known to all neighbours at once, and the path with it is over; coming back is known at once too. */
static void test_leave(void **state)
{
    struct fix *f = *state;
    struct nr_node_body body;
    uint8_t raw[NR_RECORD_MAX];
    fix_init(f, 4);
    all_registered(f);
    fix_run_ms(f, 5000);
    size_t three = 3;
    fix_until(f, 5000, peers_of_first, &three, "all are neighbours");
    struct fix_peer *p = &f->peers[3];
    assert_int_equal(nr_core_leave(p->core, fix_now(f, p)), 0);
    fix_run_ms(f, 1);
    fix_stop(f, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(fix_sees(f, i, "peer-3", &body, raw));
        assert_int_equal(body.state, NR_STATE_LEFT);
        assert_int_equal(nr_core_peer_count(f->peers[i].core), 2);
    }
    fix_run_ms(f, 1000);
    fix_start(f, 3);
    fix_register(f, 3, "peer-3");
    fix_run_ms(f, 1000);
    for (size_t i = 0; i < 3; i++) {
        assert_true(fix_sees(f, i, "peer-3", &body, raw));
        assert_int_equal(body.state, NR_STATE_ONLINE);
    }
    fix_fini(f);
}

struct word {
    uint64_t key, stamp;
};

static bool has_newer_word(struct fix *f, void *arg)
{
    const struct word *w = arg;
    uint64_t stamp, id;
    return nr_core_lookup(f->peers[0].core, fix_now(f, &f->peers[0]), w->key, &stamp, &id) && stamp > w->stamp;
}

/* A peer whose disk was restored meets its own newer statements, and speaks with newer stamps after that. */
static void test_restored_disk(void **state)
{
    struct fix *f = *state;
    uint64_t id;
    fix_init(f, 3);
    all_registered(f);
    fix_run_ms(f, 1000);
    struct fix_peer *p = &f->peers[1];
    struct word last = { .key = fix_key_hash(p, NR_KIND_NODE, "peer-1") };
    struct nr_node_body newer = { .hostname = nr_bytes_str("host"), .role = nr_bytes_str("newer") };
    fix_run_ms(f, 20000);
    assert_int_equal(fix_try_register(f, 1, "peer-1", &newer), 0);
    fix_run_ms(f, 1000);
    assert_true(nr_core_lookup(f->peers[0].core, fix_now(f, &f->peers[0]), last.key, &last.stamp, &id));
    fix_stop(f, 1);
    fix_wipe(f, 1); /* the disk of before all of this */
    p->reserved = 0;
    p->wall_offset_ms = -30000;
    fix_start(f, 1);
    fix_register(f, 1, "peer-1");
    /* Its incarnation went back too: the others first miss the one they know. */
    fix_until(f, 10000, has_newer_word, &last, "a word above its last");
    assert_true(nr_core_stats(p->core)->own_newer_met > 0);
    fix_until(f, 10000, fix_all_equal, NULL, "all equal");
    fix_fini(f);
}

/* A dead record is dropped at the end of its lease, everywhere, and its node is gone without a message. */
static void test_lease_ends(void **state)
{
    struct fix *f = *state;
    char node[] = "silent";
    fix_init_leased(f, 3, 3600);
    all_registered(f);
    fix_register(f, 0, node);
    fix_until(f, 1000, all_see, node, "there first");
    fix_run_ms(f, 3601 * 1000);
    assert_true(none_sees(f, node));
    assert_true(all_see(f, f->peers[0].id)); /* renewed by itself */
    for (size_t i = 0; i < f->count; i++) assert_int_equal(nr_core_record_count(f->peers[i].core, NR_PLANE_COLD), 3);
    fix_fini(f);
}

/* What the store does not take is not there, is not spread, and is no broken promise later. */
static void test_store_refuses(void **state)
{
    struct fix *f = *state;
    struct nr_node_body body = { .hostname = nr_bytes_str("host"), .role = nr_bytes_str("worker") };
    fix_init(f, 2);
    all_registered(f);
    fix_run_ms(f, 5000);
    uint64_t print = nr_core_fingerprint(f->peers[0].core);
    f->peers[0].fail_saves = NR_E_FULL;
    assert_int_equal(fix_try_register(f, 0, "n", &body), NR_E_FULL);
    fix_register(f, 1, "m");
    fix_run_ms(f, 3000);
    assert_int_equal(nr_core_fingerprint(f->peers[0].core), print);
    assert_false(fix_there(f, 1, "n"));
    f->peers[0].fail_saves = 0;
    fix_until(f, 30000, fix_all_equal, NULL, "equal once there is room");
    assert_true(fix_there(f, 0, "m"));
    fix_fini(f);
}

/* One key on two machines: both go on, both records are kept as evidence when their stamps meet, and neither floods the
 * other. */
static void test_cloned_key(void **state)
{
    struct fix *f = *state;
    fix_init(f, 4);
    fix_stop(f, 3);
    f->peers[3].key = f->peers[2].key;
    memcpy(f->peers[3].id, f->peers[2].id, sizeof f->peers[3].id);
    fix_start(f, 3);
    all_registered(f);
    struct nr_node_body other = { .hostname = nr_bytes_str("other-host"), .role = nr_bytes_str("worker") };
    assert_int_equal(fix_try_register(f, 3, f->peers[2].id, &other), 0);
    fix_run_ms(f, 60000);
    size_t before = f->sent;
    fix_run_ms(f, 600000);
    assert_true(f->sent - before < 4 * 600 * 20);
    assert_true(nr_core_stats(f->peers[2].core)->own_newer_met + nr_core_stats(f->peers[3].core)->own_newer_met > 0);
    fix_fini(f);
}

/* A peer with two addresses, both known, is one neighbour with one path that stays where it is. */
static void test_two_addresses(void **state)
{
    struct fix *f = *state;
    fix_init(f, 3);
    f->peers[0].second = (struct nr_addr){ .family = 4, .ip = { 10, 9, 9, 9 }, .port = 9206 };
    struct nr_addr seeds[2] = { f->peers[0].addr, f->peers[0].second };
    for (size_t i = 1; i < 3; i++) nr_core_set_seeds(f->peers[i].core, seeds, 2);
    all_registered(f);
    fix_run_ms(f, 60000);
    size_t found = f->peers[1].events[NR_EVENT_PEER_UP];
    uint64_t hellos = nr_core_stats(f->peers[1].core)->messages_out[NR_MSG_HELLO];
    fix_run_ms(f, 600000);
    assert_int_equal(f->peers[1].events[NR_EVENT_PEER_UP], found);
    assert_int_equal(nr_core_stats(f->peers[1].core)->messages_out[NR_MSG_HELLO], hellos);
    assert_int_equal(nr_core_peer_count(f->peers[1].core), 2);
    fix_fini(f);
}

/* An incarnation is greater at every start, also after a crash and with the clock set back. */
static void test_incarnation_grows(void **state)
{
    struct fix *f = *state;
    fix_init(f, 1);
    uint64_t before = nr_core_incarnation(f->peers[0].core);
    fix_stop(f, 0);
    f->peers[0].wall_offset_ms = -20000;
    fix_start(f, 0);
    assert_true(nr_core_incarnation(f->peers[0].core) > before);
    fix_fini(f);
}

/* Same seed, same datagrams. */
static void test_same_seed(void **state)
{
    struct fix *f = *state;
    size_t sent[2];
    uint64_t print[2];
    for (int i = 0; i < 2; i++) {
        fix_init(f, 6);
        all_registered(f);
        fix_run_ms(f, 60000);
        sent[i] = f->sent;
        print[i] = nr_core_fingerprint(f->peers[4].core);
        fix_fini(f);
    }
    assert_int_equal(sent[0], sent[1]);
    assert_int_equal(print[0], print[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_spread_at_once),
        cmocka_unit_test(test_large_record),
        cmocka_unit_test(test_cut_and_heal),
        cmocka_unit_test(test_late_joiner),
        cmocka_unit_test(test_deletion_while_away),
        cmocka_unit_test(test_self_is_its_own),
        cmocka_unit_test(test_register_again),
        cmocka_unit_test(test_declared_state),
        cmocka_unit_test(test_give_up),
        cmocka_unit_test(test_leave),
        cmocka_unit_test(test_restored_disk),
        cmocka_unit_test(test_lease_ends),
        cmocka_unit_test(test_store_refuses),
        cmocka_unit_test(test_cloned_key),
        cmocka_unit_test(test_incarnation_grows),
        cmocka_unit_test(test_two_addresses),
        cmocka_unit_test(test_same_seed),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
