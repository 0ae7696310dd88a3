#include "tools/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tools/sim/play.h"

#define WALL_BASE_MS   INT64_C(1764000000000)
#define ASK_EVERY_US   10000
#define PROGRESS_STEPS 4096
/* A whole check costs a step's time for every few records: this keeps it a small share of all. */
#define STEPS_AT_LEAST 64
#define STEPS_A_RECORD 4

struct sim_world *sim_world_new(const struct sim_config *config)
{
    struct sim_world *w = sim_alloc(sizeof *w);
    w->config = *config;
    w->wall_base_ms = WALL_BASE_MS;
    nr_rng_init(&w->rng, config->seed);
    sim_queue_init(&w->queue);
    sim_net_init(&w->net, &w->queue, &config->link, sim_mix(config->seed + 1));
    sim_trace_init(&w->trace, config->verbose, stdout);
    sim_crypto_init(&w->crypto);
    sim_check_init(&w->check);
    sim_watches_init(&w->watches);
    sim_vigil_init(&w->vigil, config->nodes);
    w->pool = nr_blob_pool_new();
    nr_assert(w->pool != NULL);
    w->nodes = sim_alloc(config->nodes * sizeof *w->nodes);
    w->node_count = config->nodes;
    for (size_t i = 0; i < w->node_count; i++) {
        nr_assert(sim_net_add(&w->net) == i);
        sim_node_init(&w->nodes[i], w, (uint32_t)i);
    }
    sim_jury_init(&w->jury, w);
    return w;
}

void sim_world_free(struct sim_world *w)
{
    if (!w) return;
    for (size_t i = 0; i < w->node_count; i++) sim_node_fini(&w->nodes[i]);
    for (size_t i = 0; i < w->ghost_count; i++) free(w->ghosts[i]);
    free(w->ghosts);
    free(w->nodes);
    nr_blob_pool_free(w->pool);
    sim_outcomes_fini(&w->outcomes);
    sim_vigil_fini(&w->vigil);
    sim_jury_fini(&w->jury);
    sim_watches_fini(&w->watches);
    sim_check_fini(&w->check);
    sim_crypto_fini(&w->crypto);
    sim_net_fini(&w->net);
    sim_queue_fini(&w->queue);
    free(w);
}

void sim_fail(struct sim_world *w, const char *fmt, ...)
{
    if (w->failed) return;
    w->failed = true;
    va_list args;
    va_start(args, fmt);
    vsnprintf(w->failure, sizeof w->failure, fmt, args);
    va_end(args);
}

/* What a heartbeat costs is counted where it arrives: each PUSH of one is a payload copy. */
static void count_payloads(struct sim_world *w, const struct sim_packet *p)
{
    struct nr_reader r;
    struct nr_header h;
    struct nr_message m;
    nr_reader_init(&r, nr_bytes(p->data, p->len));
    nr_header_decode(&r, &h);
    while (nr_message_next(&r, &m)) {
        /* hops, then the record: array head, version, kind */
        if (m.type != NR_MSG_PUSH || m.body.len < 4) continue;
        if (nr_kind_plane(m.body.data[3]) == NR_PLANE_COLD) w->traffic.cold_payloads++;
        if (nr_kind_plane(m.body.data[3]) == NR_PLANE_HOT) w->traffic.hot_payloads++;
    }
}

static void deliver(struct sim_world *w, const struct sim_event *e)
{
    const struct sim_packet *p = sim_net_packet(&w->net, e->ref);
    if (e->node < w->node_count) {
        if (w->nodes[e->node].state == SIM_UP) count_payloads(w, p);
        sim_node_receive(&w->nodes[e->node], e->ref);
        return;
    }
    sim_ghost_receive(w->ghosts[e->node - w->node_count], p);
    sim_net_release(&w->net, e->ref);
}

/* Events of an earlier life, of a frozen node, or of a deadline that has moved. A frozen node's disk does not work
 * either: its commits wait until it is thawed. */
