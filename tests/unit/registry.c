/* libnr's reading side, against stores that a writer in another process made. */
#include <nr/record.h>
#include <nr/registry.h>

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "nr_test.h"
#include "proto/mp.h"
#include "store_fixture.h"

struct place {
    char dir[64];
    nr_registry *registry;
    nr_snapshot *snapshot;
};

typedef void write_fn(struct nr_store *s);

/* LMDB forbids to open a directory twice in a process: writers are children. */
static void in_writer(const char *dir, write_fn *fn)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct nr_store *s;
        const struct nr_store_options options = { .dir = dir, .history_per_node = 5, .log_max = 100 };
        if (nr_store_open_lmdb(&s, &options)) _exit(9);
        fn(s);
        if (nr_store_commit(s) || nr_store_commit_pulse(s)) _exit(8);
        nr_store_close(s);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void open_place(struct place *p)
{
    const struct nr_registry_options options = { .state_dir = p->dir };
    assert_int_equal(nr_registry_open(&p->registry, &options), 0);
    assert_int_equal(nr_snapshot_new(p->registry, &p->snapshot), 0);
    assert_int_equal(nr_snapshot_begin(p->snapshot), 0);
}

static void close_place(struct place *p)
{
    nr_snapshot_free(p->snapshot);
    nr_registry_close(p->registry);
    p->snapshot = NULL;
    p->registry = NULL;
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    make_temp_dir(p->dir);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    close_place(p);
    remove_tree(p->dir);
    free(p);
    return 0;
}

static bool text_is(struct nr_text t, const char *want)
{
    return t.len == strlen(want) && memcmp(t.data, want, t.len) == 0;
}

static void nothing(struct nr_store *s)
{
    (void)s;
}

static void some_nodes(struct nr_store *s)
{
    say(s,
        make_node(1, "b-gpu", T0,
                  &(struct node_say){ .hostname = "hb",
                                      .ip = "192.0.2.7",
                                      .role = "gpu",
                                      .labels = { "x", "y" },
                                      .metadata_json_node_type = "server",
                                      .self = true,
                                      .updated_ms = T0 + 1500 }),
        T0);
    say(s, make_node(1, "a-worker", T0, &(struct node_say){ .labels = { "y" } }), T0);
    say(s, make_node(1, "c-gpu", T0, &(struct node_say){ .role = "gpu", .labels = { "yy" } }), T0);
    say(s, make_node(1, "c", T0, &(struct node_say){ .role = "gp", .state = NR_STATE_MAINTENANCE }), T0);
    say(s, make_node(1, "short", T0, &(struct node_say){ .lease_s = 60 }), T0);
    say(s, make_beat(1, "b-gpu", T0 + 2000, 10000), T0);
    say(s, make_beat(2, "b-gpu", T0 + 1000, 5000), T0);
    say(s, make_beat(1, "c-gpu", T0 + 3000, 0), T0);
    say(s, make_beat(1, "nobody", T0 + 3000, 0), T0);
}

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
    nr_mp_write_map(&mw, 4);
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

/* A capability is a key that is neither false nor null, or an element of one of the arrays. */
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
    expect(p, &(struct nr_node_filter){ .capability = "dock" }, T0, "");
}

static void many_nodes(struct nr_store *s)
{
    char id[16];
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "n%03d", i);
        say(s, make_node(i % 7, id, T0, &(struct node_say){ .role = i % 2 ? "odd" : "even" }), T0);
        if (i % 3) say(s, make_beat(1, id, T0 + i, 10000), T0);
    }
}

