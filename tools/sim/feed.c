/* What happens to a node that is up: a datagram, its deadline, a commit. Each is followed by a drain, which sends what
 * the core has to send, marks what happened, and queues the next deadline and the commits. */
#include "tools/sim/node.h"

#include <string.h>

#include "tools/sim/world.h"

#define COMMIT_MIN_US  1000
#define COMMIT_MORE_US 9000
#define PULSE_US       1000000
#define SPINS_MAX      100
#define SAYS_AT_ONCE   1024 /* datagrams after one input: the outbox is bounded */

void sim_node_receive(struct sim_node *n, uint32_t packet)
{
    struct sim_net *net = &n->world->net;
    if (n->state == SIM_FROZEN && n->inbox_count < SIM_INBOX_MAX) {
        n->inbox[n->inbox_count++] = packet;
        return;
    }
    if (n->state == SIM_UP) {
        const struct sim_packet *p = sim_net_packet(net, packet);
        sim_check_received(n, &p->from, p->len + (size_t)NR_ENVELOPE_SIZE);
        nr_core_receive(n->core, sim_node_now(n), &p->from, nr_bytes(p->data, p->len));
    }
    sim_net_release(net, packet);
    if (n->state == SIM_UP) sim_node_drain(n);
}

void sim_node_expire(struct sim_node *n)
{
    struct nr_now now = sim_node_now(n);
    struct nr_aside_info aside;
    n->armed_us = NR_NEVER_US;
    nr_core_expire(n->core, now);
    nr_core_aside(n->core, &aside);
    if (aside.confirmed && now.wall_ms > n->latest_ms) n->latest_ms = now.wall_ms;
    n->spins = nr_core_deadline(n->core) <= now.mono_us ? n->spins + 1 : 0;
    if (n->spins > SPINS_MAX) sim_fail(n->world, "%s: its deadline stays in the past", n->name);
    sim_node_drain(n);
}

void sim_node_commit(struct sim_node *n)
{
    n->commit_due = false;
    if (nr_store_commit(n->store) == 0) sim_guard_committed(&n->guard);
    sim_node_drain(n);
}

void sim_node_commit_pulse(struct sim_node *n)
{
    n->pulse_due = false;
    if (nr_store_commit_pulse(n->store) != 0)
        sim_trace_line(&n->world->trace, 2, n->world->now_us, "%s: pulse commit failed", n->name);
    sim_node_drain(n);
}

static void trace_record(const struct sim_node *n, const struct nr_event *e, const char *what)
{
    sim_trace_line(&n->world->trace, 2, n->world->now_us, "%s: %s a %s of %.*s, id %016llx", n->name, what,
                   nr_kind_name(e->kind), (int)e->subject_len, (const char *)e->subject, (unsigned long long)e->id);
}

static bool is_own_word(const struct sim_node *n, const struct nr_event *e)
{
    return e->kind == NR_KIND_NODE && e->subject_len == strlen(n->name) &&
           memcmp(e->subject, n->name, e->subject_len) == 0;
}

