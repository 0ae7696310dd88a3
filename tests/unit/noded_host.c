/* The core's host over a store: what a restarted process finds again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "noded/host.h"
#include "noded/nodeself.h"

struct fixture {
    struct nr_blob_pool *pool;
    struct nr_memdisk *disk;
    struct nr_store *store;
    struct nr_keypair key;
    struct host host;
    struct nr_core *core;
    struct nr_now now;
};

static void boot(struct fixture *f)
{
    uint64_t floor;
    assert_int_equal(nr_store_open_memory(&f->store, f->disk, false, &(struct nr_store_options){ 0 }), 0);
    host_init(&f->host, f->store, &f->key);
    assert_int_equal(host_stamp_floor(&f->host, &floor), 0);
    struct nr_core_config config = { .node_id = nr_bytes_str("me"), .seed = 1, .stamp_floor = floor };
    memcpy(config.key, f->key.pub, NR_KEY_SIZE);
    const struct nr_core_host callbacks = host_callbacks(&f->host);
    f->core = nr_core_new(&config, &callbacks);
    assert_non_null(f->core);
    assert_int_equal(host_restore(&f->host, f->core, f->now), 0);
    assert_int_equal(nr_core_start(f->core, f->now), 0);
}

static void halt(struct fixture *f)
{
    nr_core_free(f->core);
    nr_store_close(f->store);
    host_fini(&f->host);
    f->core = NULL;
    f->store = NULL;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(nr_crypto_init(), 0);
    nr_keypair_new(&f->key);
    f->pool = nr_blob_pool_new();
    f->disk = nr_memdisk_new(f->pool);
    f->now = (struct nr_now){ .mono_us = 1000000, .wall_ms = 1800000000000 };
    boot(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    halt(f);
    nr_memdisk_free(f->disk);
    nr_blob_pool_free(f->pool);
    free(f);
    return 0;
}

static void say(struct fixture *f, const char *node_id)
{
    const struct nr_node_body body = { .hostname = nr_bytes_str("h"), .role = nr_bytes_str("r") };
    assert_int_equal(nr_core_register(f->core, f->now, nr_bytes_str(node_id), &body), 0);
}

/* What was committed is with the core again after a crash, under the same fingerprint; what was not is gone. */
static void restored(void **state)
{
    struct fixture *f = *state;
    say(f, "kept");
    assert_int_equal(nr_store_commit(f->store), 0);
    uint64_t before = nr_core_fingerprint(f->core);
    say(f, "lost");
    assert_true(nr_core_fingerprint(f->core) != before);
    halt(f);
    boot(f);
    assert_true(nr_core_fingerprint(f->core) == before);
    assert_int_equal(nr_core_record_count(f->core, NR_PLANE_COLD), 1);
}

/* Incarnations grow over crashes, also where the clock stands still or goes back. */
static void incarnations(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 20; i++) {
        uint64_t before = nr_core_incarnation(f->core);
        halt(f);
        f->now.wall_ms -= i;
        boot(f);
        assert_true(nr_core_incarnation(f->core) > before);
    }
}

/* A clean end gives back the stamps that were reserved and not used, and no more: the next ones are still greater. */
static void released(void **state)
{
    struct fixture *f = *state;
    say(f, "n");
    uint64_t newest = f->host.newest_own, incarnation = nr_core_incarnation(f->core), floor;
    assert_true(newest > incarnation);
    assert_int_equal(host_release_stamps(&f->host, incarnation), 0);
    assert_int_equal(host_stamp_floor(&f->host, &floor), 0);
    assert_true(floor == newest + 1);
    halt(f);
    boot(f);
    assert_true(nr_core_incarnation(f->core) > newest);
}

/* Stamps are reserved durably at once, but for the start, which commits them with what it registers. */
static void reserved(void **state)
{
    struct fixture *f = *state;
    const struct nr_core_host callbacks = host_callbacks(&f->host);
    assert_int_equal(nr_store_commit(f->store), 0);
    f->host.starting = true;
    assert_int_equal(callbacks.reserve(callbacks.ctx, UINT64_MAX - 1), 0);
    assert_true(nr_store_dirty(f->store));
    f->host.starting = false;
    assert_int_equal(callbacks.reserve(callbacks.ctx, UINT64_MAX), 0);
    assert_false(nr_store_dirty(f->store));
}