/* Cursors on one snapshot do not disturb each other, nor do look-ups between their steps. */
static void cursors_share_a_snapshot(void **state)
{
    struct place *p = *state;
    struct nr_node_cursor all, odd;
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

/* A snapshot keeps the state at which it began; the next begin sees what was written since, and so does a wait. */
static void snapshots_and_waiting(void **state)
{
    struct place *p = *state;
    struct nr_node n;
    in_writer(p->dir, nothing);
    open_place(p);
    struct nr_generation g = nr_snapshot_generation(p->snapshot);
    assert_int_equal(nr_wait_change(p->snapshot, g, 30), NR_ERR_TIMEOUT);
    in_writer(p->dir, some_nodes);
    struct nr_generation same = nr_snapshot_generation(p->snapshot);
    assert_true(same.registry == g.registry && same.pulse == g.pulse);
    assert_int_equal(nr_node_get(p->snapshot, "c", 1, T0, &n), NR_ERR_NOT_FOUND);
    assert_int_equal(nr_wait_change(p->snapshot, g, 5000), 0);
    assert_int_equal(nr_node_get(p->snapshot, "c", 1, T0, &n), 0);
    struct nr_generation after = nr_snapshot_generation(p->snapshot);
    assert_true(after.registry != g.registry && after.pulse != g.pulse);
    nr_snapshot_end(p->snapshot);
    assert_int_equal(nr_node_get(p->snapshot, "c", 1, T0, &n), NR_ERR_INVALID);
}

static void one_beat(struct nr_store *s)
{
    say(s, make_beat(1, "b-gpu", T0 + 7777, 1000), T0);
}

static void damage(const char *dir, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s/data.mdb", dir, name);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    char garbage[64];
    memset(garbage, 0xa5, sizeof garbage);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, 0), sizeof garbage);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, 4096), sizeof garbage);
    close(fd);
}

/* When noded has replaced the pulse half, open snapshots follow at their next begin, and a generation never comes back.
 */
