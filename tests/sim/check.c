/* A checker that cannot fail is none: each of them is shown a world in which what it guards has been broken on purpose.
 */
#include "tools/sim/check.h"

#include "core/state.h"
#include "tests/unit/nr_test.h"
#include "tools/sim/run.h"

#define NODES 3

static struct sim_world *quiet_world(void)
{
    struct sim_config config = { .seed = 5, .nodes = NODES, .link = SIM_LINK_DEFAULT, .heartbeat_ms = 10000 };
    struct sim_world *w = sim_world_new(&config);
    sim_play_cluster(w);
    sim_world_run(w, 15 * SIM_SECOND);
    sim_check_all(w);
    if (w->failed) print_message("%s\n", w->failure);
    assert_false(w->failed);
    return w;
}

static void must_have_failed(struct sim_world *w, const char *word)
{
    assert_true(w->failed);
    if (!strstr(w->failure, word)) print_message("wanted '%s' in: %s\n", word, w->failure);
    assert_non_null(strstr(w->failure, word));
    sim_world_free(w);
}

/* The NODE record of another node, with bytes of its own. */
static struct nr_record record_of(struct sim_node *reader, const struct sim_node *of,
                                  uint8_t copy[static NR_RECORD_MAX])
{
    struct nr_record rec;
    assert_true(sim_holds(reader, NR_KIND_NODE, of->key.pub, of->name, &rec));
    memcpy(copy, rec.raw.data, rec.raw.len);
    assert_int_equal(nr_record_decode(nr_bytes(copy, rec.raw.len), &rec), 0);
    return rec;
}

