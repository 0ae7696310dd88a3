#include "nodeprobe/gather.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "io/clock.h"

#define PAUSE_MIN_MS 100

struct row {
    struct gather *g;
    const struct source *source;
    size_t index;
    struct task *task;
    struct nr_timer *due;
    int64_t begun_us;
    bool ended_once, fails;
};

struct gather {
    struct gather_options options;
    struct row rows[FACTS_SOURCES_MAX]; /* those that are off have no task */
    size_t count;
};

static bool measures_load(const struct source *s)
{
    return s->interval_ms == 0;
}

static bool is_on(const struct nr_plan *plan, const struct source *s)
{
    for (int i = 0; i < NR_SOURCE_COUNT; i++)
        if ((s->needs & SOURCE_NEEDS(i)) && plan->off[i]) return false;
    return !measures_load(s) || plan->load_ms > 0 || plan->once;
}

/* In the child: what is remembered stands in the memory that it was born with. */
static int run_source(void *arg, struct nr_writer *out)
{
    const struct row *row = arg;
    struct source_env env = row->g->options.env;
    env.last = facts_memory(row->g->options.facts, row->index);
    return row->source->run(&env, out);
}

/* What was found, or that nothing is there; false: it cannot be said. */
static bool take(struct row *row, int err, struct nr_bytes output)
{
    static const uint8_t nothing = 0x80; /* an empty map */
    struct facts *facts = row->g->options.facts;
    if (err == NR_E_NOT_FOUND) {
        output = row->source->absent.len > 0 ? row->source->absent : nr_bytes(&nothing, 1);
        err = 0;
    }
    if (!err) err = facts_found(facts, row->index, output);
    if (err) facts_failed(facts, row->index, measures_load(row->source) ? 0 : FACTS_KEPT_RUNS);
    if (err && !row->fails) nr_log_warning("probe: source failed: %s name=%s", nr_strerror(err), row->source->name);
    if (!err && row->fails) nr_log_info("probe: source works again: name=%s", row->source->name);
    row->fails = err != 0;
    return !err;
}

static void schedule(struct row *row)
{
    const struct nr_plan *plan = row->g->options.plan;
    int64_t interval = measures_load(row->source) ? plan->load_ms : row->source->interval_ms;
    int64_t jitter = nr_rng_below(row->g->options.rng, (uint32_t)(interval / 10 + 1)) - interval / 20;
    int64_t pause = interval + jitter - (nr_clock_now().mono_us - row->begun_us) / 1000;
    nr_timer_in(row->due, pause > PAUSE_MIN_MS ? pause : PAUSE_MIN_MS);
}

static void source_ended(void *arg, int err, struct nr_bytes output)
{
    struct row *row = arg;
    struct gather *g = row->g;
    bool good = take(row, err, output);
    row->ended_once = true;
    if (!g->options.plan->once) schedule(row);
    g->options.looked(g->options.arg, good && row->source->needs == SOURCE_NEEDS(NR_SOURCE_LOAD));
}

static void source_due(void *arg)
{
    struct row *row = arg;
    row->begun_us = nr_clock_now().mono_us;
    /* Else it was given up and is not gone yet, or too much is not. */
    if (!task_start(row->task)) source_ended(row, NR_E_TIMEOUT, nr_bytes(NULL, 0));
}

static int row_init(struct row *row)
{
    const struct gather_options *o = &row->g->options;
    const struct task_options options = {
        .name = row->source->name,
        .deadline_ms = row->source->deadline_ms,
        .output_max = SOURCE_FRAGMENT_MAX,
        .work = run_source,
        .ended = source_ended,
        .arg = row,
    };
    row->task = task_new(o->pool, &options);
    row->due = nr_timer_new(o->loop, source_due, row);
    if (!row->task || !row->due) return NR_E_NOMEM;
    nr_timer_in(row->due, 0);
    return 0;
}

struct gather *gather_new(const struct gather_options *options)
{
    struct gather *g = calloc(1, sizeof *g);
    if (!g) return NULL;
    g->options = *options;
    for (; options->sources[g->count]; g->count++) {
        nr_assert(g->count < FACTS_SOURCES_MAX);
        struct row *row = &g->rows[g->count];
        *row = (struct row){ .g = g, .source = options->sources[g->count], .index = g->count };
        if (!is_on(options->plan, row->source)) {
            facts_forget(options->facts, row->index);
        } else if (row_init(row) != 0) {
            g->count++;
            gather_free(g);
            return NULL;
        }
    }
    return g;
}

void gather_free(struct gather *g)
{
    if (!g) return;
    for (size_t i = 0; i < g->count; i++) {
        task_free(g->rows[i].task);
        nr_timer_free(g->rows[i].due);
    }
    free(g);
}

bool gather_complete(const struct gather *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->rows[i].task && !g->rows[i].ended_once) return false;
    return true;
}
