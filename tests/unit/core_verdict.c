/* Observers, doubts and verdicts between a few peers (proto/README.md A.9, C.7). */
#include "unit/core_fixture.h"

#include "proto/message.h"

#include <string.h>

static int setup(void **state)
{
    static struct fix f;
    *state = &f;
    return 0;
}

static void begin(struct fix *f, size_t count)
{
    fix_init(f, count);
    for (size_t i = 0; i < count; i++) fix_register(f, i, f->peers[i].id);
    fix_until(f, 10000, fix_all_equal, NULL, "all equal after registering");
    fix_run_ms(f, 5000);
}

static struct nr_standing standing(struct fix *f, size_t reader, size_t of)
{
    struct nr_standing s;
    struct fix_peer *p = &f->peers[reader];
    assert_int_equal(nr_core_standing(p->core, fix_now(f, p), nr_bytes_str(f->peers[of].id), &s), 0);
    return s;
}

/* Whether all others that run and are not cut take the last one for gone. */
static bool last_is_gone(struct fix *f, void *want)
{
    for (size_t i = 0; i + 1 < f->count; i++)
        if (f->peers[i].core && !f->peers[i].cut && standing(f, i, f->count - 1).gone != *(bool *)want) return false;
    return true;
}

static bool yes = true, no = false;

/* Every peer has the observers that its number allows, all of them watch it, and everybody ranks alike. */
static void everybody_is_observed(void **state)
{
    static const size_t quorums[] = { 1, 2, 2, 3, 3 };
    struct fix *f = *state;
    for (size_t count = 2; count <= 6; count++) {
        begin(f, count);
        size_t observing = count - 1 < NR_OBSERVERS_MAX ? count - 1 : NR_OBSERVERS_MAX, watching = 0;
        struct nr_standing first = standing(f, 0, count - 1);
        assert_int_equal(first.observing, observing);
        assert_int_equal(first.quorum, quorums[count - 2]);
        for (size_t i = 0; i + 1 < count; i++) {
            struct nr_standing s = standing(f, i, count - 1);
            assert_memory_equal(s.observers, first.observers, NR_KEY_SIZE);
            assert_true(s.peer && !s.gone && s.heard_us >= 0 && s.has_offset && s.clock_offset_ms == 0);
            assert_int_equal(s.observer, s.watches);
            watching += s.watches;
        }
        assert_int_equal(watching, observing);
        fix_fini(f);
    }
}

/* A dead peer is gone for all in 4 s, at any small number; its return takes that back at once. */
static void the_dead_are_gone(void **state)
{
    struct fix *f = *state;
    for (size_t count = 2; count <= 8; count += count < 3 ? 1 : 2) {
        begin(f, count);
        fix_stop(f, count - 1);
        fix_until(f, 4000, last_is_gone, &yes, "gone for all");
        struct nr_standing s = standing(f, 0, count - 1);
        assert_true(s.counted >= s.quorum && s.until_ms > fix_now(f, &f->peers[0]).wall_ms);
        assert_int_equal(f->peers[0].last_event[NR_EVENT_JUDGED].until_ms, s.until_ms);
        fix_start(f, count - 1);
        fix_register(f, count - 1, f->peers[count - 1].id);
        fix_until(f, 3000, last_is_gone, &no, "back for all");
        assert_int_equal(f->peers[0].last_event[NR_EVENT_JUDGED].until_ms, 0);
        fix_fini(f);
    }
}

/* Who dies a tenth of a second after a start is gone in 4 s too (6 s where there are but two): at its first, and at
 * each return, long before a minute is over. */
