/* A scenario in text, statement after statement, over a world. What happens takes no time but for `over` and `wait`; an
 * expectation lets time pass until it holds, at most as long as it says. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "tools/sim/insider.h"
#include "tools/sim/play.h"
#include "tools/sim/script.h"

#define SIM_THING_MAX 48 /* bytes of such a name */

struct sim_run {
    struct sim_world *world;
    const struct sim_script *script;
    struct sim_set groups[SIM_GROUPS];
    uint32_t *sponsored;        /* how many nodes each node has registered */
    uint64_t *words;            /* the id of what each has written last */
    uint64_t rounds;            /* left of the repeat that is under way */
    struct sim_insider insider; /* zero: nobody means harm */
    uint64_t drawn;             /* random groups and shares so far: each has its own chance */
};

/* Runs all of it, and whole checks at the end. What does not hold is a failure of the world. `script` fits the world.
 */
void sim_run(struct sim_world *w, const struct sim_script *script);
/* The set that a statement names, into `out`. */
void sim_run_set(const struct sim_run *r, const struct sim_whom *who, struct sim_set *out);
/* The name of the k-th node that a node sponsors. */
void sim_run_thing(char *out, size_t size, size_t node, uint32_t k);
/* An expectation (expect.c). */
void sim_run_expect(struct sim_run *r, const struct sim_statement *st);

#endif
