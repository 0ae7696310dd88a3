#include "tools/sim/net.h"

#include "tests/unit/nr_test.h"

#define SENT 10000

struct got {
    size_t count;
    size_t early, late, behind; /* out of 20 … 30 ms; not in the order of sending */
    uint32_t last;
    struct nr_addr from;
};

struct fixture {
    struct sim_queue queue;
    struct sim_net net;
    uint32_t a, b;
};

static void begin(struct fixture *f, const struct sim_link *link)
{
    sim_queue_init(&f->queue);
    sim_net_init(&f->net, &f->queue, link, 7);
    f->a = sim_net_add(&f->net);
    f->b = sim_net_add(&f->net);
}

static void end(struct fixture *f)
{
    assert_int_equal(f->net.in_flight, 0);
    sim_net_fini(&f->net);
    sim_queue_fini(&f->queue);
}

static void send_number(struct fixture *f, uint32_t number, uint32_t from, uint32_t to)
{
    struct nr_addr dest = sim_net_addr(&f->net, to);
    uint8_t text[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };
    sim_net_send(&f->net, (int64_t)number * 1000, from, NULL, &dest, nr_bytes(text, sizeof text));
}

static struct got take_all(struct fixture *f, uint32_t endpoint)
{
    struct got got = { 0 };
    struct sim_event e;
    while (sim_queue_take(&f->queue, &e)) {
        const struct sim_packet *p = sim_net_packet(&f->net, e.ref);
        uint32_t number =
            (uint32_t)p->data[0] << 24 | (uint32_t)p->data[1] << 16 | (uint32_t)p->data[2] << 8 | p->data[3];
        int64_t took = e.at_us - (int64_t)number * 1000;
        assert_int_equal(e.node, endpoint);
        assert_int_equal(p->len, 4);
        got.early += took < 20000;
        got.late += took >= 30000;
        got.behind += number < got.last;
        got.last = number;
        got.from = p->from;
        got.count++;
        sim_net_release(&f->net, e.ref);
    }
    return got;
}

/* What is sent arrives once, from its sender, within the link's delay. */
static void delivers(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, &SIM_LINK_DEFAULT);
    for (uint32_t i = 0; i < SENT; i++) send_number(&f, i, f.a, f.b);
    assert_int_equal(f.net.in_flight, SENT);
    struct got got = take_all(&f, f.b);
    struct nr_addr a = sim_net_addr(&f.net, f.a);
    assert_int_equal(got.count, SENT);
    assert_int_equal(got.early + got.late, 0);
    assert_true(got.behind > 0); /* the jitter is wider than the pace */
    assert_true(nr_addr_eq(&got.from, &a));
    end(&f);
}

/* Loss, doubling and holding back happen as often as they are asked for. */
static void loses_doubles_and_reorders(void **state)
{
    struct fixture f;
    struct sim_link link = SIM_LINK_DEFAULT;
    (void)state;
    link.loss_ppm = 300000;
    link.duplicate_ppm = 100000;
    link.reorder_ppm = 50000;
    begin(&f, &link);
    for (uint32_t i = 0; i < SENT; i++) send_number(&f, i, f.a, f.b);
    struct got got = take_all(&f, f.b);
    assert_in_range(f.net.lost, SENT * 28 / 100, SENT * 32 / 100);
    assert_in_range(f.net.doubled, SENT * 6 / 100, SENT * 8 / 100);
    assert_int_equal(got.count, SENT - f.net.lost + f.net.doubled);
    assert_in_range(got.late, SENT * 2 / 100, SENT * 5 / 100);
    end(&f);
}

static void block(struct fixture *f)
{
    struct sim_set from = { 0 };
    struct sim_set to = { 0 };
    sim_set_reset(&from, f->net.endpoint_count);
    sim_set_reset(&to, f->net.endpoint_count);
    sim_set_add(&from, f->a);
    sim_set_add(&to, f->b);
    sim_links_block(&f->net.links, &from, &to, SIM_PPM, 0);
    sim_set_fini(&from);
    sim_set_fini(&to);
}

/* Groups do not hear each other, a block holds one way only, and healing ends both. */
static void cuts_and_heals(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, &SIM_LINK_DEFAULT);
    sim_net_group(&f.net, f.a, 1);
    send_number(&f, 1, f.a, f.b);
    send_number(&f, 1, f.b, f.a);
    assert_int_equal(f.net.cut, 2);
    sim_net_heal(&f.net);
    block(&f);
    send_number(&f, 1, f.a, f.b);
    assert_int_equal(f.net.cut, 3);
    send_number(&f, 1, f.b, f.a);
    assert_int_equal(take_all(&f, f.a).count, 1);
    sim_net_heal(&f.net);
    send_number(&f, 1, f.a, f.b);
    assert_int_equal(take_all(&f, f.b).count, 1);
    end(&f);
}

/* Who has moved is reached at the new address and not at the old one; an address of nobody leads nowhere. */
static void moves(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, &SIM_LINK_DEFAULT);
    struct nr_addr old = sim_net_addr(&f.net, f.b);
    struct nr_addr nobody = sim_net_spoofed(3);
    sim_net_move(&f.net, f.b);
    struct nr_addr now = sim_net_addr(&f.net, f.b);
    assert_false(nr_addr_eq(&old, &now));
    sim_net_send(&f.net, 0, f.a, NULL, &old, nr_bytes("gone", 4));
    sim_net_send(&f.net, 0, f.a, NULL, &nobody, nr_bytes("gone", 4));
    assert_int_equal(f.net.astray, 2);
    sim_net_send(&f.net, 0, f.a, &nobody, &now, nr_bytes("\0\0\0\0", 4));
    struct got got = take_all(&f, f.b);
    assert_int_equal(got.count, 1);
    assert_true(nr_addr_eq(&got.from, &nobody));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivers),
        cmocka_unit_test(loses_doubles_and_reorders),
        cmocka_unit_test(cuts_and_heals),
        cmocka_unit_test(moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
