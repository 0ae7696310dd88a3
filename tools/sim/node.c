/* The happy path of a life: boot restores the disk into a new core and starts it; then events feed it (feed.c). A crash
 * drops core and store; the events that they left in the queue are known as stale by their `ref`. */
#include "tools/sim/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "proto/mp.h"
#include "tools/sim/say.h"
#include "tools/sim/world.h"

#define CLOCK_LIMIT "clock_limit" /* as noded names it */

static void random_bytes(struct nr_rng *rng, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)nr_rng_u32(rng);
}

void sim_node_init(struct sim_node *n, struct sim_world *w, uint32_t index)
{
    *n = (struct sim_node){
        .world = w, .index = index, .armed_us = NR_NEVER_US, .heartbeat_ms = w->config.heartbeat_ms, .revision = 1
    };
    snprintf(n->name, sizeof n->name, "node-%05u", (unsigned)index);
    uint8_t seed[32];
    random_bytes(&w->rng, seed, sizeof seed);
    nr_keypair_from_seed(&n->key, seed);
    n->mono_base_us = nr_rng_below(&w->rng, 2000000000);
    n->advertises = index % 2 == 0;
    n->disk = nr_memdisk_new(w->pool);
    nr_assert(n->disk != NULL);
    sim_guard_init(&n->guard);
}

void sim_node_fini(struct sim_node *n)
{
    nr_core_free(n->core);
    nr_store_close(n->store);
    nr_memdisk_free(n->disk);
    free(n->inbox);
    sim_guard_fini(&n->guard);
}

struct nr_now sim_node_now(const struct sim_node *n)
{
    int64_t now_us = n->world->now_us;
    return (struct nr_now){ .mono_us = now_us + n->mono_base_us,
                            .wall_ms = n->world->wall_base_ms + now_us / 1000 + n->clock_offset_ms };
}

static int remember_one(void *arg, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr, int64_t wall_ms)
{
    (void)wall_ms;
    nr_core_remember(arg, key, addr);
    return 0;
}

static uint64_t stamp_floor(struct sim_node *n)
{
    struct nr_bytes v;
    return nr_store_meta_get(n->store, CLOCK_LIMIT, &v) == 0 && v.len == 8 ? nr_be64(v.data) : 0;
}

/* A map with one text in it, of this many bytes in all. */
static int set_metrics(struct sim_node *n, uint32_t bytes)
{
    uint8_t buf[NR_METRICS_MAX], text[256];
    struct nr_writer w;
    if (bytes < 8) return 0;
    size_t len = bytes < sizeof text ? bytes : sizeof text;
    len -= len < 40 ? 4 : 5;
    memset(text, 'x', sizeof text);
    nr_writer_init(&w, buf, sizeof buf);
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, "m");
    nr_mp_write_str(&w, nr_bytes(text, len));
    return nr_core_set_metrics(n->core, nr_writer_bytes(&w));
}

/* At the addresses that they had at first, as configured once and for all. */
static void set_seeds(struct sim_node *n)
{
    struct sim_world *w = n->world;
    struct nr_addr seeds[SIM_SEEDS_MAX];
    size_t count = w->config.seeds ? w->config.seeds : 1;
    size_t others = 0;
    for (uint32_t i = 0; i < count && n->seed_node == 0; i++)
        if (i != n->index) seeds[others++] = sim_net_slot_addr(i);
    nr_core_set_seeds(n->core, seeds, others);
}

static int make_core(struct sim_node *n)
{
    struct sim_world *w = n->world;
    struct nr_addr own = sim_net_addr(&w->net, n->index);
    struct nr_core_host host = sim_host(n);
    struct nr_core_config config = {
        .node_id = nr_bytes_str(n->name),
        .seed = nr_rng_u64(&w->rng),
        .stamp_floor = stamp_floor(n),
        .lease_s = w->config.lease_s,
        .heartbeat_interval_ms = n->heartbeat_ms,
        .heartbeat_budget = w->config.heartbeat_budget,
        .advertise = &own,
        .advertise_count = n->advertises ? 1 : 0,
    };
    memcpy(config.key, n->key.pub, sizeof config.key);
    n->core = nr_core_new(&config, &host);
    if (!n->core) return NR_E_NOMEM;
    nr_core_set_own_addresses(n->core, &own, 1);
    set_seeds(n);
    int err = set_metrics(n, w->config.metrics);
    return err ? err : nr_store_each_peer(n->store, remember_one, n->core);
}

