/* Telling newcomers of others (proto/README.md C.2.3 to C.2.5), and what a hostile REFER cannot do (D.5). */
#include "unit/core_fixture.h"

#include <stdio.h>
#include <string.h>

#include "proto/message.h"

#define FAR       192 /* first byte of the addresses at which nobody is */
#define FAR_SEEDS 64

static int setup(void **state)
{
    static struct fix f;
    *state = &f;
    return 0;
}

static bool all_met(struct fix *f, void *unused)
{
    (void)unused;
    for (size_t i = 0; i < f->count; i++)
        if (nr_core_peer_count(f->peers[i].core) < f->count - 1) return false;
    return true;
}

/* Who joins through one seed has met everybody, and knows everybody, well before a tick of any timer. */
static void test_join_at_once(void **state)
{
    struct fix *f = *state;
    fix_init(f, 8);
    for (size_t i = 0; i < f->count; i++) fix_stop(f, i);
    for (size_t i = 0; i < f->count; i++) {
        fix_start(f, i);
        fix_register(f, i, f->peers[i].id);
    }
    fix_until(f, 150, all_met, NULL, "all have met");
    fix_until(f, 50, fix_all_equal, NULL, "all equal");
    assert_true(nr_core_stats(f->peers[0].core)->messages_out[NR_MSG_REFER] >= 6);
    fix_fini(f);
}

/* How often each far address was sent a HELLO. */
struct hellos {
    size_t to[4][256];
    size_t all, addresses;
};

static bool count_hellos(struct fix *f, struct fix_peer *from, const struct nr_datagram *d)
{
    struct hellos *h = f->filter_arg;
    (void)from;
    if (d->to.ip[0] != FAR) return true;
    h->all++;
    h->addresses += h->to[d->to.ip[2]][d->to.ip[3]]++ == 0;
    return true;
}

/* A REFER in the name of one peer to another, over their path: 32 addresses that nobody has told yet. */
static void say_refer(struct fix *f, size_t from, size_t to, uint8_t run, size_t cut)
{
    uint8_t plain[NR_PLAIN_MAX];
    struct nr_addr addrs[NR_REFER_MAX];
    struct nr_writer w;
    struct nr_core *core = f->peers[from].core;
    struct nr_header h = { .incarnation = nr_core_incarnation(core),
                           .number = nr_core_stats(core)->datagrams_out + 100 + run,
                           .fingerprint = nr_core_fingerprint(core) };
    memcpy(h.sender, f->peers[from].key.pub, sizeof h.sender);
    for (size_t i = 0; i < NR_REFER_MAX; i++)
        addrs[i] =
            (struct nr_addr){ .family = 4, .ip = { FAR, 0, run / 8, (uint8_t)(run % 8 * 32 + i) }, .port = 9206 };
    nr_writer_init(&w, plain, sizeof plain);
    nr_header_encode(&w, &h);
    nr_refer_encode(&w, addrs, NR_REFER_MAX);
    struct nr_bytes all = nr_writer_bytes(&w);
    plain[NR_HEADER_SIZE + 2] = (uint8_t)(plain[NR_HEADER_SIZE + 2] - cut);
    nr_core_receive(f->peers[to].core, fix_now(f, &f->peers[to]), &f->peers[from].addr,
                    nr_bytes(all.data, all.len - cut));
}

static void begin(struct fix *f, struct hellos *h)
{
    memset(h, 0, sizeof *h);
    fix_init(f, 2);
    fix_until(f, 1000, fix_all_equal, NULL, "equal");
    f->filter = count_hellos;
    f->filter_arg = h;
}

/* What a peer tells that this one chose is greeted: at once, each address once, and one REFER is all that counts. */
static void test_told_once(void **state)
{
    struct fix *f = *state;
    static struct hellos h;
    begin(f, &h);
    say_refer(f, 0, 1, 0, 0);
    fix_run_ms(f, 100);
    assert_true(h.all >= 4);
    for (uint8_t run = 1; run < 30; run++) {
        say_refer(f, 0, 1, run, 0);
        fix_run_ms(f, 1000);
    }
    assert_int_equal(h.addresses, NR_REFER_MAX);
    assert_int_equal(h.all, NR_REFER_MAX);
    for (size_t i = 0; i < NR_REFER_MAX; i++) assert_int_equal(h.to[0][i], 1);
    fix_fini(f);
}

/* Who came by itself directs nobody. */
static void test_uninvited(void **state)
{
    struct fix *f = *state;
    static struct hellos h;
    begin(f, &h);
    say_refer(f, 1, 0, 0, 0);
    fix_run_ms(f, 5000);
    assert_int_equal(h.all, 0);
    assert_int_equal(nr_core_stats(f->peers[0].core)->messages_in[NR_MSG_REFER], 1);
    fix_fini(f);
}

/* A malformed REFER is counted, and uses up nothing. */
static void test_malformed(void **state)
{
    struct fix *f = *state;
    static struct hellos h;
    begin(f, &h);
    uint64_t before = nr_core_stats(f->peers[1].core)->datagrams_malformed;
    say_refer(f, 0, 1, 0, 5);
    fix_run_ms(f, 1000);
    assert_int_equal(h.all, 0);
    assert_int_equal(nr_core_stats(f->peers[1].core)->datagrams_malformed, before + 1);
    say_refer(f, 0, 1, 1, 0);
    fix_run_ms(f, 1000);
    assert_true(h.all > 0);
    fix_fini(f);
}

