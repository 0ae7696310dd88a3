/* The parts of the exposition. What each metric is for: deploy/METRICS.md. */
#ifndef NODEHTTPD_PROMETHEUS_H
#define NODEHTTPD_PROMETHEUS_H

#include "nodehttpd/app.h"
#include "nodehttpd/exposition.h"

/* prometheus_registry.c: the nodes and the store, as they are read. */
void expose_registry(struct exposition *e, struct app *app, struct nr_now now);
/* prometheus_http.c: the facade and its process. */
void expose_http(struct exposition *e, const struct app *app);
void expose_process(struct exposition *e, const struct app *app);
/* prometheus_noded.c: noded's answer to "stats". */
void expose_noded(struct exposition *e, const struct nr_control_map *stats);

/* A family made of noded's counters or gauges, and which of them are its samples. */
#define NODED_MEMBERS_MAX 10
struct noded_family {
    const char *name, *help;
    double scale; /* what a figure is multiplied by; 0: shown as the whole number that it is */
    struct {
        const char *figure, *labels; /* labels NULL: none */
    } members[NODED_MEMBERS_MAX];
};
/* prometheus_families.c; each list ends with a family without a name. */
extern const struct noded_family noded_counters[], noded_gauges[];

#endif
