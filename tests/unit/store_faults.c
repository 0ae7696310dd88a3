/* A call that fails has changed nothing, and can be made again: each call of a small life is made to fail in turn, by
 * an error of the disk and by an allocation that is refused. And what holds of the store in memory alone. */
#include <stdio.h>

#include "base/rng.h"
#include "fail_alloc.h"
#include "nr_test.h"
#include "store/blob_pool.h"
#include "store/store_impl.h"
#include "store_fixture.h"

/* Everything that the store holds, as one number. */
static int mix_in(void *arg, struct nr_bytes key, struct nr_bytes value)
{
    uint64_t *sum = arg;
    if (key.len && key.data[0] == '.') return 0; /* the store's own */
    *sum = (*sum ^ nr_hash8(key)) * UINT64_C(0x100000001b3) + nr_hash8(value);
    return 0;
}

static int mix_record(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    uint8_t key[8];
    nr_put_be64(key, key_hash);
    return mix_in(arg, nr_bytes(key, 8), rec->raw);
}

static uint64_t all_of(struct nr_store *s)
{
    uint64_t sum = 0;
    for (int t = 0; t < NR_TABLE_COUNT; t++) {
        if (t == NR_T_RECORDS || t == NR_T_SUBJECTS || t == NR_T_PULSE_RECORDS || t == NR_T_PULSE_SUBJECTS) continue;
        if (t == NR_T_PULSE_META) continue; /* only the one in LMDB has it */
        sum += (uint64_t)t;
        assert_int_equal(s->ops->scan(s->kv, (enum nr_table)t, nr_bytes(NULL, 0), mix_in, &sum), 0);
    }
    assert_int_equal(nr_store_each(s, mix_record, &sum), 0);
    assert_int_equal(nr_store_each_of(s, NR_KIND_NODE, nr_bytes_str("n"), mix_record, &sum), 0);
    return sum;
}

enum { FIRST, SECOND, BEAT, LATER_BEAT, DELETION, PROFILE, RECORDS };

struct life {
    struct made *made[RECORDS];
};

static void make_life(struct life *l)
{
    l->made[FIRST] = make_node(1, "n", T0, &(struct node_say){ .role = "a", .labels = { "x", "y" } });
    l->made[SECOND] = make_node(1, "n", T0 + 1, &(struct node_say){ .role = "b", .labels = { "y", "z" } });
    l->made[BEAT] = make_beat(1, "n", T0, 1000);
    l->made[LATER_BEAT] = make_beat(1, "n", T0 + 1, 1000);
    l->made[DELETION] = make_node(1, "n", T0 + 2, &(struct node_say){ .deleted = true });
    l->made[PROFILE] = make_profile(1, "p", T0, 1, false);
}

static void free_life(struct life *l)
{
    for (int i = 0; i < RECORDS; i++) free(l->made[i]);
}

static int put(struct nr_store *s, const struct made *m)
{
    return nr_store_put(s, m->key_hash, &m->rec);
}

static int refresh(struct nr_store *s, const struct made *m)
{
    return nr_store_refresh(s, m->rec.kind, m->rec.subject, &m->rec, T0);
}

#define STEPS 22

static int step(struct nr_store *s, const struct life *l, int n)
{
    static const uint8_t key[NR_KEY_SIZE] = { 5 };
    const struct nr_addr addr = { .family = 4, .ip = { 192, 0, 2, 9 }, .port = 9206 };
    switch (n) {
    case 0: return put(s, l->made[FIRST]);
    case 1: return refresh(s, l->made[FIRST]);
    case 2: return put(s, l->made[BEAT]);
    case 3: return nr_store_history_add(s, &l->made[BEAT]->rec);
    case 4: return refresh(s, l->made[BEAT]);
    case 5: return nr_store_commit(s);
    case 6: return nr_store_commit_pulse(s);
    case 7: return nr_store_evidence_add(s, &l->made[FIRST]->rec, &l->made[SECOND]->rec);
    case 8: return nr_store_meta_put(s, "clock_limit", nr_bytes_str("12345678"));
    case 9: return nr_store_peer_put(s, key, &addr, T0);
    case 10: return put(s, l->made[SECOND]);
    case 11: return refresh(s, l->made[SECOND]);
    case 12: return nr_store_commit(s);
    case 13: return put(s, l->made[PROFILE]);
    case 14: return refresh(s, l->made[PROFILE]);
    case 15: return put(s, l->made[LATER_BEAT]);
    case 16: return nr_store_history_add(s, &l->made[LATER_BEAT]->rec);
    case 17: return nr_store_del(s, l->made[BEAT]->key_hash, &l->made[BEAT]->rec);
    case 18: return put(s, l->made[DELETION]);
    case 19: return refresh(s, l->made[DELETION]);
    case 20: return nr_store_commit(s);
    default: return nr_store_commit_pulse(s);
    }
}

/* Lives through all steps; a step that fails must have changed nothing and succeeds when tried again. Returns how many
 * failed. */
