/* A plot of who knew when, as SVG: for each watched record the share of the nodes that know it over the time since it
 * was written, and over all of them the median record's and the slowest one's. Its colours show on light and dark. */
#ifndef SIM_PLOT_H
#define SIM_PLOT_H

#include <stdio.h>

#include "tools/sim/watch.h"

/* `title`: any ASCII. Without records the axes alone. */
void sim_plot(const struct sim_watches *watches, size_t nodes, const char *title, FILE *out);

#endif
