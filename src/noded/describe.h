/* What this node says of itself beyond its configuration, kept up to date: what nodeprobe finds out about the machine
 * and its services, the load for its heartbeats, and what it takes over from the profile of its role.
 *
 * Changes are registered by noded/pace.h, and a profile that is rewritten is taken over by it. A measurement of load is
 * told for three times that between measurements, which is the heartbeat interval and at most 30 s, and then no more:
 * no heartbeat carries a figure that is not of now. */
#ifndef NODED_DESCRIBE_H
#define NODED_DESCRIBE_H

#include "conf/conf.h"
#include "noded/nodeself.h"
#include "noded/probe.h"
#include "noded/relay.h"

struct describe;

/* All borrowed for its life. */
struct describe_options {
    struct nr_loop *loop;
    struct nr_core *core;
    struct nr_store *store;
    struct relay *relay;
    struct nodeself *self;       /* its facts are kept here from now on */
    struct nr_conf *const *conf; /* the one in force: it is replaced when it is read again */
};

/* Reads the profile, so that the first registration holds it. Nothing is started yet. NULL: no memory. */
struct describe *describe_new(const struct describe_options *options);
void describe_free(struct describe *d); /* takes NULL; waits for nodeprobe as probe_free does */
/* Starts nodeprobe. NR_E_NOMEM. */
int describe_start(struct describe *d) NR_MUST_CHECK;
/* Nodeprobe is to end: the node is leaving. Takes NULL. */
void describe_end(struct describe *d);

/* The configuration was read again: tells nodeprobe, and registers the node. NR_E_NOMEM: nodeprobe goes on with what it
 * was told before; else what the registration returns, which is then tried again. */
int describe_reload(struct describe *d) NR_MUST_CHECK;
/* An event of the core: a profile may have changed. Does not call into the core. Takes NULL. */
void describe_on_event(struct describe *d, const struct nr_event *e);
/* Before the core makes a heartbeat: this process may have stood still since the last. Takes NULL. */
void describe_before_beat(struct describe *d, struct nr_now now);

#define DESCRIBE_COUNTERS(X)                                                                                           \
    X(descriptions, "times that this node was registered anew because what it says of itself had changed")             \
    X(profile_refusals, "labels and checks of a profile that this node did not take over")

struct describe_stats {
#define X(name, help) uint64_t name;
    DESCRIBE_COUNTERS(X)
#undef X
};
const struct describe_stats *describe_stats(const struct describe *d);
const struct probe *describe_probe(const struct describe *d);

#endif
