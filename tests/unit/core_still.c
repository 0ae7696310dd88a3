/* A peer that stood still has missed what was said meanwhile, and that others gave up their paths to it
 * (proto/README.md C.1.4, C.4). */
#include "unit/core_fixture.h"

#include "core/state.h"

#include <stdlib.h>

#define PEERS    12
#define STILL    0 /* who stands still */
#define FAITHFUL 1 /* who alone keeps the path to it */

/* What the one that stood still asks of whom. */
struct asked {
    bool greets;      /* its HELLOs are let through */
    bool no_pongs;    /* none comes to it */
    size_t of_others; /* WALKs and PULLs to those that have no path to it */
    size_t of_faithful;
};

static bool note(struct fix *f, struct fix_peer *from, const struct nr_datagram *d)
{
    struct asked *a = f->filter_arg;
    struct nr_reader r;
    struct nr_header h;
    struct nr_message m;
    bool mine = from == &f->peers[STILL], passes = true;
    nr_reader_init(&r, d->plain);
    nr_header_decode(&r, &h);
    while (nr_message_next(&r, &m)) {
        if (m.type == NR_MSG_HELLO && !(mine && a->greets)) passes = false;
        if (m.type == NR_MSG_PONG && !mine && a->no_pongs) passes = false;
        if (!mine || (m.type != NR_MSG_WALK && m.type != NR_MSG_PULL)) continue;
        ++*(nr_addr_eq(&d->to, &f->peers[FAITHFUL].addr) ? &a->of_faithful : &a->of_others);
    }
    return passes;
}

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    fix_init(f, PEERS);
    for (size_t i = 0; i < PEERS; i++) fix_register(f, i, f->peers[i].id);
    fix_until(f, 10000, fix_all_equal, NULL, "all equal");
    fix_run_ms(f, 30000);
    f->peers[STILL].still = true;
    for (size_t i = FAITHFUL + 1; i < PEERS; i++) { /* so they have no path to it any more */
        fix_stop(f, i);
        fix_start(f, i);
        fix_register(f, i, f->peers[i].id);
    }
    fix_run_ms(f, 15000);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fix_fini(*state);
    free(*state);
    return 0;
}

static uint64_t beat_at(struct fix *f, size_t at, size_t of)
{
    uint64_t stamp = 0, id = 0;
    const struct fix_peer *p = &f->peers[at];
    uint64_t key_hash = fix_key_hash(&f->peers[of], NR_KIND_HEARTBEAT, f->peers[of].id);
    assert_true(nr_core_lookup(p->core, fix_now(f, p), key_hash, &stamp, &id));
    return stamp;
}

static bool caught_up(struct fix *f, void *unused)
{
    (void)unused;
    for (size_t i = 0; i < PEERS; i++)
        if (beat_at(f, STILL, i) < beat_at(f, FAITHFUL, i)) return false;
    return true;
}

static bool all_have_paths(struct fix *f, void *unused)
{
    struct nr_peer_info peer;
    size_t there = 0;
    (void)unused;
    for (size_t i = 0; nr_core_next_peer(f->peers[STILL].core, &i, &peer);)
        for (size_t k = 0; k < PEERS; k++)
            if (memcmp(peer.key, f->peers[k].key.pub, NR_KEY_SIZE) == 0)
                there += peer.incarnation == nr_core_incarnation(f->peers[k].core);
    return there == PEERS - 1;
}

static void wakes(struct fix *f, struct asked *a)
{
    assert_false(caught_up(f, NULL));
    f->filter = note;
    f->filter_arg = a;
    f->peers[STILL].still = false;
}

/* It walks, and pulls from, those only who have answered since, at once; and makes the paths anew that others gave up
 * while it did not hear their BYE. */
static void asks_who_answers(void **state)
{
    struct fix *f = *state;
    struct asked a = { 0 };
    wakes(f, &a);
    fix_until(f, 100, caught_up, NULL, "all heartbeats that were missed");
    fix_run_ms(f, 2000);
    assert_true(a.of_faithful > 1);
    assert_int_equal(a.of_others, 0);
    a.greets = true;
    fix_until(f, 2500, all_have_paths, NULL, "paths to all");
}

/* Where every PONG is lost, anything that a neighbour says will do. */
static void asks_who_speaks(void **state)
{
    struct fix *f = *state;
    struct asked a = { .no_pongs = true };
    wakes(f, &a);
    fix_until(f, 3000, caught_up, NULL, "all heartbeats that were missed");
    assert_int_equal(a.of_others, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(asks_who_answers, setup, teardown),
                                        cmocka_unit_test_setup_teardown(asks_who_speaks, setup, teardown) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