static int live(struct nr_store *s, const struct life *l, int wanted_error)
{
    int failed = 0;
    for (int n = 0; n < STEPS; n++) {
        uint64_t before = all_of(s);
        int err = step(s, l, n);
        if (!err) continue;
        failed++;
        assert_int_equal(err, wanted_error);
        assert_true(all_of(s) == before);
        assert_int_equal(step(s, l, n), 0);
    }
    return failed;
}

/* Likewise, with each allocation of each step refused before the step is let through. */
static int live_short_of_memory(struct nr_store *s, const struct life *l)
{
    int failed = 0;
    for (int n = 0; n < STEPS; n++) {
        int err = NR_E_NOMEM;
        for (long nth = 1; err; nth++) {
            uint64_t before = all_of(s);
            fail_alloc_at(nth);
            err = step(s, l, n);
            fail_alloc_at(0);
            if (!err) break;
            failed++;
            assert_int_equal(err, NR_E_NOMEM);
            assert_true(all_of(s) == before);
        }
    }
    return failed;
}

static uint64_t usual_end(bool lmdb, const struct life *l)
{
    struct fixture f;
    fixture_open(&f, lmdb);
    assert_int_equal(live(f.store, l, 0), 0);
    fixture_reopen(&f);
    uint64_t end = all_of(f.store);
    fixture_close(&f);
    return end;
}

/* The disk refuses the Nth call, for every N. */
static void every_call_fails_once(void **state)
{
    struct life l;
    uint32_t n = 0;
    (void)state;
    make_life(&l);
    uint64_t end = usual_end(false, &l);
    for (int failed = 1; failed; n++) {
        struct fixture f;
        fixture_open(&f, false);
        nr_memdisk_fail(f.disk, NR_E_IO, n);
        failed = live(f.store, &l, NR_E_IO);
        fixture_reopen(&f);
        assert_true(all_of(f.store) == end);
        fixture_close(&f);
    }
    assert_int_equal(n, STEPS + 1);
    free_life(&l);
}

/* The Nth allocation of each call is refused, for every N. */
static void every_allocation_fails_once(bool lmdb, int at_least)
{
    struct fixture f;
    struct life l;
    make_life(&l);
    uint64_t end = usual_end(lmdb, &l);
    fixture_open(&f, lmdb);
    assert_true(live_short_of_memory(f.store, &l) >= at_least);
    fixture_reopen(&f);
    assert_true(all_of(f.store) == end);
    fixture_close(&f);
    free_life(&l);
}

static void allocations_memory(void **state)
{
    (void)state;
    every_allocation_fails_once(false, 40);
}

static void allocations_lmdb(void **state)
{
    (void)state;
    every_allocation_fails_once(true, 5);
}

/* Until a failed commit has succeeded, puts are refused with its error, and reads and deletions go on. */
static void refused_after_failed_commit(void **state)
{
    struct fixture f;
    struct life l;
    struct nr_store_info info;
    (void)state;
    make_life(&l);
    fixture_open(&f, false);
    assert_int_equal(put(f.store, l.made[FIRST]), 0);
    nr_memdisk_fail(f.disk, NR_E_FULL, 0);
    assert_int_equal(nr_store_commit(f.store), NR_E_FULL);
    assert_true(nr_store_dirty(f.store));
    nr_store_info(f.store, &info);
    assert_int_equal(info.health, NR_E_FULL);
    assert_int_equal(put(f.store, l.made[SECOND]), NR_E_FULL);
    assert_int_equal(put(f.store, l.made[BEAT]), 0); /* the other half is well */
    struct nr_bytes raw;
    assert_int_equal(nr_store_get(f.store, l.made[FIRST]->key_hash, &raw), 0);
    assert_true(nr_bytes_eq(raw, l.made[FIRST]->rec.raw));
    assert_int_equal(nr_store_del(f.store, l.made[FIRST]->key_hash, &l.made[FIRST]->rec), 0);
    assert_int_equal(nr_store_commit(f.store), 0);
    assert_int_equal(put(f.store, l.made[SECOND]), 0);
    fixture_close(&f);
    free_life(&l);
}

/* A pulse half that takes nothing stops no registration, no change and no deletion. */
static void registry_despite_pulse(void **state)
{
    struct fixture f;
    struct life l;
    struct nr_store_info info;
    (void)state;
    make_life(&l);
    fixture_open(&f, false);
    assert_int_equal(put(f.store, l.made[BEAT]), 0);
    nr_memdisk_fail(f.disk, NR_E_FULL, 0);
    assert_int_equal(nr_store_commit_pulse(f.store), NR_E_FULL);
    assert_int_equal(refresh(f.store, l.made[BEAT]), NR_E_FULL);
    for (int i = FIRST; i <= SECOND; i++) {
        assert_int_equal(put(f.store, l.made[i]), 0);
        assert_int_equal(refresh(f.store, l.made[i]), 0);
    }
    nr_store_info(f.store, &info);
    assert_int_equal(info.nodes, 1);
    assert_int_equal(info.log_seq, 2);
    assert_int_equal(put(f.store, l.made[DELETION]), 0);
    assert_int_equal(refresh(f.store, l.made[DELETION]), 0);
    nr_store_info(f.store, &info);
    assert_int_equal(info.nodes, 0);
    assert_int_equal(nr_store_commit(f.store), 0);
    fixture_close(&f);
    free_life(&l);
}

