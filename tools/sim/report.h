/* What a run came to, in words and figures for people and for scripts (key value lines). */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include "tools/sim/world.h"

/* `command` reproduces the run. */
void sim_report(const struct sim_world *w, const char *scenario, const char *command, FILE *out);
/* One line that is written over and over, for a terminal. */
void sim_report_progress(const struct sim_world *w);

#endif
