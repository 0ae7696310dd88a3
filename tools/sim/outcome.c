#include "tools/sim/outcome.h"

#include <stdlib.h>

#include "tools/sim/map.h"

void sim_outcomes_fini(struct sim_outcomes *o)
{
    free(o->list);
}

static struct sim_outcome *of_line(struct sim_outcomes *o, const struct sim_outcome *outcome)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->list[i].line == outcome->line) return &o->list[i];
    o->list = sim_grow(o->list, o->count, &o->capacity, sizeof *o->list);
    o->list[o->count] = *outcome;
    o->list[o->count].times = 0;
    return &o->list[o->count++];
}

void sim_outcome_note(struct sim_outcomes *o, const struct sim_outcome *outcome)
{
    struct sim_outcome *x = of_line(o, outcome);
    x->times++;
    x->held = x->held && outcome->held;
    if (outcome->found > x->found) x->found = outcome->found;
}