/* Equal bytes are held once however many disks hold them, and not at all when none does. */
static void bytes_are_shared(void **state)
{
    struct nr_blob_pool *pool = nr_blob_pool_new();
    struct nr_memdisk *disks[10];
    struct nr_store *s;
    struct made *a = make_node(1, "n", T0, &(struct node_say){ 0 });
    struct made *b = make_node(1, "n", T0 + 1, &(struct node_say){ 0 });
    (void)state;
    for (int i = 0; i < 10; i++) {
        disks[i] = nr_memdisk_new(pool);
        assert_int_equal(nr_store_open_memory(&s, disks[i], false, NULL), 0);
        assert_int_equal(put(s, a), 0);
        assert_int_equal(nr_store_commit(s), 0);
        if (i < 5) assert_int_equal(put(s, b), 0);
        nr_store_close(s);
    }
    assert_int_equal(nr_blob_count(pool), 1);
    for (int i = 0; i < 10; i++) nr_memdisk_free(disks[i]);
    assert_int_equal(nr_blob_count(pool), 0);
    nr_blob_pool_free(pool);
    free(a), free(b);
}

/* A power loss takes the pulse half and leaves the registry half; without views nothing is kept for readers. */
static void power_loss(void **state)
{
    struct nr_blob_pool *pool = nr_blob_pool_new();
    struct nr_memdisk *disk = nr_memdisk_new(pool);
    struct nr_store_info info;
    struct nr_store *s;
    struct life l;
    (void)state;
    make_life(&l);
    assert_int_equal(nr_store_open_memory(&s, disk, false, NULL), 0);
    assert_int_equal(live(s, &l, 0), 0);
    nr_store_info(s, &info);
    assert_int_equal(info.nodes + info.profiles + info.log_entries, 0);
    assert_int_equal(info.records, 2);
    assert_int_equal(put(s, l.made[BEAT]), 0);
    assert_int_equal(nr_store_commit_pulse(s), 0);
    nr_store_close(s);
    nr_memdisk_power_loss(disk);
    assert_int_equal(nr_store_open_memory(&s, disk, false, NULL), 0);
    nr_store_info(s, &info);
    assert_int_equal(info.records, 2);
    struct nr_bytes raw;
    assert_int_equal(nr_store_get(s, l.made[BEAT]->key_hash, &raw), NR_E_NOT_FOUND);
    nr_store_close(s);
    nr_memdisk_free(disk);
    nr_blob_pool_free(pool);
    free_life(&l);
}

/* Both stores, given the same random life of puts, deletions, commits and crashes, hold the same at every moment. */
static void both_agree(void **state)
{
    struct fixture memory, lmdb;
    struct made *m[60];
    struct nr_rng rng;
    char name[8];
    (void)state;
    nr_rng_init(&rng, 5);
    fixture_open(&memory, false);
    fixture_open(&lmdb, true);
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "n%d", i % 7);
        m[i] = i % 3 ? make_node(i % 5, name, T0 + i, &(struct node_say){ .role = i % 2 ? "a" : "b" })
                     : make_beat(i % 5, name, T0 + i, 1000);
    }
    for (int i = 0; i < 3000; i++) {
        const struct made *one = m[nr_rng_below(&rng, 60)];
        uint32_t what = nr_rng_below(&rng, 100);
        struct nr_store *stores[2] = { memory.store, lmdb.store };
        for (int k = 0; k < 2; k++) {
            struct nr_store *s = stores[k];
            if (what < 50) assert_int_equal(put(s, one), 0);
            if (what >= 50 && what < 70) assert_int_equal(nr_store_del(s, one->key_hash, &one->rec), 0);
            if (what < 60) assert_int_equal(refresh(s, one), 0);
            if (what >= 70 && what < 78) assert_int_equal(nr_store_commit(s), 0);
            if (what >= 78 && what < 86) assert_int_equal(nr_store_commit_pulse(s), 0);
        }
        if (what >= 86 && what < 90) fixture_reopen(&memory), fixture_reopen(&lmdb);
        assert_true(all_of(memory.store) == all_of(lmdb.store));
    }
    for (int i = 0; i < 60; i++) free(m[i]);
    fixture_close(&memory);
    fixture_close(&lmdb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_fails_once),
        cmocka_unit_test(allocations_memory),
        cmocka_unit_test(allocations_lmdb),
        cmocka_unit_test(refused_after_failed_commit),
        cmocka_unit_test(registry_despite_pulse),
        cmocka_unit_test(bytes_are_shared),
        cmocka_unit_test(power_loss),
        cmocka_unit_test(both_agree),
    };
    if (nr_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