/* A new record signed by a node's key behind its core's back. */
static struct nr_record make(const struct sim_node *n, uint8_t kind, int64_t ms, uint32_t lease_s,
                             uint8_t raw[static NR_RECORD_MAX])
{
    static const uint8_t empty_map = 0x80;
    uint8_t sig[NR_SIG_SIZE];
    struct nr_writer w;
    struct nr_record rec;
    struct nr_record_draft draft = {
        .kind = kind,
        .signer = n->key.pub,
        .subject = nr_bytes_str("made-up"),
        .stamp = nr_stamp_make(ms, 0),
        .lease_s = lease_s,
        .body = nr_bytes(&empty_map, 1),
    };
    nr_writer_init(&w, raw, NR_RECORD_MAX);
    nr_record_encode_unsigned(&w, &draft);
    nr_sign(&n->key, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    assert_int_equal(nr_record_decode(nr_writer_bytes(&w), &rec), 0);
    return rec;
}

static uint64_t key_hash(const struct nr_record *rec)
{
    return nr_record_key_hash(rec->kind, rec->signer, rec->subject);
}

/* Index and store: a record lost from the store, and one that only the store has. */
static void sees_store_and_index_differ(void **state)
{
    uint8_t raw[NR_RECORD_MAX];
    (void)state;
    struct sim_world *w = quiet_world();
    struct nr_record rec = record_of(&w->nodes[1], &w->nodes[0], raw);
    assert_int_equal(nr_store_del(w->nodes[1].store, key_hash(&rec), &rec), 0);
    sim_check_node(&w->nodes[1]);
    must_have_failed(w, "in its index");

    w = quiet_world();
    rec = make(&w->nodes[0], NR_KIND_HEARTBEAT, w->wall_base_ms, 86400, raw);
    assert_int_equal(nr_store_put(w->nodes[1].store, key_hash(&rec), &rec), 0);
    sim_check_node(&w->nodes[1]);
    must_have_failed(w, "not in its index");
}

/* A record that lies in the store long after its end, of which the core does not know, or by a clock that others have
 * long confirmed. */
static void sees_the_dead(void **state)
{
    uint8_t raw[NR_RECORD_MAX];
    (void)state;
    struct sim_world *w = quiet_world();
    struct nr_record rec = make(&w->nodes[0], 50, w->wall_base_ms - 60000, 60, raw);
    assert_int_equal(nr_store_put(w->nodes[1].store, key_hash(&rec), &rec), 0);
    sim_check_node(&w->nodes[1]);
    must_have_failed(w, "it knows of 0");

    w = quiet_world();
    sim_world_run(w, 200 * SIM_SECOND);
    struct sim_node *n = &w->nodes[1];
    rec = make(&w->nodes[0], 50, w->wall_base_ms, 60, raw);
    assert_int_equal(nr_store_put(n->store, key_hash(&rec), &rec), 0);
    sim_check_node(n);
    must_have_failed(w, "dead");
}

/* One fingerprint, two sets. */
static void sees_two_sets_under_one_print(void **state)
{
    (void)state;
    struct sim_world *w = quiet_world();
    for (size_t i = 0; i < w->check.set_count; i++) w->check.sets[i] ^= 1;
    sim_check_node(&w->nodes[1]);
    must_have_failed(w, "two sets");
}

/* Saving: forged, dead, ahead of its time, or older than what is held. */
static void sees_bad_saves(void **state)
{
    uint8_t raw[NR_RECORD_MAX];
    (void)state;
    struct sim_world *w = quiet_world();
    struct sim_node *n = &w->nodes[1];
    struct nr_record rec = make(&w->nodes[0], 50, w->wall_base_ms, 86400, raw);
    sim_check_save(n, &rec, sim_node_now(n));
    assert_false(w->failed);
    raw[rec.raw.len - 1] ^= 1;
    sim_check_save(n, &rec, sim_node_now(n));
    must_have_failed(w, "forged");

    w = quiet_world();
    n = &w->nodes[1];
    rec = make(&w->nodes[0], 50, w->wall_base_ms - 60000, 60, raw);
    sim_check_save(n, &rec, sim_node_now(n));
    must_have_failed(w, "dead");

    w = quiet_world();
    n = &w->nodes[1];
    rec = make(&w->nodes[0], 50, sim_node_now(n).wall_ms + 60001, 60, raw);
    sim_check_save(n, &rec, sim_node_now(n));
    must_have_failed(w, "ahead");

    w = quiet_world();
    n = &w->nodes[1];
    rec = make(&w->nodes[0], 50, w->wall_base_ms + 1000, 86400, raw);
    assert_int_equal(nr_store_put(n->store, key_hash(&rec), &rec), 0);
    rec = make(&w->nodes[0], 50, w->wall_base_ms, 86400, raw);
    sim_check_save(n, &rec, sim_node_now(n));
    must_have_failed(w, "goes back");
}

/* Dropping what is alive. */
static void sees_a_living_record_dropped(void **state)
{
    uint8_t raw[NR_RECORD_MAX];
    (void)state;
    struct sim_world *w = quiet_world();
    struct nr_record rec = record_of(&w->nodes[1], &w->nodes[0], raw);
    sim_check_drop(&w->nodes[1], &rec, sim_node_now(&w->nodes[1]));
    must_have_failed(w, "living");
}

/* Signing below the last stamp, and above what is reserved. */
static void sees_stamps_misused(void **state)
{
    uint8_t raw[NR_RECORD_MAX];
    (void)state;
    struct sim_world *w = quiet_world();
    struct sim_node *n = &w->nodes[1];
    struct nr_record rec = make(n, 50, w->wall_base_ms - 1000, 86400, raw);
    sim_check_sign(n, nr_record_signed_part(&rec));
    sim_node_drain(n);
    must_have_failed(w, "not above its last");

    w = quiet_world();
    n = &w->nodes[1];
    rec = make(n, 50, nr_stamp_ms(n->guard.reserved) + 1, 86400, raw);
    sim_check_sign(n, nr_record_signed_part(&rec));
    must_have_failed(w, "not reserved");
}

static struct nr_datagram datagram(const struct sim_node *n, const struct nr_addr *to, uint8_t out[static NR_PLAIN_MAX],
                                   bool hello)
{
    struct nr_writer w;
    struct nr_header h = { .incarnation = n->guard.incarnation, .number = n->guard.number + 1 };
    memcpy(h.sender, n->key.pub, sizeof h.sender);
    nr_writer_init(&w, out, NR_PLAIN_MAX);
    nr_header_encode(&w, &h);
    if (hello) nr_hello_encode(&w, &(struct nr_hello){ .cookie = 1 });
    if (!hello) nr_ping_encode(&w, NR_MSG_PING, 1);
    return (struct nr_datagram){ .to = *to, .plain = nr_writer_bytes(&w) };
}

/* To a stranger: more than came from it, or a second greeting within a second. */
static void sees_strangers_flooded(void **state)
{
    uint8_t out[NR_PLAIN_MAX];
    struct nr_addr stranger = sim_net_spoofed(1);
    (void)state;
    struct sim_world *w = quiet_world();
    struct sim_node *n = &w->nodes[1];
    struct nr_datagram d = datagram(n, &stranger, out, false);
    size_t size = d.plain.len + NR_ENVELOPE_SIZE;
    sim_check_received(n, &stranger, size);
    sim_check_sent(n, &d);
    assert_false(w->failed);
    sim_check_received(n, &stranger, size - 1);
    d = datagram(n, &stranger, out, false);
    sim_check_sent(n, &d);
    must_have_failed(w, "proven nothing");

    w = quiet_world();
    n = &w->nodes[1];
    d = datagram(n, &stranger, out, true);
    sim_check_sent(n, &d);
    assert_false(w->failed);
    d = datagram(n, &stranger, out, true);
    sim_check_sent(n, &d);
    must_have_failed(w, "greets");
}

/* A number sent twice, and a datagram that cannot be read. */
static void sees_bad_datagrams(void **state)
{
    uint8_t out[NR_PLAIN_MAX];
    (void)state;
    struct sim_world *w = quiet_world();
    struct sim_node *n = &w->nodes[1];
    struct nr_addr peer = sim_net_addr(&w->net, 0);
    struct nr_datagram d = datagram(n, &peer, out, false);
    sim_check_sent(n, &d);
    assert_false(w->failed);
    sim_check_sent(n, &d);
    must_have_failed(w, "twice");

    w = quiet_world();
    n = &w->nodes[1];
    peer = sim_net_addr(&w->net, 0);
    d = datagram(n, &peer, out, false);
    d.plain.len--;
    sim_check_sent(n, &d);
    must_have_failed(w, "malformed");
}

/* A committed record that is not there at the next start. */
static void sees_a_committed_write_lost(void **state)
{
    uint8_t raw[NR_RECORD_MAX];
    struct nr_store *s;
    (void)state;
    struct sim_world *w = quiet_world();
    struct sim_node *n = &w->nodes[1];
    struct nr_record rec = record_of(n, n, raw);
    struct nr_store_options options = { 0 };
    sim_node_crash(n, false);
    assert_int_equal(nr_store_open_memory(&s, n->disk, false, &options), 0);
    assert_int_equal(nr_store_del(s, key_hash(&rec), &rec), 0);
    assert_int_equal(nr_store_commit(s), 0);
    nr_store_close(s);
    sim_node_boot(n);
    must_have_failed(w, "lost a committed record");
}

/* Nodes that differ do not agree, and one that lacks what another committed is found. */
static void sees_disagreement(void **state)
{
    (void)state;
    struct sim_world *w = quiet_world();
    for (uint32_t i = 0; i < NODES; i++) sim_net_group(&w->net, i, i);
    assert_int_equal(sim_say_register(&w->nodes[0], "thing", 1, 0), 0);
    sim_world_run(w, SIM_SECOND);
    assert_false(sim_world_equal(w, NULL));
    sim_play_committed(w);
    must_have_failed(w, "has not got");
}

/* Where nodes agree, and a scenario expects no more, what one of them committed is looked for too. */
static void sees_what_all_have_lost(void **state)
{
    static const char text[] = "title t\nwhy w\nnodes 3\nexpect equal within 1s\n";
    static struct sim_script script;
    (void)state;
    assert_int_equal(sim_script_parse(&script, "t", nr_bytes_str(text)), 0);
    struct sim_world *w = quiet_world();
    sim_run(w, &script);
    assert_false(w->failed);
    sim_guard_claim(&w->nodes[1].guard, 1, nr_stamp_make(w->wall_base_ms, 0), w->wall_base_ms + 86400000);
    sim_guard_committed(&w->nodes[1].guard);
    sim_run(w, &script);
    must_have_failed(w, "has not got what node-00001");
}

/* Memory: a set that has grown beyond what lived in it, and a table of peers. */
static void sees_memory_grow(void **state)
{
    (void)state;
    struct sim_world *w = quiet_world();
    w->nodes[1].core->sets[NR_PLANE_HOT].room += 32;
    sim_check_node(&w->nodes[1]);
    must_have_failed(w, "memory of hot records");

    w = quiet_world();
    w->nodes[1].core->roster.room += 100;
    sim_check_node(&w->nodes[1]);
    must_have_failed(w, "memory of peers");
}

/* After a failure the world stands still. */
static void stands_still(void **state)
{
    (void)state;
    struct sim_world *w = quiet_world();
    int64_t now_us = w->now_us;
    sim_fail(w, "broken");
    sim_fail(w, "later");
    sim_world_run(w, SIM_SECOND);
    assert_false(sim_world_step(w));
    assert_int_equal(w->now_us, now_us);
    must_have_failed(w, "broken");
}

static int setup(void **state)
{
    (void)state;
    return nr_crypto_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_store_and_index_differ),
        cmocka_unit_test(sees_the_dead),
        cmocka_unit_test(sees_two_sets_under_one_print),
        cmocka_unit_test(sees_bad_saves),
        cmocka_unit_test(sees_a_living_record_dropped),
        cmocka_unit_test(sees_stamps_misused),
        cmocka_unit_test(sees_strangers_flooded),
        cmocka_unit_test(sees_bad_datagrams),
        cmocka_unit_test(sees_a_committed_write_lost),
        cmocka_unit_test(sees_disagreement),
        cmocka_unit_test(sees_what_all_have_lost),
        cmocka_unit_test(sees_memory_grow),
        cmocka_unit_test(stands_still),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