static void take_event(struct sim_node *n, const struct nr_event *e)
{
    struct sim_world *w = n->world;
    char addr[NR_ADDR_TEXT];
    sim_trace_word(&w->trace, (uint64_t)e->type << 56 ^ e->id ^ e->stamp);
    switch (e->type) {
    case NR_EVENT_RECORD:
        if (w->watch_beats && e->own && nr_kind_plane(e->kind) == NR_PLANE_HOT)
            sim_watch_add(&w->watches, e->id, w->now_us);
        else
            sim_watch_seen(&w->watches, e->id, w->now_us);
        if (e->own && is_own_word(n, e)) n->word_stamp = e->stamp;
        sim_vigil_record(n, e);
        if (e->own && e->kind == NR_KIND_VERDICT) sim_check_verdict(n, nr_bytes(e->subject, e->subject_len));
        trace_record(n, e, e->own ? "makes" : "takes");
        break;
    case NR_EVENT_ENDED: trace_record(n, e, "ends"); break;
    case NR_EVENT_PEER_UP:
        n->peers_up++;
        sim_guard_contact(&n->guard, &e->addr)->validated = true;
        if (nr_store_peer_put(n->store, e->signer, &e->addr, sim_node_now(n).wall_ms) != 0)
            sim_trace_line(&w->trace, 2, w->now_us, "%s: a peer's address was not kept", n->name);
        /* fall through */
    case NR_EVENT_PEER_DOWN:
        nr_addr_format(&e->addr, addr);
        sim_trace_line(&w->trace, 2, w->now_us, "%s: peer %s: %s", n->name, addr,
                       e->type == NR_EVENT_PEER_UP ? "up" : "down");
        break;
    case NR_EVENT_JUDGED:
        sim_jury_judged(n, e);
        if (nr_store_judge(n->store, nr_bytes(e->subject, e->subject_len), e->signer, e->until_ms) != 0)
            sim_trace_line(&w->trace, 2, w->now_us, "%s: what observers say was not kept", n->name);
        sim_trace_line(&w->trace, 2, w->now_us, "%s: %.*s is %s", n->name, (int)e->subject_len,
                       (const char *)e->subject, e->until_ms ? "gone" : "not gone");
        break;
    case NR_EVENT_CLOCK_RESET:
        n->guard.went_back = false;
        /* It goes on below, and so may its next start; at a start it says so before it has signed or sent anything. */
        n->guard.signed_stamp = 0;
        n->guard.fell_back = true;
        if (n->guard.number == 0) n->guard.incarnation = 0;
        /* fall through */
    default: sim_trace_line(&w->trace, 2, w->now_us, "%s: event %d", n->name, (int)e->type); break;
    }
}

static void arm(struct sim_node *n)
{
    struct sim_world *w = n->world;
    int64_t deadline = nr_core_deadline(n->core);
    if (deadline == NR_NEVER_US) return;
    int64_t at = deadline - n->mono_base_us;
    if (at < w->now_us) at = w->now_us;
    if (at >= n->armed_us) return;
    n->armed_us = at;
    sim_queue_add(&w->queue, at, SIM_EV_EXPIRE, n->index, n->life);
}

static void plan_commits(struct sim_node *n)
{
    struct sim_world *w = n->world;
    if (!n->commit_due && nr_store_dirty(n->store)) {
        n->commit_due = true;
        int64_t at = w->now_us + COMMIT_MIN_US + nr_rng_below(&w->rng, COMMIT_MORE_US);
        sim_queue_add(&w->queue, at, SIM_EV_COMMIT, n->index, n->life);
    }
    if (!n->pulse_due && nr_store_dirty_pulse(n->store)) {
        n->pulse_due = true;
        sim_queue_add(&w->queue, w->now_us + PULSE_US, SIM_EV_PULSE, n->index, n->life);
    }
}

/* Events first: a datagram to an address that this very call has validated is within its rights. */
void sim_node_drain(struct sim_node *n)
{
    struct sim_world *w = n->world;
    struct nr_event e;
    struct nr_datagram d;
    int said = 0;
    if (w->failed) return;
    sim_memory_note(n);
    while (nr_core_next_event(n->core, &e)) take_event(n, &e);
    if (n->guard.went_back) sim_fail(w, "%s signs a stamp not above its last", n->name);
    while (nr_core_next_datagram(n->core, &d)) {
        sim_check_sent(n, &d);
        if (++said > SAYS_AT_ONCE) sim_fail(w, "%s has more than %d datagrams to send at once", n->name, SAYS_AT_ONCE);
        if (w->failed) return;
        sim_trace_word(&w->trace, (uint64_t)d.to.ip[1] << 40 | (uint64_t)d.to.ip[2] << 32 | (uint64_t)d.to.ip[3] << 24);
        sim_trace_bytes(&w->trace, d.plain);
        sim_net_send(&w->net, w->now_us, n->index, NULL, &d.to, d.plain);
    }
    arm(n);
    plan_commits(n);
}