static bool is_stale(const struct sim_world *w, const struct sim_event *e)
{
    if (e->kind == SIM_EV_DELIVER) return false;
    const struct sim_node *n = &w->nodes[e->node];
    if (n->state != SIM_UP || n->life != e->ref) return true;
    return e->kind == SIM_EV_EXPIRE && n->armed_us != e->at_us;
}

static void happen(struct sim_world *w, const struct sim_event *e)
{
    sim_trace_word(&w->trace, (uint64_t)e->at_us);
    sim_trace_word(&w->trace, (uint64_t)e->kind << 32 | e->node);
    switch ((enum sim_event_kind)e->kind) {
    case SIM_EV_COMMIT: sim_node_commit(&w->nodes[e->node]); break;
    case SIM_EV_PULSE: sim_node_commit_pulse(&w->nodes[e->node]); break;
    case SIM_EV_DELIVER: deliver(w, e); break;
    case SIM_EV_EXPIRE: sim_node_expire(&w->nodes[e->node]); break;
    }
}

/* The next event that will really happen; it stays in the queue. */
static const struct sim_event *next_event(struct sim_world *w)
{
    const struct sim_event *first;
    struct sim_event stale;
    while ((first = sim_queue_first(&w->queue)) && is_stale(w, first)) (void)sim_queue_take(&w->queue, &stale);
    return first;
}

/* Between two events nothing changes but what silence makes of a status, so that looking before the next one is exact.
 */
static void sample_until(struct sim_world *w, int64_t until_us)
{
    while (!w->failed && w->sampled_us + SIM_SAMPLE_US <= until_us) {
        w->sampled_us += SIM_SAMPLE_US;
        if (w->now_us < w->sampled_us) w->now_us = w->sampled_us;
        w->samples_up += sim_play_count_up(w);
        sim_vigil_sample(w);
        if (w->sampled_us % SIM_SECOND == 0) sim_jury_look(w);
        if (w->sample) w->sample(w);
    }
}

bool sim_world_step(struct sim_world *w)
{
    struct sim_event e;
    if (w->failed || !next_event(w) || !sim_queue_take(&w->queue, &e)) return false;
    nr_assert(e.at_us >= w->now_us);
    sample_until(w, e.at_us);
    if (w->failed) return false;
    w->now_us = e.at_us;
    happen(w, &e);
    w->steps++;
    if (w->steps >= w->check.next_at) {
        w->check.next_at = w->steps + STEPS_AT_LEAST + STEPS_A_RECORD * sim_check_turn(w);
    }
    if (w->progress && w->steps % PROGRESS_STEPS == 0) w->progress(w);
    return !w->failed;
}

static void run_to(struct sim_world *w, int64_t until_us)
{
    const struct sim_event *first;
    while ((first = next_event(w)) && first->at_us <= until_us)
        if (!sim_world_step(w)) break;
    sample_until(w, until_us);
    if (!w->failed && w->now_us < until_us) w->now_us = until_us;
}

void sim_world_run(struct sim_world *w, int64_t us)
{
    run_to(w, w->now_us + us);
}

bool sim_world_run_until(struct sim_world *w, int64_t us, sim_done_fn *done, void *arg)
{
    int64_t end_us = w->now_us + us;
    while (!w->failed) {
        if (done(w, arg)) return true;
        if (w->now_us >= end_us) break;
        int64_t next_us = w->now_us + ASK_EVERY_US;
        run_to(w, next_us < end_us ? next_us : end_us);
    }
    return false;
}

void sim_traffic_reset(struct sim_world *w)
{
    w->traffic = (struct sim_traffic){ .since_us = w->now_us };
}

bool sim_world_equal(struct sim_world *w, void *unused)
{
    (void)unused;
    const struct sim_node *first = NULL;
    for (size_t i = 0; i < w->node_count; i++) {
        const struct sim_node *n = &w->nodes[i];
        if (n->state != SIM_UP) continue;
        if (!first) first = n;
        if (nr_core_fingerprint(n->core) != nr_core_fingerprint(first->core)) return false;
    }
    return true;
}
