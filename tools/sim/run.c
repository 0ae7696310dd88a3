#include "tools/sim/run.h"

#include <stdio.h>
#include <stdlib.h>

#define FAULT_WITHIN 20 /* writes to a disk */

void sim_run_set(const struct sim_run *r, const struct sim_whom *who, struct sim_set *out)
{
    size_t nodes = r->world->node_count;
    sim_set_reset(out, nodes);
    if (who->kind == SIM_GROUP) {
        sim_set_copy(out, &r->groups[who->index]);
        return;
    }
    for (size_t i = 0; i < nodes; i++)
        if (who->kind == SIM_ALL || i == who->index) sim_set_add(out, i);
}

void sim_run_thing(char *out, size_t size, size_t node, uint32_t k)
{
    snprintf(out, size, "thing-%05zu-%u", node, (unsigned)k);
}

/* Groups */

static size_t share_of(const struct sim_pick *pick, size_t nodes, size_t most)
{
    size_t n = pick->share_ppm ? (nodes * (size_t)pick->share_ppm + SIM_PPM / 2) / SIM_PPM : pick->count;
    if (n == 0) n = 1;
    return n < most ? n : most;
}

/* Its own generator: a group that is drawn leaves all other chance as it was. */
static void draw(struct sim_run *r, struct sim_set *out, const struct sim_pick *pick)
{
    struct sim_world *w = r->world;
    struct nr_rng rng;
    uint32_t first = (uint32_t)w->config.seeds;
    uint32_t left = (uint32_t)w->node_count - first;
    size_t wanted = share_of(pick, w->node_count, left);
    nr_rng_init(&rng, sim_mix(w->config.seed ^ sim_mix(++r->drawn)));
    for (uint32_t i = 0; i < left; i++)
        if (nr_rng_below(&rng, left - i) < wanted - out->count) sim_set_add(out, first + i);
}

static void make_group(struct sim_run *r, const struct sim_statement *st)
{
    struct sim_set made = { 0 };
    size_t nodes = r->world->node_count;
    size_t n = share_of(&st->pick, nodes, nodes);
    sim_set_reset(&made, nodes);
    if (st->pick.how == SIM_NOT) {
        struct sim_set other = { 0 };
        sim_run_set(r, &st->who[0], &other);
        for (size_t i = 0; i < nodes; i++)
            if (!sim_set_has(&other, i)) sim_set_add(&made, i);
        sim_set_fini(&other);
    } else if (st->pick.how == SIM_RANDOM) {
        draw(r, &made, &st->pick);
    } else {
        for (size_t i = 0; i < n; i++) sim_set_add(&made, st->pick.how == SIM_FIRST ? i : nodes - 1 - i);
    }
    sim_set_copy(&r->groups[st->group], &made);
    sim_set_fini(&made);
}

/* What happens to each node of a set */

static void must(struct sim_run *r, const struct sim_statement *st, const struct sim_node *n, int err)
{
    if (err == NR_E_IO) return; /* a `fault`: said, and refused */
    if (err) sim_fail(r->world, "%s:%u: '%s': %s: %s", r->script->name, st->line, st->text, n->name, nr_strerror(err));
}

static void sponsor(struct sim_run *r, const struct sim_statement *st, struct sim_node *n)
{
    char id[SIM_THING_MAX];
    sim_run_thing(id, sizeof id, n->index, r->sponsored[n->index]++);
    must(r, st, n, sim_say_register(n, id, 1, 0));
}

static void delete_all(struct sim_run *r, const struct sim_statement *st, struct sim_node *n)
{
    char id[SIM_THING_MAX];
    for (uint32_t k = 0; k < r->sponsored[n->index]; k++) {
        sim_run_thing(id, sizeof id, n->index, k);
        if (sim_sees_node(n, id)) must(r, st, n, sim_say_delete(n, id));
    }
}