void sim_node_boot(struct sim_node *n)
{
    struct sim_world *w = n->world;
    nr_assert(n->state == SIM_OFF);
    if (w->failed) return;
    n->life++;
    n->state = SIM_UP;
    n->spins = 0;
    n->drop_failed = false;
    n->verdicts_made = 0;
    n->awake_us = w->now_us;
    n->confirmed_us = -1;
    n->armed_us = NR_NEVER_US;
    n->commit_due = n->pulse_due = false;
    n->mono_base_us += nr_rng_below(&w->rng, 1000000);
    random_bytes(&w->rng, n->cookie_secret, sizeof n->cookie_secret);
    sim_guard_boot(&n->guard, w->now_us);
    sim_trace_line(&w->trace, 2, w->now_us, "%s: starts, life %u", n->name, (unsigned)n->life);
    struct nr_store_options options = { .evidence_max = 16 };
    int err = nr_store_open_memory(&n->store, n->disk, false, &options);
    if (!err) err = make_core(n);
    if (!err) err = nr_core_restore(n->core, sim_node_now(n));
    if (!err) err = nr_core_start(n->core, sim_node_now(n));
    if (err) {
        sim_fail(w, "%s does not start: %s", n->name, nr_strerror(err));
        return;
    }
    sim_check_booted(n);
    sim_vigil_booted(n);
    sim_node_drain(n);
    if (!n->silent_start) sim_say_self(n);
}

static void end(struct sim_node *n)
{
    nr_core_free(n->core);
    nr_store_close(n->store);
    n->core = NULL;
    n->store = NULL;
    for (size_t i = 0; i < n->inbox_count; i++) sim_net_release(&n->world->net, n->inbox[i]);
    n->inbox_count = 0;
    n->state = SIM_OFF;
}

uint64_t sim_node_word_key(const struct sim_node *n)
{
    return nr_record_key_hash(NR_KIND_NODE, n->key.pub, nr_bytes_str(n->name));
}

void sim_node_crash(struct sim_node *n, bool power)
{
    if (n->world->failed || n->state == SIM_OFF) return;
    sim_trace_line(&n->world->trace, 2, n->world->now_us, "%s: %s", n->name, power ? "loses power" : "is killed");
    end(n);
    sim_guard_crashed(&n->guard);
    n->word_stamp = sim_guard_kept(&n->guard, sim_node_word_key(n));
    if (power) nr_memdisk_power_loss(n->disk);
}

void sim_node_leave(struct sim_node *n)
{
    struct sim_world *w = n->world;
    if (w->failed || n->state != SIM_UP) return;
    int err = nr_core_leave(n->core, sim_node_now(n)); /* may fail with the disk: then it is but an end */
    sim_node_drain(n);
    if (w->failed) return;
    sim_trace_line(&w->trace, 2, w->now_us, "%s: leaves: %s", n->name, nr_errname(err));
    sim_node_commit(n);
    sim_node_commit_pulse(n);
    end(n);
    sim_guard_crashed(&n->guard);
}

void sim_node_freeze(struct sim_node *n)
{
    if (n->world->failed || n->state != SIM_UP) return;
    n->state = SIM_FROZEN;
    n->inbox = sim_realloc(n->inbox, SIM_INBOX_MAX * sizeof *n->inbox);
}

void sim_node_thaw(struct sim_node *n)
{
    struct sim_world *w = n->world;
    if (w->failed || n->state != SIM_FROZEN) return;
    n->state = SIM_UP;
    for (size_t i = 0; i < n->inbox_count; i++)
        sim_queue_add(&w->queue, w->now_us, SIM_EV_DELIVER, n->index, n->inbox[i]);
    n->inbox_count = 0;
    n->armed_us = NR_NEVER_US;
    n->awake_us = w->now_us;
    n->commit_due = n->pulse_due = false; /* their events have passed */
    sim_node_drain(n);
}

static int copy_record(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    return nr_store_put(arg, key_hash, rec);
}

struct nr_memdisk *sim_node_copy_disk(struct sim_node *n)
{
    nr_assert(n->state != SIM_OFF);
    struct nr_memdisk *disk = nr_memdisk_new(n->world->pool);
    struct nr_store_options options = { 0 };
    struct nr_store *to = NULL;
    uint8_t limit[8];
    nr_put_be64(limit, stamp_floor(n));
    nr_assert(disk != NULL);
    int err = nr_store_open_memory(&to, disk, false, &options);
    if (!err) err = nr_store_each(n->store, copy_record, to);
    if (!err) err = nr_store_meta_put(to, CLOCK_LIMIT, nr_bytes(limit, sizeof limit));
    if (!err) err = nr_store_commit(to);
    if (!err) err = nr_store_commit_pulse(to);
    if (err) sim_fail(n->world, "%s: its disk cannot be copied: %s", n->name, nr_strerror(err));
    nr_store_close(to);
    return disk;
}

void sim_node_replace_disk(struct sim_node *n, struct nr_memdisk *disk)
{
    nr_assert(n->state == SIM_OFF);
    nr_memdisk_free(n->disk);
    n->disk = disk;
    sim_guard_forget(&n->guard);
}