static void pulse_replaced(void **state)
{
    struct place *p = *state;
    nr_snapshot *other;
    struct nr_node n;
    in_writer(p->dir, some_nodes);
    open_place(p);
    assert_int_equal(nr_snapshot_new(p->registry, &other), 0);
    assert_int_equal(nr_snapshot_begin(other), 0);
    struct nr_generation g = nr_snapshot_generation(p->snapshot);
    nr_snapshot_end(p->snapshot);
    damage(p->dir, "pulse");
    in_writer(p->dir, one_beat);
    assert_int_equal(nr_wait_change(p->snapshot, g, 5000), 0);
    assert_true(nr_snapshot_generation(p->snapshot).pulse > g.pulse);
    assert_int_equal(nr_node_get(p->snapshot, "b-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0 + 7777);
    assert_int_equal(nr_node_get(p->snapshot, "c-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0);
    assert_int_equal(nr_node_get(other, "c-gpu", 5, T0, &n), 0); /* still the old state, still readable */
    assert_int_equal(n.last_heartbeat_ms, T0 + 3000);
    assert_int_equal(nr_snapshot_begin(other), 0);
    assert_int_equal(nr_node_get(other, "c-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0);
    nr_snapshot_free(other);
}

/* A copy is a store of its own with the same content; an existing directory is left alone. */
static void copy(void **state)
{
    struct place *p = *state, q = { 0 };
    struct nr_node n;
    in_writer(p->dir, some_nodes);
    open_place(p);
    memcpy(q.dir, p->dir, strlen(p->dir));
    strcat(q.dir, "/copy");
    assert_int_equal(nr_registry_copy(p->registry, q.dir), 0);
    assert_int_equal(nr_registry_copy(p->registry, q.dir), NR_ERR_EXISTS);
    open_place(&q);
    assert_int_equal(nr_node_get(q.snapshot, "b-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0 + 2000);
    close_place(&q);
    in_writer(q.dir, one_beat);
    open_place(&q);
    assert_int_equal(nr_node_get(q.snapshot, "b-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0 + 7777);
    close_place(&q);
}

static int open_code(const char *dir)
{
    const struct nr_registry_options options = { .state_dir = dir };
    nr_registry *r;
    int err = nr_registry_open(&r, &options);
    if (!err) nr_registry_close(r);
    return err;
}

/* No store, a damaged one, one that is cut short: each has its code. */
static void open_errors(void **state)
{
    struct place *p = *state;
    char path[128];
    assert_int_equal(open_code(p->dir), NR_ERR_NOT_FOUND);
    assert_int_equal(open_code("/nonexistent/dagi"), NR_ERR_NOT_FOUND);
    in_writer(p->dir, some_nodes);
    assert_int_equal(open_code(p->dir), 0);
    snprintf(path, sizeof path, "%s/registry/data.mdb", p->dir);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, 3 * 4096), 0);
    assert_int_equal(open_code(p->dir), NR_ERR_CORRUPT);
    assert_int_equal(truncate(path, st.st_size), 0);
    damage(p->dir, "registry");
    assert_int_equal(open_code(p->dir), NR_ERR_CORRUPT);
}

/* The files' modes let the group read and nobody else: another user of the group reads, one outside is denied. */
static void group_may_read(void **state)
{
    struct place *p = *state;
    const gid_t group = 61234;
    char path[128];
    int status;
    if (geteuid() != 0) skip();
    static const char *const names[] = { "",       "/registry",       "/registry/data.mdb", "/registry/lock.mdb",
                                         "/pulse", "/pulse/data.mdb", "/pulse/lock.mdb" };
    in_writer(p->dir, some_nodes);
    assert_int_equal(chmod(p->dir, 0750), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s%s", p->dir, names[i]);
        assert_int_equal(chown(path, 0, group), 0);
    }
    for (int inside = 0; inside < 2; inside++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (setgid(inside ? group : 61235) || setuid(61234)) _exit(99);
            const struct nr_registry_options options = { .state_dir = p->dir };
            nr_registry *r;
            nr_snapshot *s;
            struct nr_node n;
            int err = nr_registry_open(&r, &options);
            if (!err) err = nr_snapshot_new(r, &s);
            if (!err) err = nr_snapshot_begin(s);
            if (!err) err = nr_node_get(s, "c", 1, T0, &n);
            _exit(-err);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), inside ? 0 : -NR_ERR_DENIED);
    }
}

static int ignore_beat(void *arg, const struct nr_heartbeat *b)
{
    *(int64_t *)arg += b->at_ms;
    return 0;
}

/* In a process that the kernel kills at any system call but read, write and exit. */
static void read_without_calls(nr_snapshot *s)
{
    const char *words[] = { "y" };
    const struct nr_node_filter by_role = { .role = "odd" }, by_label = { .labels = words, .label_count = 1 };
    struct nr_node_counts counts;
    struct nr_node_cursor c;
    struct nr_node n;
    int64_t sum = 0;
    char id[5] = "n000";
    for (int i = 0; i < 10001; i++) {
        id[1] = (char)('0' + i % 500 / 100);
        id[2] = (char)('0' + i % 100 / 10);
        id[3] = (char)('0' + i % 10);
        if (nr_node_get(s, id, 4, T0, &n)) syscall(SYS_exit, 3);
        if (i % 1000) continue;
        if (nr_snapshot_begin(s) || nr_node_count(s, T0, &counts) || counts.total != 500) syscall(SYS_exit, 4);
        for (int e = nr_node_first(s, &by_role, T0, &c, &n); !e; e = nr_node_next(&c, &n)) sum++;
        for (int e = nr_node_first(s, &by_label, T0, &c, &n); !e; e = nr_node_next(&c, &n)) sum++;
        if (nr_heartbeat_each(s, "n001", 4, 0, 0, ignore_beat, &sum)) syscall(SYS_exit, 5);
        if (i == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) syscall(SYS_exit, 6); /* the first round may call */
    }
    syscall(SYS_exit, sum > 2500 ? 0 : 7);
}

/* After the first of each kind a read makes no system call, nor does beginning a snapshot anew. */
static void no_system_calls(void **state)
{
    struct place *p = *state;
    int status;
    in_writer(p->dir, many_nodes);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        open_place(p);
        read_without_calls(p->snapshot);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(get),
        T(json),
        T(filters),
        T(capabilities),
        T(cursors_share_a_snapshot),
        T(counts),
        T(heartbeats),
        T(deletion_drops_history),
        T(profiles),
        T(records),
        cmocka_unit_test(record_check),
        cmocka_unit_test(to_json),
        T(changes),
        T(meta_and_facts),
        T(snapshots_and_waiting),
        T(pulse_replaced),
        T(copy),
        T(open_errors),
        T(group_may_read),
        T(no_system_calls),
    };
    if (nr_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
