/* Has the sources run, each when it is due, and keeps what they find in the facts. */
#ifndef NODEPROBE_GATHER_H
#define NODEPROBE_GATHER_H

#include "base/rng.h"
#include "nodeprobe/facts.h"
#include "nodeprobe/source.h"
#include "nodeprobe/task.h"

struct gather;

struct gather_options {
    struct nr_loop *loop;
    struct task_pool *pool;
    struct facts *facts;
    struct nr_rng *rng;
    const struct source *const *sources; /* ends with NULL; at most FACTS_SOURCES_MAX */
    struct source_env env;               /* without `last` */
    const struct nr_plan *plan;
    /* A source has ended; `measured`: load was. May free nothing. */
    void (*looked)(void *arg, bool measured);
    void *arg;
};

/* All that is pointed to is borrowed for the life of the gather. Begins at once; with plan->once each source runs once.
 * What the plan leaves off is forgotten. NULL: no memory. */
struct gather *gather_new(const struct gather_options *options);
void gather_free(struct gather *g); /* takes NULL; ends what runs */
/* Whether each source that is on has ended once. */
bool gather_complete(const struct gather *g);

#endif