/* All that many tell together is bounded: 64 addresses at once, one a second. */
static void test_bounded_in_all(void **state)
{
    struct fix *f = *state;
    static struct hellos h;
    memset(&h, 0, sizeof h);
    fix_init(f, 6);
    fix_until(f, 1000, fix_all_equal, NULL, "equal");
    f->filter = count_hellos;
    f->filter_arg = &h;
    for (uint8_t round = 0; round < 4; round++)
        for (uint8_t i = 0; i < 5; i++) {
            say_refer(f, i, 5, (uint8_t)(round * 5 + i), 0);
            fix_run_ms(f, 500);
        }
    assert_true(h.all > 0);
    assert_true(h.addresses <= 64 + 10 && h.all == h.addresses);
    fix_fini(f);
}

/* Far seeds, each time others: the pace of HELLOs is used up on them. */
static void seek_far(struct fix *f, size_t who, uint8_t row)
{
    struct nr_addr seeds[FAR_SEEDS];
    for (size_t i = 0; i < FAR_SEEDS; i++)
        seeds[i] = (struct nr_addr){ .family = 4, .ip = { FAR, 0, row, (uint8_t)i }, .port = 9206 };
    nr_core_set_seeds(f->peers[who].core, seeds, FAR_SEEDS);
    fix_run_ms(f, 500);
}

/* An address that was told is not given up where the pace of HELLOs bids it wait. */
static void test_paced(void **state)
{
    struct fix *f = *state;
    static struct hellos h;
    size_t told = 0;
    begin(f, &h);
    for (uint8_t row = 1; row < 4; row++) seek_far(f, 1, row);
    assert_true(h.all > 64);
    say_refer(f, 0, 1, 0, 0);
    fix_run_ms(f, 10000);
    for (size_t i = 0; i < NR_REFER_MAX; i++) told += h.to[0][i] > 0;
    assert_int_equal(told, NR_REFER_MAX);
    fix_fini(f);
}

/* The NODE record of a peer that nobody knows. */
static struct nr_bytes make_newcomer(const struct fix *f, uint8_t number, uint8_t raw[static NR_RECORD_MAX])
{
    uint8_t body[256], sig[NR_SIG_SIZE], seed[32] = { number, 1 };
    char name[16];
    struct nr_keypair key;
    struct nr_writer w, b;
    struct nr_node_body node = {
        .self = true, .hostname = nr_bytes_str("h"), .role = nr_bytes_str("worker"), .gossip_count = 1
    };
    node.gossip[0] = (struct nr_addr){ .family = 4, .ip = { FAR, 0, 0, number }, .port = 9206 };
    nr_keypair_from_seed(&key, seed);
    snprintf(name, sizeof name, "new-%d", number);
    nr_writer_init(&b, body, sizeof body);
    nr_node_body_encode(&b, &node);
    const struct nr_record_draft draft = { .kind = NR_KIND_NODE,
                                           .signer = key.pub,
                                           .subject = nr_bytes_str(name),
                                           .stamp = (uint64_t)fix_now(f, &f->peers[0]).wall_ms << 16,
                                           .lease_s = 3600,
                                           .body = nr_writer_bytes(&b) };
    nr_writer_init(&w, raw, NR_RECORD_MAX);
    nr_record_encode_unsigned(&w, &draft);
    nr_sign(&key, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    assert_false(w.err || b.err);
    return nr_writer_bytes(&w);
}

/* It comes to one peer from another, over their path. */
static void say_newcomer(struct fix *f, size_t from, size_t to, uint8_t number)
{
    uint8_t plain[NR_PLAIN_MAX], raw[NR_RECORD_MAX];
    struct nr_core *core = f->peers[from].core;
    struct nr_header h = { .incarnation = nr_core_incarnation(core),
                           .number = nr_core_stats(core)->datagrams_out + 500 + number,
                           .fingerprint = nr_core_fingerprint(core) };
    struct nr_writer w;
    memcpy(h.sender, f->peers[from].key.pub, sizeof h.sender);
    nr_writer_init(&w, plain, sizeof plain);
    nr_header_encode(&w, &h);
    nr_push_encode(&w, &(struct nr_push){ .hops = 1, .record = make_newcomer(f, number, raw) });
    assert_false(w.err);
    nr_core_receive(f->peers[to].core, fix_now(f, &f->peers[to]), &f->peers[from].addr, nr_writer_bytes(&w));
}

/* One newcomer is told of at once. Of those who join together others are told together, and within 100 ms. */
static void test_introduced_together(void **state)
{
    struct fix *f = *state;
    fix_init(f, 3);
    fix_until(f, 1000, fix_all_equal, NULL, "equal");
    fix_run_ms(f, 2000);
    const struct nr_core_stats *here = nr_core_stats(f->peers[0].core), *there = nr_core_stats(f->peers[2].core);
    uint64_t announced = here->messages_out[NR_MSG_ANNOUNCE], held = there->held[NR_COUNTED_NODE];
    say_newcomer(f, 1, 0, 1);
    fix_run_ms(f, 1);
    assert_int_equal(there->held[NR_COUNTED_NODE], held + 1);
    assert_int_equal(here->messages_out[NR_MSG_ANNOUNCE], announced + 2); /* to both neighbours */
    for (uint8_t i = 2; i <= 60; i++) {
        say_newcomer(f, 1, 0, i);
        fix_run_ms(f, 1);
    }
    fix_run_ms(f, 100);
    assert_int_equal(there->held[NR_COUNTED_NODE], held + 60);
    assert_true(here->messages_out[NR_MSG_ANNOUNCE] < announced + 2 * (60 / 3));
    fix_fini(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_at_once),        cmocka_unit_test(test_told_once),
        cmocka_unit_test(test_uninvited),           cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_bounded_in_all),      cmocka_unit_test(test_paced),
        cmocka_unit_test(test_introduced_together),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
