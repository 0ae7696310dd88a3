/* libnr: heartbeats, profiles, signed records, the change log, facts. */
#include <nr/record.h>
#include <stdio.h>

#include "nr_test.h"
#include "registry_fixture.h"

static void many_beats(struct nr_store *s)
{
    say(s, make_node(1, "n", T0, &(struct node_say){ 0 }), T0);
    say(s, make_node(1, "m", T0, &(struct node_say){ 0 }), T0);
    for (int i = 1; i <= 9; i++) say(s, make_beat(1, "n", T0 + i, 1000), T0);
    say(s, make_beat(1, "n.x", T0 + 50, 1000), T0);
    say(s, make_beat(1, "m", T0 + 60, 1000), T0);
    struct made *again = make_beat(1, "n", T0 + 9, 1000);
    if (nr_store_history_add(s, &again->rec)) _exit(7);
    free(again);
}

static int add_beat(void *arg, const struct nr_heartbeat *b)
{
    char *got = arg;
    snprintf(got + strlen(got), 24, "%lld ", (long long)(b->at_ms - T0));
    assert_true(b->has_status && b->status == NR_NODE_ONLINE && b->interval_ms == 1000 && !b->metrics);
    return strstr(got, "7 ") && strlen(got) > 100 ? 5 : 0;
}

/* Heartbeats come newest first, as many as are kept or asked for, none older than asked, and none of other nodes. */
static void heartbeats(void **state)
{
    struct place *p = *state;
    char got[200] = "";
    in_writer(p->dir, many_beats);
    open_place(p);
    assert_int_equal(nr_heartbeat_each(p->snapshot, "n", 1, 0, 0, add_beat, got), 0);
    assert_string_equal(got, "9 8 7 6 5 ");
    *got = 0;
    assert_int_equal(nr_heartbeat_each(p->snapshot, "n", 1, T0 + 7, 2, add_beat, got), 0);
    assert_string_equal(got, "9 8 ");
    *got = 0;
    assert_int_equal(nr_heartbeat_each(p->snapshot, "n", 1, T0 + 7, 0, add_beat, got), 0);
    assert_string_equal(got, "9 8 7 ");
    *got = 0;
    assert_int_equal(nr_heartbeat_each(p->snapshot, "n.x", 3, 0, 0, add_beat, got), 0);
    assert_int_equal(nr_heartbeat_each(p->snapshot, "m", 1, 0, 0, add_beat, got), 0);
    assert_int_equal(nr_heartbeat_each(p->snapshot, "none", 4, 0, 0, add_beat, got), 0);
    assert_string_equal(got, "50 60 ");
}

static void delete_n(struct nr_store *s)
{
    say(s, make_node(1, "n", T0 + 99, &(struct node_say){ .deleted = true }), T0);
}

/* A node that is deleted takes its history with it. */
static void deletion_drops_history(void **state)
{
    struct place *p = *state;
    char got[200] = "";
    struct nr_node n;
    in_writer(p->dir, many_beats);
    in_writer(p->dir, delete_n);
    open_place(p);
    assert_int_equal(nr_node_get(p->snapshot, "n", 1, T0, &n), NR_ERR_NOT_FOUND);
    assert_int_equal(nr_heartbeat_each(p->snapshot, "n", 1, 0, 0, add_beat, got), 0);
    assert_string_equal(got, "");
}

static void some_profiles(struct nr_store *s)
{
    say(s, make_profile(1, "worker", T0, 1, false), T0);
    say(s, make_profile(2, "worker", T0 + 5, 2, false), T0);
    say(s, make_profile(1, "gpu", T0, 3, false), T0);
    say(s, make_profile(1, "gone", T0, 4, false), T0);
    say(s, make_profile(2, "gone", T0 + 1, 4, true), T0);
}

static int add_profile(void *arg, const struct nr_profile *profile)
{
    char *got = arg;
    strncat(got, profile->role.data, profile->role.len);
    strncat(got, profile->config_json.data, profile->config_json.len);
    return 0;
}

/* Profiles: the newest of all operators' words, in the order of roles; the deleted and the ended are not there. */
static void profiles(void **state)
{
    struct place *p = *state;
    struct nr_profile one;
    char got[200] = "";
    in_writer(p->dir, some_profiles);
    open_place(p);
    assert_int_equal(nr_profile_each(p->snapshot, T0, add_profile, got), 0);
    assert_string_equal(got, "gpu{\"n\":3}worker{\"n\":2}");
    assert_int_equal(nr_profile_get(p->snapshot, "worker", 6, T0, &one), 0);
    assert_int_equal(one.created_at_ms, T0);
    assert_int_equal(one.config_len, 4);
    assert_int_equal(nr_profile_get(p->snapshot, "gone", 4, T0, &one), NR_ERR_NOT_FOUND);
    assert_int_equal(nr_profile_get(p->snapshot, "gpu", 3, T0 + HOUR_S * 1000, &one), NR_ERR_NOT_FOUND);
}