static void write_one(struct sim_run *r, const struct sim_statement *st, struct sim_node *n)
{
    int err = sim_say_register(n, n->name, ++n->revision, st->number);
    must(r, st, n, err);
    if (err) return;
    sim_watch_end(&r->world->watches, r->words[n->index]);
    r->words[n->index] = n->last_own_id;
    sim_watch_add(&r->world->watches, n->last_own_id, r->world->now_us);
}

/* A machine that is given another address: its peer daemon sees it, and advertises what is configured, until its next
 * start. */
static void move(struct sim_world *w, struct sim_node *n)
{
    sim_net_move(&w->net, n->index);
    if (n->state == SIM_OFF) return;
    struct nr_addr own = sim_net_addr(&w->net, n->index);
    nr_core_set_own_addresses(n->core, &own, 1);
}

/* What is asked of its peer daemon, which nobody reaches while it is off or stopped. */
static void ask(struct sim_run *r, const struct sim_statement *st, struct sim_node *n)
{
    if (n->state != SIM_UP) return;
    switch (st->verb) {
    case SIM_DO_WRITE: write_one(r, st, n); break;
    case SIM_DO_DELETE: delete_all(r, st, n); break;
    case SIM_DO_DECLARE: must(r, st, n, sim_say_state(n, n->name, st->state)); break;
    default: sponsor(r, st, n); break;
    }
}

/* On a disk that is whole. */
static void start(struct sim_node *n)
{
    if (n->state != SIM_OFF) return;
    nr_memdisk_fail(n->disk, 0, 0);
    sim_node_boot(n);
}

static void act(struct sim_run *r, const struct sim_statement *st, struct sim_node *n)
{
    switch (st->verb) {
    case SIM_DO_START: start(n); break;
    case SIM_DO_STOP:
    case SIM_DO_LEAVE: sim_node_leave(n); break;
    case SIM_DO_KILL: sim_node_crash(n, false); break;
    case SIM_DO_POWER: sim_node_crash(n, true); break;
    case SIM_DO_FREEZE: sim_node_freeze(n); break;
    case SIM_DO_THAW: sim_node_thaw(n); break;
    case SIM_DO_CLOCK:
        n->clock_offset_ms = st->us / 1000;
        n->clock_set_us = n->world->now_us;
        break;
    case SIM_DO_MOVE: move(r->world, n); break;
    case SIM_DO_FORGE: sim_insider_forge(&r->insider, n); break;
    case SIM_DO_REPLAY: sim_insider_replay(&r->insider, n); break;
    case SIM_DO_FAULT: nr_memdisk_fail(n->disk, NR_E_IO, nr_rng_below(&r->world->rng, FAULT_WITHIN)); break;
    default: ask(r, st, n); break;
    }
}

/* Each of the set in turn, evenly over the time that the statement gives. */
static void act_on_all(struct sim_run *r, const struct sim_statement *st)
{
    struct sim_world *w = r->world;
    struct sim_set set = { 0 };
    sim_run_set(r, &st->who[0], &set);
    int64_t start_us = w->now_us;
    size_t rounds = st->verb == SIM_DO_SPONSOR ? st->number : 1;
    size_t all = rounds * set.count;
    size_t done = 0;
    for (size_t k = 0; k < rounds; k++)
        for (size_t i = 0; i < w->node_count && !w->failed; i++) {
            if (!sim_set_has(&set, i)) continue;
            bool timed = st->verb == SIM_DO_START || st->verb == SIM_DO_WRITE || st->verb == SIM_DO_SPONSOR;
            int64_t at_us = start_us + (timed ? st->us : 0) * (int64_t)done++ / (int64_t)all;
            if (at_us > w->now_us) sim_world_run(w, at_us - w->now_us);
            if (!w->failed) act(r, st, &w->nodes[i]);
        }
    sim_set_fini(&set);
}

/* The network */

static void split(struct sim_run *r, const struct sim_statement *st)
{
    struct sim_world *w = r->world;
    struct sim_set side = { 0 };
    for (uint32_t k = 0; k < st->who_count; k++) {
        sim_run_set(r, &st->who[k], &side);
        for (uint32_t i = 0; i < w->node_count; i++)
            if (sim_set_has(&side, i)) sim_net_group(&w->net, i, k + 1);
    }
    sim_set_fini(&side);
}

