/* Has the checks of a plan run, each at its interval, and knows how each stands. */
#ifndef NODEPROBE_CHECKS_H
#define NODEPROBE_CHECKS_H

#include "base/rng.h"
#include "nodeprobe/check.h"
#include "nodeprobe/task.h"

struct checks;

struct checks_options {
    struct nr_loop *loop;
    struct task_pool *pool;
    struct nr_rng *rng;
    const struct nr_plan *plan;
    void (*looked)(void *arg); /* a check has ended; may free nothing */
    void *arg;
};

/* All that is pointed to is borrowed for the life of the checks. They begin within a second, with plan->once at once,
 * and then never again. A check that stands in `before` as it is keeps its status; `before` may be NULL, and is only
 * read. NULL: no memory. */
struct checks *checks_new(const struct checks_options *options, const struct checks *before);
void checks_free(struct checks *c); /* takes NULL; ends what runs */
/* Whether each has a result. */
bool checks_complete(const struct checks *c);
/* The array "modules" of report.h. */
void checks_modules(const struct checks *c, struct nr_writer *out);

#endif
