/* What goes out anyhow is shared (proto/README.md C.4, C.7.1): a datagram costs more than most messages in it. */
#include "unit/core_fixture.h"

#include "proto/message.h"

#define PEERS 4

static int setup(void **state)
{
    static struct fix f;
    *state = &f;
    return 0;
}

/* Datagrams that carry each, and those of them that carry a PROBE too. */
struct shared {
    size_t pushes, pulls, probes, pushes_along, pulls_along;
    size_t woken; /* how often a timer ran out */
};

static bool count_shared(struct fix *f, struct fix_peer *from, const struct nr_datagram *d)
{
    struct shared *s = f->filter_arg;
    struct nr_reader r;
    struct nr_header h;
    struct nr_message m;
    bool has[NR_MSG_TYPES] = { false };
    (void)from;
    nr_reader_init(&r, d->plain);
    nr_header_decode(&r, &h);
    while (nr_message_next(&r, &m))
        if (m.type < NR_MSG_TYPES) has[m.type] = true;
    s->probes += has[NR_MSG_PROBE];
    s->pushes += has[NR_MSG_PUSH];
    s->pulls += has[NR_MSG_PULL];
    s->pushes_along += has[NR_MSG_PUSH] && has[NR_MSG_PROBE];
    s->pulls_along += has[NR_MSG_PULL] && has[NR_MSG_PROBE];
    return true;
}

static void run_quietly(struct fix *f, struct shared *s, int64_t ms)
{
    fix_init(f, PEERS);
    for (size_t i = 0; i < PEERS; i++) fix_register(f, i, f->peers[i].id);
    fix_until(f, 10000, fix_all_equal, NULL, "all equal");
    fix_run_ms(f, 60000);
    *s = (struct shared){ 0 };
    f->filter = count_shared;
    f->filter_arg = s;
    size_t woken = f->woken;
    fix_run_ms(f, ms);
    s->woken = f->woken - woken;
    fix_fini(f);
}

/* Where each observes each, every heartbeat that is pushed and every PULL goes out with a PROBE, which comes no more
 * often for it. */
static void test_share_with_probes(void **state)
{
    struct shared s;
    run_quietly(*state, &s, 300000);
    assert_true(s.pushes >= PEERS * (PEERS - 1) * 29 && s.pulls >= PEERS * 80);
    assert_int_equal(s.pushes_along, s.pushes);
    assert_int_equal(s.pulls_along, s.pulls);
    assert_in_range(s.probes, PEERS * (PEERS - 1) * (300000 / 1650 - 1), PEERS * (PEERS - 1) * (300000 / 1350 + 1));
}

/* What need not be done to the moment is done with what does: an idle peer is woken 8 times in 3 s by its timers, at
 * most. */
static void test_seldom_woken(void **state)
{
    struct shared s;
    run_quietly(*state, &s, 300000);
    assert_in_range(s.woken, 1, PEERS * 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup(test_share_with_probes, setup),
                                        cmocka_unit_test_setup(test_seldom_woken, setup) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