static void heal(struct sim_world *w)
{
    sim_net_heal(&w->net);
    for (size_t i = 0; i < w->node_count; i++) nr_memdisk_fail(w->nodes[i].disk, 0, 0);
}

static void set_links(struct sim_run *r, const struct sim_statement *st)
{
    struct sim_world *w = r->world;
    struct sim_set from = { 0 };
    struct sim_set to = { 0 };
    sim_run_set(r, &st->who[0], &from);
    sim_run_set(r, &st->who[1], &to);
    if (st->verb == SIM_DO_LINK)
        sim_links_set(&w->net.links, &from, &to, &st->link);
    else
        sim_links_block(&w->net.links, &from, &to, st->share_ppm, sim_mix(w->config.seed ^ sim_mix(++r->drawn)));
    sim_set_fini(&from);
    sim_set_fini(&to);
}

/* What is demanded from now on */

static void demand(struct sim_run *r, const struct sim_statement *st)
{
    struct sim_set set = { 0 };
    sim_run_set(r, &st->who[0], &set);
    if (st->verb == SIM_DO_TURNS)
        sim_vigil_turns(&r->world->vigil, &set, (unsigned)st->number, st->us);
    else
        sim_vigil_status(&r->world->vigil, &set, st->status, st->verb == SIM_DO_NEVER);
    sim_set_fini(&set);
}

/* Returns the statement that comes next. */
static size_t perform(struct sim_run *r, size_t at)
{
    const struct sim_statement *st = &r->script->list[at];
    struct sim_world *w = r->world;
    sim_trace_line(&w->trace, 1, w->now_us, "%s:%u: %s", r->script->name, st->line, st->text);
    switch (st->verb) {
    case SIM_DO_GROUP: make_group(r, st); break;
    case SIM_DO_SPLIT: split(r, st); break;
    case SIM_DO_BLOCK:
    case SIM_DO_LINK: set_links(r, st); break;
    case SIM_DO_HEAL: heal(w); break;
    case SIM_DO_WAIT: sim_world_run(w, st->us); break;
    case SIM_DO_REPEAT: r->rounds = st->number; break;
    case SIM_DO_END: return --r->rounds > 0 ? st->partner + 1 : at + 1;
    case SIM_DO_MEASURE: sim_traffic_reset(w); break;
    case SIM_DO_EQUAL:
    case SIM_DO_STATUS:
    case SIM_DO_KNOWN:
    case SIM_DO_GONE:
    case SIM_DO_FIGURE: sim_run_expect(r, st); break;
    case SIM_DO_NEVER:
    case SIM_DO_MAY:
    case SIM_DO_TURNS: demand(r, st); break;
    default: act_on_all(r, st); break;
    }
    return at + 1;
}

static bool has_insider(const struct sim_script *script)
{
    for (size_t i = 0; i < script->count; i++)
        if (script->list[i].verb == SIM_DO_FORGE || script->list[i].verb == SIM_DO_REPLAY) return true;
    return false;
}

void sim_run(struct sim_world *w, const struct sim_script *script)
{
    struct sim_run r = { .world = w, .script = script };
    if (has_insider(script)) sim_insider_init(&r.insider, w);
    r.sponsored = sim_alloc(w->node_count * sizeof *r.sponsored);
    r.words = sim_alloc(w->node_count * sizeof *r.words);
    for (size_t i = 0; i < SIM_GROUPS; i++) sim_set_reset(&r.groups[i], w->node_count);
    for (size_t at = 0; at < script->count && !w->failed;) at = perform(&r, at);
    sim_check_all(w);
    for (size_t i = 0; i < SIM_GROUPS; i++) sim_set_fini(&r.groups[i]);
    sim_insider_fini(&r.insider);
    free(r.sponsored);
    free(r.words);
}