static void who_has_just_started_is_watched(void **state)
{
    struct fix *f = *state;
    for (size_t count = 2; count <= 8; count += count < 3 ? 1 : 5) {
        size_t last = count - 1;
        fix_init(f, count);
        fix_stop(f, last);
        for (size_t i = 0; i < last; i++) fix_register(f, i, f->peers[i].id);
        fix_run_ms(f, 15000);
        for (int life = 0; life < 4; life++) {
            fix_start(f, last);
            fix_register(f, last, f->peers[last].id);
            fix_run_ms(f, 100);
            assert_false(standing(f, 0, last).gone);
            fix_stop(f, last);
            fix_until(f, count == 2 ? 6000 : 4000, last_is_gone, &yes, "gone for all");
        }
        fix_fini(f);
    }
}

/* A datagram over the path that peer `from` has to peer `to`, begun and delivered. */
static void begin_datagram(struct fix *f, size_t from, struct nr_writer *w, uint8_t plain[static NR_PLAIN_MAX])
{
    static uint64_t number = 1 << 20;
    struct nr_header h = { .incarnation = nr_core_incarnation(f->peers[from].core), .number = ++number };
    memcpy(h.sender, f->peers[from].key.pub, sizeof h.sender);
    nr_writer_init(w, plain, NR_PLAIN_MAX);
    nr_header_encode(w, &h);
}

static void deliver(struct fix *f, size_t from, size_t to, const struct nr_writer *w)
{
    struct fix_peer *p = &f->peers[to];
    nr_core_receive(p->core, fix_now(f, p), &f->peers[from].addr, nr_writer_bytes(w));
}

static void push_hops(struct fix *f, size_t from, size_t to, uint8_t hops, struct nr_bytes raw)
{
    uint8_t plain[NR_PLAIN_MAX];
    struct nr_writer w;
    begin_datagram(f, from, &w, plain);
    nr_push_encode(&w, &(struct nr_push){ .hops = hops, .record = raw });
    deliver(f, from, to, &w);
}

static void push(struct fix *f, size_t from, size_t to, const uint8_t *raw, size_t len)
{
    push_hops(f, from, to, 3, nr_bytes(raw, len));
}

static bool at_once(struct fix *f, void *unused)
{
    (void)f;
    (void)unused;
    return true;
}

/* A PROBE that comes before its sender's NODE record counts when that comes. */
static void a_probe_may_come_first(void **state)
{
    struct fix *f = *state;
    uint8_t plain[NR_PLAIN_MAX];
    struct nr_writer w;
    fix_init(f, 3);
    for (size_t i = 0; i < 2; i++) fix_register(f, i, f->peers[i].id);
    fix_run_ms(f, 5000);
    begin_datagram(f, 2, &w, plain);
    nr_probe_encode(&w, 1500);
    deliver(f, 2, 0, &w);
    fix_register(f, 2, f->peers[2].id);
    fix_until(f, 0, at_once, NULL, "what is under way arrives, and no timer runs");
    assert_true(standing(f, 0, 2).watches);
    assert_false(standing(f, 1, 2).watches);
    fix_run_ms(f, 10);
    assert_true(standing(f, 1, 2).watches); /* who becomes a peer chooses at once */
    fix_fini(f);
}

/* An observer that has started anew is told at once whom it watches. */
static void an_observer_starts_anew(void **state)
{
    struct fix *f = *state;
    begin(f, 3);
    fix_stop(f, 0);
    fix_run_ms(f, 500);
    fix_start(f, 0);
    fix_run_ms(f, 50);
    assert_true(standing(f, 0, 1).watches && standing(f, 0, 2).watches);
    fix_fini(f);
}

/* A life that was called gone is not called so again for a minute. */
static void who_was_called_gone_is_held(void **state)
{
    struct fix *f = *state;
    begin(f, 5);
    for (int turn = 0; turn < 2; turn++) {
        f->peers[4].cut = true;
        fix_until(f, turn ? 60000 : 4000, last_is_gone, &yes, "gone for the others");
        f->peers[4].cut = false;
        fix_until(f, 5000, last_is_gone, &no, "back for all");
        fix_run_ms(f, 3000);
        f->peers[4].cut = true;
        fix_run_ms(f, 40000);
        assert_false(standing(f, 0, 4).gone);
    }
    fix_fini(f);
}