/* Records that died while the process was away are not held; once the clock is believed, here since nothing spoke
 * against it for an hour, they are dropped from the store too, however many. */
static void dead_are_dropped(void **state)
{
    enum { DEAD = 1500 };
    struct fixture *f = *state;
    struct nr_store_info info;
    for (int i = 0; i < DEAD; i++) {
        char id[16];
        snprintf(id, sizeof id, "n%d", i);
        say(f, id);
    }
    assert_int_equal(nr_store_commit(f->store), 0);
    assert_int_equal(nr_store_commit_pulse(f->store), 0);
    halt(f);
    f->now.wall_ms += INT64_C(400) * 86400 * 1000;
    boot(f);
    assert_int_equal(nr_core_record_count(f->core, NR_PLANE_COLD), 0);
    nr_store_info(f->store, &info);
    assert_int_equal(info.records, 2 * DEAD);
    for (int minute = 0; minute < 65; minute++) {
        f->now.mono_us += 60000000;
        f->now.wall_ms += 60000;
        nr_core_expire(f->core, f->now);
    }
    nr_store_info(f->store, &info);
    assert_int_equal(info.records, 0);
}

/* The state to come back to is noted before the node leaves, and taken up by the next start; a crash keeps it anyway.
 */
static void declared_state(void **state)
{
    struct fixture *f = *state;
    const struct nodeself self = { .core = f->core, .store = f->store, .node_id = "me", .key = f->key.pub };
    enum nr_state held;
    assert_int_equal(nodeself_state(&self, &held), NR_E_NOT_FOUND);
    assert_int_equal(nodeself_note_state(&self), 0);
    say(f, "me");
    assert_int_equal(nr_core_declare(f->core, f->now, nr_bytes_str("me"), NR_STATE_DRAINING), 0);
    assert_int_equal(nodeself_note_state(&self), 0);
    assert_int_equal(nr_core_leave(f->core, f->now), 0);
    assert_int_equal(nodeself_state(&self, &held), 0);
    assert_int_equal(held, NR_STATE_LEFT);
    assert_int_equal(nodeself_note_state(&self), 0); /* noted twice: left is no state to come back to */
    assert_int_equal(nr_store_commit(f->store), 0);
    halt(f);
    boot(f);

    struct nr_conf *conf = NULL;
    struct nr_buf faults;
    nr_buf_init(&faults, 0);
    const char *text = "[node]\nlabel = b, a, b\nmetadata = z=1, a=2, z=3\nhostname = h\nip = 192.0.2.1\n";
    assert_int_equal(nr_conf_read_text(&conf, "c", nr_bytes_str(text), &faults), 0);
    struct nodeself again = { .core = f->core, .store = f->store, .node_id = "me", .key = f->key.pub };
    assert_int_equal(nodeself_register(&again, conf, f->now), 0);
    assert_int_equal(nodeself_state(&again, &held), 0);
    assert_int_equal(held, NR_STATE_DRAINING);

    /* And what the configuration says of the node is in its record, in canonical form. */
    struct nr_bytes raw;
    struct nr_record rec;
    struct nr_node_body body;
    assert_int_equal(nr_store_get(f->store, nr_record_key_hash(NR_KIND_NODE, f->key.pub, nr_bytes_str("me")), &raw), 0);
    assert_int_equal(nr_record_decode(raw, &rec), 0);
    assert_int_equal(nr_node_body_decode(rec.body, &body), 0);
    assert_int_equal(body.label_count, 2);
    assert_true(nr_bytes_eq(body.labels[0], nr_bytes_str("b")));
    assert_true(nr_bytes_eq(body.metadata, nr_bytes("\x82\xa1"
                                                    "a\xa1"
                                                    "2\xa1"
                                                    "z\xa1"
                                                    "3",
                                                    9)));
    assert_true(body.self);
    nr_conf_free(conf);
    nr_buf_fini(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(restored, setup, teardown),
        cmocka_unit_test_setup_teardown(incarnations, setup, teardown),
        cmocka_unit_test_setup_teardown(released, setup, teardown),
        cmocka_unit_test_setup_teardown(reserved, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(declared_state, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