static int check_record(void *arg, const struct nr_signed_record *r)
{
    struct nr_record_facts f;
    char *got = arg;
    assert_int_equal(nr_record_check(r->data, r->len, &f), 0);
    assert_true(r->hot == (f.kind == NR_KIND_HEARTBEAT));
    strcat(got, f.kind_name);
    strcat(got, " ");
    return 0;
}

static void node_and_profile(struct nr_store *s)
{
    say(s, make_node(1, "gpu", T0, &(struct node_say){ .self = true }), T0);
    say(s, make_node(2, "gpu", T0, &(struct node_say){ 0 }), T0);
    say(s, make_node(2, "gpu2", T0, &(struct node_say){ 0 }), T0);
    say(s, make_profile(1, "gpu", T0, 3, false), T0);
    say(s, make_beat(1, "gpu", T0, 1000), T0);
    struct made *a = make_node(3, "x", T0, &(struct node_say){ .role = "a" });
    struct made *b = make_node(3, "x", T0, &(struct node_say){ .role = "b" });
    if (nr_store_evidence_add(s, &a->rec, &b->rec)) _exit(7);
    free(a), free(b);
}

static int check_pair(void *arg, const struct nr_signed_record *a, const struct nr_signed_record *b)
{
    struct nr_record_facts fa, fb;
    int *count = arg;
    assert_int_equal(nr_record_check(a->data, a->len, &fa), 0);
    assert_int_equal(nr_record_check(b->data, b->len, &fb), 0);
    assert_true(fa.stamp == fb.stamp && fa.id != fb.id);
    ++*count;
    return 0;
}

/* Records come out byte for byte, so that their signatures hold; evidence in pairs under one stamp. */
static void records(void **state)
{
    struct place *p = *state;
    char got[200] = "";
    int pairs = 0;
    in_writer(p->dir, node_and_profile);
    open_place(p);
    assert_int_equal(nr_record_each(p->snapshot, "gpu", 3, check_record, got), 0);
    assert_string_equal(got, "node node heartbeat ");
    *got = 0;
    assert_int_equal(nr_record_each(p->snapshot, NULL, 0, check_record, got), 0);
    assert_int_equal(strlen(got), strlen("node node node profile heartbeat "));
    assert_int_equal(nr_evidence_each(p->snapshot, check_pair, &pairs), 0);
    assert_int_equal(pairs, 1);
}

/* A record whose signature does not hold says so, with its facts; what is no record is refused. */
static void record_check(void **state)
{
    struct made *m = make_node(1, "n", T0, &(struct node_say){ .self = true, .deleted = true });
    struct nr_record_facts f;
    (void)state;
    assert_int_equal(nr_record_check(m->bytes, m->rec.raw.len, &f), 0);
    assert_true(f.self && f.deleted && text_is(f.subject, "n"));
    m->bytes[m->rec.raw.len - 1] ^= 1;
    assert_int_equal(nr_record_check(m->bytes, m->rec.raw.len, &f), NR_ERR_SIGNATURE);
    assert_int_equal(f.kind, NR_KIND_NODE);
    assert_int_equal(nr_record_check(m->bytes, m->rec.raw.len - 1, &f), NR_ERR_INVALID);
    free(m);
}

/* msgpack becomes JSON that is NUL-terminated within the size given; anything else is an error. */
static void to_json(void **state)
{
    static const char item[] = "\x81\xa1k\x93\x01\xc3\xc0";
    const char *want = "{\"k\":[1,true,null]}";
    char out[32];
    long len = (long)strlen(want);
    (void)state;
    assert_int_equal(nr_msgpack_to_json(item, 7, out, sizeof out), len);
    assert_string_equal(out, want);
    assert_int_equal(nr_msgpack_to_json(item, 7, out, (size_t)len + 1), len);
    assert_int_equal(nr_msgpack_to_json(item, 7, out, (size_t)len), NR_ERR_TOO_LARGE);
    assert_int_equal(nr_msgpack_to_json(item, 7, out, 0), NR_ERR_TOO_LARGE);
    assert_int_equal(nr_msgpack_to_json(item, 6, out, sizeof out), NR_ERR_INVALID);
    assert_int_equal(nr_msgpack_to_json(item, 8, out, sizeof out), NR_ERR_INVALID);
}