/* Who is cut off from two or more others calls none of them gone, and is taken back soon after. */
static void who_is_cut_off_judges_nobody(void **state)
{
    struct fix *f = *state;
    begin(f, 4);
    f->peers[3].cut = true;
    fix_until(f, 4000, last_is_gone, &yes, "gone for the others");
    fix_run_ms(f, 60000);
    for (size_t i = 0; i < 3; i++) assert_false(standing(f, 3, i).gone);
    assert_int_equal(nr_core_stats(f->peers[3].core)->verdicts_made, 0);
    f->peers[3].cut = false;
    fix_until(f, 5000, last_is_gone, &no, "back for all");
    fix_fini(f);
}

/* Two that lose each other each take the other for gone, and back within 2 s. */
static void two_alone(void **state)
{
    struct fix *f = *state;
    begin(f, 2);
    f->peers[1].cut = true;
    fix_run_ms(f, 30000);
    assert_true(standing(f, 0, 1).gone && standing(f, 1, 0).gone);
    f->peers[1].cut = false;
    fix_run_ms(f, 2000);
    assert_false(standing(f, 0, 1).gone || standing(f, 1, 0).gone);
    fix_fini(f);
}

/* A verdict stands when its observer starts anew, and ends with its lease. */
static void verdicts_outlive_a_restart(void **state)
{
    struct fix *f = *state;
    begin(f, 3);
    fix_stop(f, 2);
    fix_until(f, 4000, last_is_gone, &yes, "gone for all");
    fix_stop(f, 0);
    fix_run_ms(f, 200);
    fix_start(f, 0);
    fix_run_ms(f, 100);
    assert_true(standing(f, 0, 2).gone);
    fix_run_ms(f, (NR_VERDICT_LEASE_S + 5) * 1000);
    assert_false(standing(f, 0, 2).gone);
    assert_int_equal(f->peers[0].last_event[NR_EVENT_JUDGED].until_ms, 0);
    fix_fini(f);
}

