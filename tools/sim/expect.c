/* Each expectation is asked every 10 ms of virtual time until it holds. To ask often is cheap: the asking goes on at
 * the pair (node, reader) that was not as wanted when last asked, and goes through all of them only when nothing is
 * amiss. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/sim/run.h"

struct wait {
    struct sim_run *run;
    const struct sim_statement *st;
    struct sim_set subjects, readers;
    size_t at;        /* the pair that was amiss: reader * node_count + subject */
    int64_t since_us; /* since when it is */
    uint32_t thing;   /* of the subject's sponsored nodes */
    enum nr_status seen;
    size_t holders, wanted; /* of `known` */
};

static const char *subject_name(const struct wait *x, char out[static SIM_THING_MAX])
{
    size_t node = x->at % x->run->world->node_count;
    if (!x->st->who[0].sponsored) return x->run->world->nodes[node].name;
    sim_run_thing(out, SIM_THING_MAX, node, x->thing);
    return out;
}

static bool as_wanted(struct wait *x, struct sim_node *reader)
{
    char name[SIM_THING_MAX];
    x->seen = sim_sees_status(reader, subject_name(x, name));
    return x->seen == (x->st->verb == SIM_DO_GONE ? NR_STATUS_FORGOTTEN : x->st->status);
}

/* All that a reader sees of one subject. */
static bool pair_holds(struct wait *x, struct sim_node *reader)
{
    uint32_t sponsored = x->run->sponsored[x->at % x->run->world->node_count];
    if (!x->st->who[0].sponsored) return as_wanted(x, reader);
    for (uint32_t k = 0; k < sponsored; k++) {
        if (as_wanted(x, reader)) {
            x->thing = (x->thing + 1) % sponsored;
            continue;
        }
        return false;
    }
    return true;
}

static bool all_see(struct sim_world *w, void *arg)
{
    struct wait *x = arg;
    size_t pairs = w->node_count * w->node_count;
    size_t from = x->at;
    size_t looked = 0;
    for (size_t k = 0; k < pairs; k++) {
        x->at = (from + k) % pairs;
        struct sim_node *reader = &w->nodes[x->at / w->node_count];
        if (!sim_set_has(&x->readers, reader->index) || reader->state != SIM_UP) {
            k += w->node_count - x->at % w->node_count - 1; /* none of his pairs */
            continue;
        }
        if (!sim_set_has(&x->subjects, x->at % w->node_count)) continue;
        looked++;
        if (pair_holds(x, reader)) continue;
        if (k > 0) x->since_us = w->now_us;
        return false;
    }
    return looked > 0;
}

static void fail(const struct wait *x, const char *what)
{
    const struct sim_statement *st = x->st;
    sim_fail(x->run->world, "%s.scenario:%u: %s: %s", x->run->script->name, st->line, st->text, what);
}

static void expect_seen(struct wait *x)
{
    struct sim_world *w = x->run->world;
    char what[200];
    char name[SIM_THING_MAX];
    if (sim_world_run_until(w, x->st->us, all_see, x) || w->failed) return;
    snprintf(what, sizeof what, "%s sees %s %s, since %.3f s at least", w->nodes[x->at / w->node_count].name,
             subject_name(x, name), nr_status_name(x->seen), (double)x->since_us / 1e6);
    fail(x, x->readers.count ? what : "nobody is there to look");
}

/* How many of those that are up hold what the node said last, or newer. */
static size_t count_holders(struct sim_world *w, const struct sim_node *n)
{
    uint64_t hash = sim_node_word_key(n);
    size_t holders = 0;
    for (size_t i = 0; i < w->node_count; i++) {
        const struct sim_node *reader = &w->nodes[i];
        uint64_t stamp;
        uint64_t id;
        if (reader->state != SIM_UP) continue;
        holders += nr_core_lookup(reader->core, sim_node_now(reader), hash, &stamp, &id) && stamp >= n->word_stamp;
    }
    return holders;
}

static bool all_known(struct sim_world *w, void *arg)
{
    struct wait *x = arg;
    uint64_t up = sim_play_count_up(w);
    x->wanted = (size_t)((up * x->st->share_ppm + SIM_PPM - 1) / SIM_PPM);
    for (size_t k = 0; k < w->node_count; k++) {
        size_t at = (x->at + k) % w->node_count;
        if (!sim_set_has(&x->subjects, at)) continue;
        x->holders = count_holders(w, &w->nodes[at]);
        if (w->nodes[at].word_stamp > 0 && x->holders >= x->wanted) continue;
        x->at = at;
        return false;
    }
    return up > 0;
}

static void expect_known(struct wait *x)
{
    struct sim_world *w = x->run->world;
    char what[200];
    if (sim_world_run_until(w, x->st->us, all_known, x) || w->failed) return;
    const struct sim_node *n = &w->nodes[x->at];
    snprintf(what, sizeof what, "the last word of %s%s is at %zu of %zu nodes, and should be at %zu", n->name,
             n->word_stamp ? "" : " (it has said nothing)", x->holders, sim_play_count_up(w), x->wanted);
    fail(x, what);
}

static void expect_equal(struct wait *x)
{
    struct sim_world *w = x->run->world;
    char what[sizeof w->failure];
    sim_play_agree(w, x->st->us);
    sim_play_committed(w);
    if (!w->failed) return;
    /* Which statement it was goes before what was found. */
    snprintf(what, sizeof what, "%s", w->failure);
    snprintf(w->failure, sizeof w->failure, "%s.scenario:%u: %.300s", x->run->script->name, x->st->line, what);
}

static void note(const struct wait *x, double found, double limit, const char *unit, bool held)
{
    const struct sim_statement *st = x->st;
    struct sim_outcome o = { st->line, st->text, found, limit, unit, 1, held };
    sim_outcome_note(&x->run->world->outcomes, &o);
}

static void expect_figure(struct wait *x)
{
    char what[120];
    double found = sim_traffic_figure(x->run->world, x->st->figure);
    double limit = (double)x->st->number / 1000;
    note(x, found, limit, "", found <= limit);
    sim_trace_line(&x->run->world->trace, 1, x->run->world->now_us, "%s is %.3f", sim_figure_names[x->st->figure],
                   found);
    if (found <= limit) return;
    snprintf(what, sizeof what, "it is %.3f", found);
    fail(x, what);
}

void sim_run_expect(struct sim_run *r, const struct sim_statement *st)
{
    struct wait x = { .run = r, .st = st, .since_us = r->world->now_us };
    int64_t start_us = r->world->now_us;
    if (st->who_count > 0) sim_run_set(r, &st->who[0], &x.subjects);
    if (st->who_count > 1) sim_run_set(r, &st->who[1], &x.readers);
    switch (st->verb) {
    case SIM_DO_STATUS:
    case SIM_DO_GONE: expect_seen(&x); break;
    case SIM_DO_KNOWN: expect_known(&x); break;
    case SIM_DO_EQUAL: expect_equal(&x); break;
    default: expect_figure(&x); break;
    }
    if (st->verb != SIM_DO_FIGURE)
        note(&x, (double)(r->world->now_us - start_us) / 1e6, (double)st->us / 1e6, "s", !r->world->failed);
    if (!r->world->failed)
        sim_trace_line(&r->world->trace, 1, r->world->now_us, "holds after %lld ms",
                       (long long)((r->world->now_us - start_us) / 1000));
    sim_set_fini(&x.subjects);
    sim_set_fini(&x.readers);
}
