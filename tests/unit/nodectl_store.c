/* verify, records and log over stores that hold what a sound noded would never write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "proto/body.h"
#include "store/store.h"
#include "tools/nodectl/command.h"
#include "tools/nodectl/files.h"

struct place {
    char dir[64];
    struct nr_store *store;
    struct nr_keypair key;
    int64_t now_ms;
};

struct made {
    uint8_t bytes[1024];
    struct nr_record rec;
};

static int setup(void **state)
{
    static struct place p;
    static const uint8_t seed[32] = { 7 };
    p = (struct place){ .dir = "/tmp/nodectl-store.XXXXXX", .now_ms = nr_wall_clock_ms() };
    *state = &p;
    if (nr_crypto_init() != 0 || !mkdtemp(p.dir)) return -1;
    nr_keypair_from_seed(&p.key, seed);
    const struct nr_store_options options = { .dir = p.dir };
    return nr_store_open_lmdb(&p.store, &options);
}

static int teardown(void **state)
{
    struct place *p = *state;
    nr_store_close(p->store);
    return ctl_remove_tree(p->dir);
}

static void make(struct place *p, struct made *m, uint8_t kind, uint64_t stamp, struct nr_bytes body)
{
    struct nr_writer w;
    uint8_t sig[NR_SIG_SIZE];
    const struct nr_record_draft draft = {
        .kind = kind, .signer = p->key.pub, .subject = nr_bytes_str("n"), .stamp = stamp, .lease_s = 3600, .body = body
    };
    nr_writer_init(&w, m->bytes, sizeof m->bytes);
    nr_record_encode_unsigned(&w, &draft);
    nr_sign(&p->key, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    assert_int_equal(w.err, 0);
    assert_int_equal(nr_record_decode(nr_writer_bytes(&w), &m->rec), 0);
}

static void make_node(struct place *p, struct made *m, const char *hostname, uint64_t stamp)
{
    uint8_t body[256];
    struct nr_writer w;
    const struct nr_node_body b = { .hostname = nr_bytes_str(hostname),
                                    .role = nr_bytes_str("r"),
                                    .created_at_ms = p->now_ms,
                                    .updated_at_ms = p->now_ms };
    nr_writer_init(&w, body, sizeof body);
    nr_node_body_encode(&w, &b);
    assert_int_equal(w.err, 0);
    make(p, m, NR_KIND_NODE, stamp, nr_writer_bytes(&w));
}

static uint64_t stamp_now(const struct place *p, uint16_t counter)
{
    return nr_stamp_make(p->now_ms, counter);
}

static void put(struct place *p, const struct made *m, uint64_t key_change, bool refresh)
{
    uint64_t hash = nr_record_key_hash(m->rec.kind, m->rec.signer, m->rec.subject);
    assert_int_equal(nr_store_put(p->store, hash ^ key_change, &m->rec), 0);
    if (refresh) assert_int_equal(nr_store_refresh(p->store, m->rec.kind, m->rec.subject, &m->rec, p->now_ms), 0);
}

/* Runs a command on the store, as main would; what it prints to stdout is in `out`. */
static int run(struct place *p, const char *name, const char *option, char *out, size_t size)
{
    char *argv[] = { (char *)(uintptr_t)name, (char *)(uintptr_t)option, NULL };
    struct ctl ctl = { .format = CTL_JSON, .state_dir = p->dir, .socket = "/nowhere" };
    struct ctl_args args;
    bool help = false;
    ctl.read = (struct nr_registry_options){ .state_dir = p->dir,
                                             .degraded_after_s = 90,
                                             .missed_heartbeats = 3,
                                             .offline_after_s = 300,
                                             .forget_after_s = 259200 };
    assert_int_equal(nr_store_commit(p->store), 0);
    assert_int_equal(nr_store_commit_pulse(p->store), 0);
    nr_store_close(p->store);
    p->store = NULL;

    const struct ctl_command *c = ctl_command_find(name);
    assert_int_equal(ctl_args_read(c, option ? 2 : 1, argv, &args, &help), 0);
    fflush(stdout);
    FILE *f = tmpfile();
    int kept = dup(STDOUT_FILENO);
    assert_non_null(f);
    dup2(fileno(f), STDOUT_FILENO);
    int status = ctl_read(&ctl);
    if (status == 0) status = c->run(&ctl, &args);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    rewind(f);
    out[fread(out, 1, size - 1, f)] = '\0';
    fclose(f);
    nr_snapshot_free(ctl.snapshot);
    nr_registry_close(ctl.registry);
    return status;
}