/* As a sealed insider would send it. */
static size_t sign(const struct fix_peer *signer, uint8_t kind, const struct fix_peer *about, uint64_t stamp,
                   struct nr_bytes body, uint8_t *raw)
{
    uint8_t sig[NR_SIG_SIZE];
    struct nr_writer w;
    struct nr_record_draft draft = { .kind = kind,
                                     .signer = signer->key.pub,
                                     .subject = nr_bytes_str(about->id),
                                     .stamp = stamp,
                                     .lease_s = kind == NR_KIND_NODE ? 86400 : NR_VERDICT_LEASE_S,
                                     .body = body };
    nr_writer_init(&w, raw, 1024);
    nr_record_encode_unsigned(&w, &draft);
    nr_sign(&signer->key, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    return nr_writer_len(&w);
}

static size_t make_verdict(const struct fix_peer *signer, const struct fix_peer *about, uint64_t stamp, uint8_t *raw)
{
    uint8_t body[64];
    struct nr_writer b;
    nr_writer_init(&b, body, sizeof body);
    nr_verdict_body_encode(&b, &(struct nr_verdict_body){ .key = about->key.pub, .since_ms = 1 });
    return sign(signer, NR_KIND_VERDICT, about, stamp, nr_writer_bytes(&b), raw);
}

static size_t make_heartbeat(const struct fix_peer *signer, uint64_t stamp, uint8_t *raw)
{
    uint8_t body[64];
    struct nr_writer b;
    nr_writer_init(&b, body, sizeof body);
    nr_heartbeat_body_encode(&b, &(struct nr_heartbeat_body){ .interval_ms = 10000 });
    return sign(signer, NR_KIND_HEARTBEAT, signer, stamp, nr_writer_bytes(&b), raw);
}

static size_t make_node(const struct fix_peer *signer, uint64_t stamp, uint8_t *raw)
{
    uint8_t body[256];
    struct nr_writer b;
    struct nr_node_body node = {
        .self = true, .hostname = nr_bytes_str("h"), .role = nr_bytes_str("worker"), .gossip_count = 1
    };
    node.gossip[0] = signer->addr;
    nr_writer_init(&b, body, sizeof body);
    nr_node_body_encode(&b, &node);
    return sign(signer, NR_KIND_NODE, signer, stamp, nr_writer_bytes(&b), raw);
}

static uint64_t stamp_now(struct fix *f)
{
    return nr_stamp_make(fix_now(f, &f->peers[0]).wall_ms + 1000, 0);
}

/* A.9.5: of a key that ranks low, of a stranger and about a stranger it is refused, and changes nothing. */
static void who_does_not_rank_is_refused(void **state)
{
    struct fix *f = *state;
    uint8_t raw[1024];
    struct fix_peer stranger = { .id = "stranger" };
    begin(f, 11);
    nr_keypair_from_seed(&stranger.key, (uint8_t[32]){ 99 });
    struct nr_standing s = standing(f, 0, 1);
    size_t refused = 0;
    for (size_t i = 2; i < f->count; i++) {
        bool ranks = false;
        for (size_t k = 0; k < s.observer_count; k++)
            ranks |= memcmp(s.observers[k].key, f->peers[i].key.pub, NR_KEY_SIZE) == 0;
        if (ranks) continue;
        push(f, 2, 0, raw, make_verdict(&f->peers[i], &f->peers[1], stamp_now(f), raw));
        assert_int_equal(nr_core_stats(f->peers[0].core)->records_denied, ++refused);
    }
    assert_true(refused > 0);
    push(f, 2, 0, raw, make_verdict(&stranger, &f->peers[1], stamp_now(f), raw));
    push(f, 2, 0, raw, make_verdict(&f->peers[2], &stranger, stamp_now(f), raw));
    assert_int_equal(nr_core_stats(f->peers[0].core)->records_denied, refused + 2);
    assert_int_equal(nr_core_record_count(f->peers[0].core, NR_PLANE_BRIEF), 0);
    fix_fini(f);
}

/* One observer that lies calls nobody gone: the node overrules it at once, and an old verdict does not count. */
static void one_liar_is_overruled(void **state)
{
    struct fix *f = *state;
    uint8_t raw[1024];
    begin(f, 5);
    uint64_t stamp = stamp_now(f);
    size_t len = make_verdict(&f->peers[2], &f->peers[1], stamp, raw);
    push(f, 2, 0, raw, len);
    assert_true(standing(f, 0, 1).counted == 1 && !standing(f, 0, 1).gone);
    push(f, 2, 1, raw, len);
    fix_run_ms(f, 10);
    struct nr_standing s = standing(f, 0, 1);
    assert_true(s.counted == 0 && s.heartbeat_stamp > stamp);
    size_t said = 0;
    for (size_t i = 0; i < s.observer_count; i++) said += s.observers[i].said;
    assert_int_equal(said, 1);
    fix_fini(f);
}

/* Of a peer that is not known yet a heartbeat may come before the NODE record, which can be hours old: it is a
 * candidate by the newest of both. */
static void a_heartbeat_may_come_first(void **state)
{
    struct fix *f = *state;
    uint8_t raw[1024];
    fix_init(f, 3);
    f->peers[2].cut = true;
    for (size_t i = 0; i < 2; i++) fix_register(f, i, f->peers[i].id);
    fix_run_ms(f, 5000);
    uint64_t stamp = stamp_now(f), hours_ago = stamp - nr_stamp_make(7200000, 0);
    assert_int_equal(standing(f, 0, 1).observing, 1);
    push(f, 1, 0, raw, make_heartbeat(&f->peers[2], stamp, raw));
    push(f, 1, 0, raw, make_node(&f->peers[2], hours_ago, raw));
    assert_int_equal(standing(f, 0, 1).observing, 2);
    fix_fini(f);
}

/* How often peer 0 pushes a heartbeat of peer 1 on, that comes to it first. */
static uint64_t pushed_on(struct fix *f, uint64_t stamp)
{
    uint8_t raw[1024];
    const struct nr_core_stats *stats = nr_core_stats(f->peers[0].core);
    uint64_t before = stats->messages_out[NR_MSG_PUSH], held = stats->heartbeats_gossip;
    push_hops(f, 1, 0, 0, nr_bytes(raw, make_heartbeat(&f->peers[1], stamp, raw)));
    assert_int_equal(stats->heartbeats_gossip, held + 1);
    return stats->messages_out[NR_MSG_PUSH] - before;
}

/* A heartbeat that overrules a verdict, be it that of one only, goes to all at once: else others who doubt the node
 * speak before they have it, it is gone by theirs, and by which of the two comes first to whom. */
static void what_overrules_is_pushed_on(void **state)
{
    struct fix *f = *state;
    uint8_t raw[1024];
    begin(f, 5);
    uint64_t stamp = stamp_now(f);
    assert_int_equal(pushed_on(f, stamp), 0);
    push(f, 2, 0, raw, make_verdict(&f->peers[2], &f->peers[1], stamp + 1, raw));
    assert_true(standing(f, 0, 1).counted == 1 && !standing(f, 0, 1).gone);
    assert_int_equal(pushed_on(f, stamp + 2), 3);
    assert_int_equal(standing(f, 0, 1).counted, 0);
    assert_int_equal(pushed_on(f, stamp + 3), 0); /* nothing is left to overrule */
    fix_fini(f);
}

/* After a time in which it did not run a peer waits anew: it calls nobody gone for what it did not hear. */
static void who_was_stopped_waits_anew(void **state)
{
    struct fix *f = *state;
    begin(f, 5);
    f->us += 30000000; /* nobody ran */
    fix_run_ms(f, 5000);
    for (size_t i = 0; i < f->count; i++) assert_int_equal(nr_core_stats(f->peers[i].core)->verdicts_made, 0);
    fix_fini(f);
}

/* Who leaves is no peer any more: nobody doubts it, nobody calls it gone. */
static void who_leaves_is_not_doubted(void **state)
{
    struct fix *f = *state;
    begin(f, 4);
    uint64_t doubts = 0;
    assert_int_equal(nr_core_leave(f->peers[3].core, fix_now(f, &f->peers[3])), 0);
    fix_run_ms(f, 10);
    for (size_t i = 0; i < 3; i++) doubts -= nr_core_stats(f->peers[i].core)->doubts;
    fix_stop(f, 3);
    fix_run_ms(f, 20000);
    for (size_t i = 0; i < 3; i++) {
        doubts += nr_core_stats(f->peers[i].core)->doubts;
        assert_false(standing(f, i, 3).peer || standing(f, i, 3).gone);
    }
    assert_int_equal(doubts, 0);
    fix_fini(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_observed),           cmocka_unit_test(the_dead_are_gone),
        cmocka_unit_test(who_has_just_started_is_watched), cmocka_unit_test(who_was_called_gone_is_held),
        cmocka_unit_test(a_probe_may_come_first),          cmocka_unit_test(an_observer_starts_anew),
        cmocka_unit_test(who_is_cut_off_judges_nobody),    cmocka_unit_test(two_alone),
        cmocka_unit_test(verdicts_outlive_a_restart),      cmocka_unit_test(who_does_not_rank_is_refused),
        cmocka_unit_test(one_liar_is_overruled),           cmocka_unit_test(who_was_stopped_waits_anew),
        cmocka_unit_test(who_leaves_is_not_doubted),       cmocka_unit_test(what_overrules_is_pushed_on),
        cmocka_unit_test(a_heartbeat_may_come_first),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
