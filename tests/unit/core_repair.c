/* What a repair between two cores costs. */
#include "unit/core_fixture.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    static struct fix f;
    *state = &f;
    return 0;
}

/* Counts what travels beside the record itself, envelopes included. */
struct cost {
    size_t bytes, datagrams;
    bool on;
};

static bool count_cost(struct fix *f, struct fix_peer *from, const struct nr_datagram *d)
{
    struct cost *c = f->filter_arg;
    (void)from;
    if (c->on) c->bytes += d->plain.len + NR_ENVELOPE_SIZE;
    if (c->on) c->datagrams++;
    return true;
}

/* One differing record among 10,000 is repaired with at most 1.1 KB beside the record and in three round trips. */
static void test_repair_cost(void **state)
{
    struct fix *f = *state;
    uint8_t raw[NR_RECORD_MAX];
    struct cost cost = { 0 };
    size_t len = 0;
    fix_init(f, 2);
    fix_stop(f, 0);
    fix_stop(f, 1);
    for (int i = 0; i < 10000; i++) {
        char id[16];
        struct nr_record rec;
        snprintf(id, sizeof id, "node-%d", i);
        len = fix_make_node(&f->peers[0], id, nr_stamp_make(FIX_START_MS, (uint16_t)i), raw);
        assert_int_equal(nr_record_decode(nr_bytes(raw, len), &rec), 0);
        fix_store(&f->peers[0], &rec);
        if (i < 9999) fix_store(&f->peers[1], &rec);
    }
    f->filter = count_cost;
    f->filter_arg = &cost;
    fix_start(f, 0);
    fix_start(f, 1);
    f->peers[0].cut = true;
    fix_run_ms(f, 10);
    f->peers[0].cut = false;
    cost.on = true;
    fix_until(f, 5000, fix_all_equal, NULL, "repaired");
    const struct nr_core_stats *a = nr_core_stats(f->peers[0].core), *b = nr_core_stats(f->peers[1].core);
    uint64_t handshake = 3 * (NR_HELLO_SIZE + NR_MESSAGE_HEAD + NR_HEADER_SIZE + NR_ENVELOPE_SIZE);
    uint64_t walk = a->message_bytes_out[NR_MSG_WALK] + b->message_bytes_out[NR_MSG_WALK] +
                    a->message_bytes_out[NR_MSG_PAGE] + b->message_bytes_out[NR_MSG_PAGE];
    assert_int_equal(a->records_accepted + b->records_accepted, 1);
    print_message("repair of one in 10,000: %zu bytes beside the record of %zu\n",
                  (size_t)(cost.bytes - handshake - walk - len), len);
    assert_true(cost.bytes - handshake - walk - len <= 1100);
    assert_true(cost.datagrams <= 3 + 6);
    fix_fini(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repair_cost),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
