/* What a scenario's expectations came to: what each found beside what it allows. A line that is reached again, in a
 * `repeat`, keeps the worst that it found. */
#ifndef SIM_OUTCOME_H
#define SIM_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_outcome {
    unsigned line;    /* of the scenario's file */
    const char *text; /* borrowed from the script */
    double found, limit;
    const char *unit; /* "s": how long it took to hold; "": a figure as it is */
    uint64_t times;
    bool held; /* each time */
};

struct sim_outcomes {
    struct sim_outcome *list; /* in the order in which they were first reached */
    size_t count, capacity;
};

void sim_outcomes_fini(struct sim_outcomes *o);
/* Once more; `times` of what is given does not count. */
void sim_outcome_note(struct sim_outcomes *o, const struct sim_outcome *outcome);

#endif