static void changes_of_n(struct nr_store *s)
{
    say(s, make_node(1, "n", T0, &(struct node_say){ 0 }), T0);
    say(s, make_node(1, "n", T0 + 1, &(struct node_say){ .state = NR_STATE_DRAINING, .updated_ms = T0 + 1 }), T0);
    say(s, make_node(1, "n", T0 + 2, &(struct node_say){ .role = "new" }), T0);
    say(s, make_profile(1, "p", T0, 1, false), T0);
    say(s, make_node(1, "n", T0 + 3, &(struct node_say){ .deleted = true }), T0);
    struct made *m = kept(s, make_node(1, "m", T0, &(struct node_say){ .lease_s = 1 }), T0);
    if (nr_store_refresh(s, NR_KIND_NODE, m->rec.subject, NULL, T0 + 2000)) _exit(7);
    free(m);
}

static int add_change(void *arg, const struct nr_change *c)
{
    char *got = arg;
    snprintf(got + strlen(got), 40, "%llu%s%s%s ", (unsigned long long)c->seq, c->profile ? "p" : "n",
             nr_change_name(c->what), c->signer ? "" : "!");
    return c->seq == 99 ? 1 : 0;
}

/* The log tells what happened to whom, numbers ascending by one, and who signed it unless a lease ended. */
static void changes(void **state)
{
    struct place *p = *state;
    char got[300] = "";
    in_writer(p->dir, changes_of_n);
    open_place(p);
    assert_int_equal(nr_change_each(p->snapshot, 0, add_change, got), 0);
    assert_string_equal(got, "1nadded 2nstate 3nupdated 4padded 5ndeleted 6nadded 7nended! ");
    *got = 0;
    assert_int_equal(nr_change_each(p->snapshot, 5, add_change, got), 0);
    assert_string_equal(got, "6nadded 7nended! ");
    assert_int_equal(nr_change_newest(p->snapshot), 7);
}

static void put_meta(struct nr_store *s)
{
    if (nr_store_meta_put(s, "node_id", nr_bytes_str("me"))) _exit(7);
}

/* Named values are read; the store's own are not shown. */
static void meta_and_facts(void **state)
{
    struct place *p = *state;
    struct nr_store_facts f;
    const void *data;
    size_t len;
    in_writer(p->dir, put_meta);
    in_writer(p->dir, some_nodes);
    open_place(p);
    assert_int_equal(nr_meta_get(p->snapshot, "node_id", &data, &len), 0);
    assert_true(len == 2 && memcmp(data, "me", 2) == 0);
    assert_int_equal(nr_meta_get(p->snapshot, ".schema", &data, &len), NR_ERR_NOT_FOUND);
    assert_int_equal(nr_meta_get(p->snapshot, "other", &data, &len), NR_ERR_NOT_FOUND);
    assert_int_equal(nr_store_facts(p->snapshot, &f), 0);
    assert_int_equal(f.nodes, 5);
    assert_int_equal(f.records, 5);
    assert_int_equal(f.heartbeats, 4);
    assert_int_equal(f.schema, 1);
    assert_true(f.registry_bytes > 0 && f.readers >= 1);
}

static int add_table(void *arg, const char *half, const char *table, uint64_t entries)
{
    size_t n = strlen(arg);
    snprintf((char *)arg + n, 512 - n, "%s.%s=%d ", half, table, (int)entries);
    return 0;
}

static int stop(void *arg, const char *half, const char *table, uint64_t entries)
{
    (void)half;
    (void)table;
    (void)entries;
    ++*(int *)arg;
    return 77;
}

/* Each table of both halves is told with its entries, until the caller has enough. */
static void tables(void **state)
{
    struct place *p = *state;
    char got[512] = "";
    int calls = 0;
    in_writer(p->dir, some_nodes);
    open_place(p);
    assert_int_equal(nr_store_table_each(p->snapshot, add_table, got), 0);
    assert_non_null(strstr(got, "registry.records=5 "));
    assert_non_null(strstr(got, "registry.nodes=5 registry.roles=5 registry.labels=4 "));
    assert_non_null(strstr(got, "pulse.records=4 "));
    assert_non_null(strstr(got, "pulse.live=3 "));
    assert_int_equal(nr_store_table_each(p->snapshot, stop, &calls), 77);
    assert_int_equal(calls, 1);
    nr_snapshot_end(p->snapshot);
    assert_int_equal(nr_store_table_each(p->snapshot, stop, &calls), NR_ERR_INVALID);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
    const struct CMUnitTest tests[] = {
        T(heartbeats),
        T(deletion_drops_history),
        T(profiles),
        T(records),
        cmocka_unit_test(record_check),
        cmocka_unit_test(to_json),
        T(changes),
        T(meta_and_facts),
        T(tables),
    };
    if (nr_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
