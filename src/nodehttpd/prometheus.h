/* The parts of the exposition, each appended to `out`. */
#ifndef NODEHTTPD_PROMETHEUS_H
#define NODEHTTPD_PROMETHEUS_H

#include "nodehttpd/app.h"

/* prometheus.c: the registry as it is read, the facade, its process. */
void expose_registry(struct nr_buf *out, struct app *app, struct nr_now now);
void expose_http(struct nr_buf *out, const struct app *app);
void expose_process(struct nr_buf *out, const struct app *app);
/* prometheus_noded.c: noded's answer to "stats". */
void expose_noded(struct nr_buf *out, const struct nr_control_map *stats);

#endif
