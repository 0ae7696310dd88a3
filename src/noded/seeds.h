/* The peers that this node joins by: those configured, else those of its token; looked up again every minute. */
#ifndef NODED_SEEDS_H
#define NODED_SEEDS_H

#include "conf/conf.h"
#include "io/resolver.h"
#include "noded/identity.h"
#include "noded/relay.h"

struct seeds {
    struct nr_loop *loop; /* borrowed, as the others */
    struct nr_core *core;
    struct relay *relay;
    struct nr_resolver *resolver;
};

/* Gives the core its seeds; again after the configuration was read anew. NR_E_NOMEM: those before stay. */
int seeds_set(struct seeds *s, const struct nr_conf *conf, const struct identity *id) NR_MUST_CHECK;
void seeds_fini(struct seeds *s);

#endif
