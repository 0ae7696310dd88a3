#include "tools/sim/memory.h"

#include "core/state.h"
#include "tools/sim/world.h"

#define FEW          1536 /* bytes of a set or table of next to nothing */
#define RECORD       82 /* an entry, an eighth more; its id, in a table at least 3/8 full; its share of a bucket's tree */
#define PEER         36 /* 24 bytes, in a table at least 7/10 full */
#define GONE         64 /* 32 bytes, in an array at least half full */
#define WANTS        (2 * NR_WANTS_MAX * sizeof(struct nr_want))
#define PIECED       (NR_PIECED_MAX * sizeof(struct nr_pieced))
#define PARCELS_KEPT 8 /* core/outbox.c: between two calls nothing waits there */
#define PARCELS      (PARCELS_KEPT * sizeof(struct nr_parcel) + 2 * NR_OUTBOX_MAX * sizeof(struct nr_parcel *))

void sim_memory_note(struct sim_node *n)
{
    const struct nr_core *c = n->core;
    size_t *most = n->guard.most;
    for (int plane = 0; plane < NR_PLANES; plane++)
        if (c->sets[plane].count > most[plane]) most[plane] = c->sets[plane].count;
}

static size_t set_memory(const struct nr_set *s)
{
    size_t buckets = s->heads ? (size_t)1 << s->bits : 0;
    size_t tables = s->id_mask + (size_t)1 + buckets; /* of ids, and the buckets' heads */
    return s->room * sizeof *s->entries + tables * sizeof(uint32_t) +
           (s->sums ? 2 * buckets * (sizeof *s->sums + sizeof *s->counts) : 0);
}

static size_t outbox_memory(const struct nr_outbox *o)
{
    return o->room * sizeof *o->parcels + (o->used > 1 ? o->used - 1 : 0) * sizeof **o->parcels;
}

void sim_memory_parts(const struct sim_node *n, struct sim_memory_part out[static SIM_MEMORY_PARTS])
{
    const struct nr_core *c = n->core;
    const size_t *most = n->guard.most;
    size_t peers = most[NR_PLANE_COLD];
    const struct sim_memory_part parts[SIM_MEMORY_PARTS] = {
        { "cold records", set_memory(&c->sets[NR_PLANE_COLD]), FEW + RECORD * most[NR_PLANE_COLD] },
        { "hot records", set_memory(&c->sets[NR_PLANE_HOT]), FEW + RECORD * most[NR_PLANE_HOT] },
        { "brief records", set_memory(&c->sets[NR_PLANE_BRIEF]), FEW + RECORD * most[NR_PLANE_BRIEF] },
        { "peers", c->roster.room * sizeof *c->roster.places, FEW + PEER * peers },
        { "who is gone", c->roster.gone_room * sizeof *c->roster.gone, FEW + GONE * peers },
        { "paths", c->paths.count * sizeof **c->paths.list, NR_PATHS_MAX * sizeof **c->paths.list },
        { "wants", c->wants.room * sizeof *c->wants.slots + c->wants.pieced * sizeof(struct nr_pieced),
          WANTS + PIECED },
        { "watches", c->watches.room * sizeof *c->watches.list, NR_WATCHES_MAX * sizeof *c->watches.list },
        { "what is to be sent and told", outbox_memory(&c->outbox) + c->events.room * sizeof *c->events.ring,
          PARCELS + NR_EVENTS_MAX * sizeof *c->events.ring },
        /* What it remembers, has seen and has greeted is in itself. */
        { "itself", sizeof *c + c->metrics_len + c->self_body_len, sizeof *c + NR_METRICS_MAX + NR_RECORD_MAX },
    };
    for (size_t i = 0; i < SIM_MEMORY_PARTS; i++) out[i] = parts[i];
}

void sim_memory_check(const struct sim_node *n)
{
    struct sim_memory_part parts[SIM_MEMORY_PARTS];
    sim_memory_parts(n, parts);
    for (size_t i = 0; i < SIM_MEMORY_PARTS; i++)
        if (parts[i].held > parts[i].bound)
            sim_fail(n->world, "%s: its memory of %s is %zu bytes, beyond %zu", n->name, parts[i].of, parts[i].held,
                     parts[i].bound);
}

size_t sim_node_memory(const struct sim_node *n)
{
    struct sim_memory_part parts[SIM_MEMORY_PARTS];
    size_t sum = 0;
    if (!n->core) return 0;
    sim_memory_parts(n, parts);
    for (size_t i = 0; i < SIM_MEMORY_PARTS; i++) sum += parts[i].held;
    return sum;
}