static void expect_fault(struct place *p, const char *check)
{
    char out[16384], wanted[64];
    snprintf(wanted, sizeof wanted, "\"check\":\"%s\"", check);
    assert_int_equal(run(p, "verify", NULL, out, sizeof out), CTL_FAILED);
    if (!strstr(out, wanted)) fail_msg("%s is missing in %s", wanted, out);
    assert_non_null(strstr(out, "\"ok\":false"));
}

/* What noded writes is sound. */
static void a_sound_store_passes(void **state)
{
    struct place *p = *state;
    struct made node, beat;
    char out[16384];
    make_node(p, &node, "h", stamp_now(p, 1));
    make(p, &beat, NR_KIND_HEARTBEAT, stamp_now(p, 2), nr_bytes("\x80", 1));
    put(p, &node, 0, true);
    put(p, &beat, 0, true);
    assert_int_equal(run(p, "verify", NULL, out, sizeof out), CTL_DONE);
    assert_non_null(strstr(out, "\"ok\":true"));
}

/* A record under another key than its own could stand beside a newer one for ever. */
static void a_wrong_key_is_found(void **state)
{
    struct place *p = *state;
    struct made node;
    make_node(p, &node, "h", stamp_now(p, 1));
    put(p, &node, 1, true);
    expect_fault(p, "key");
}

/* A record that readers were never shown. */
static void a_missing_view_is_found(void **state)
{
    struct place *p = *state;
    struct made node;
    make_node(p, &node, "h", stamp_now(p, 1));
    put(p, &node, 0, false);
    expect_fault(p, "view");
}

/* Readers are shown an older record than the one that is there. */
static void a_stale_view_is_found(void **state)
{
    struct place *p = *state;
    struct made first, second;
    make_node(p, &first, "h", stamp_now(p, 1));
    make_node(p, &second, "other", stamp_now(p, 2));
    put(p, &first, 0, true);
    put(p, &second, 0, false);
    expect_fault(p, "view");
}

/* A heartbeat that did not count. */
static void a_lost_heartbeat_is_found(void **state)
{
    struct place *p = *state;
    struct made node, beat;
    make_node(p, &node, "h", stamp_now(p, 1));
    make(p, &beat, NR_KIND_HEARTBEAT, nr_stamp_make(p->now_ms + 5000, 0), nr_bytes("\x80", 1));
    put(p, &node, 0, true);
    put(p, &beat, 0, false);
    expect_fault(p, "heartbeat");
}

/* Evidence of a key in two hands is shown whole, and is no fault of the store. */
static void evidence_is_shown(void **state)
{
    struct place *p = *state;
    struct made a, b;
    char out[16384];
    make_node(p, &a, "one", stamp_now(p, 1));
    make_node(p, &b, "two", stamp_now(p, 1));
    put(p, &a, 0, true);
    assert_int_equal(nr_store_evidence_add(p->store, &a.rec, &b.rec), 0);
    assert_int_equal(run(p, "records", "--evidence", out, sizeof out), CTL_DONE);
    assert_non_null(strstr(out, "\"hostname\":\"one\""));
    assert_non_null(strstr(out, "\"hostname\":\"two\""));
    assert_null(strstr(out, "\"check\":\"bad\""));
}

/* A pair that contradicts nothing accuses nobody. */
static void false_evidence_is_found(void **state)
{
    struct place *p = *state;
    struct made a, b;
    make_node(p, &a, "one", stamp_now(p, 1));
    make_node(p, &b, "two", stamp_now(p, 2));
    put(p, &a, 0, true);
    assert_int_equal(nr_store_evidence_add(p->store, &a.rec, &b.rec), 0);
    expect_fault(p, "evidence");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sound_store_passes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_key_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_view_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stale_view_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_heartbeat_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(evidence_is_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(false_evidence_is_found, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
