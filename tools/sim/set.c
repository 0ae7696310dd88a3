#include "tools/sim/set.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tools/sim/map.h"

void sim_set_reset(struct sim_set *s, size_t nodes)
{
    if (s->nodes != nodes) s->in = sim_realloc(s->in, nodes * sizeof *s->in);
    memset(s->in, 0, nodes * sizeof *s->in);
    s->nodes = nodes;
    s->count = 0;
}

void sim_set_fini(struct sim_set *s)
{
    free(s->in);
    *s = (struct sim_set){ 0 };
}

void sim_set_add(struct sim_set *s, size_t node)
{
    nr_assert(node < s->nodes);
    s->count += !s->in[node];
    s->in[node] = true;
}

void sim_set_copy(struct sim_set *to, const struct sim_set *from)
{
    sim_set_reset(to, from->nodes);
    memcpy(to->in, from->in, from->nodes * sizeof *to->in);
    to->count = from->count;
}

bool sim_set_eq(const struct sim_set *a, const struct sim_set *b)
{
    return a->nodes == b->nodes && memcmp(a->in, b->in, a->nodes * sizeof *a->in) == 0;
}
