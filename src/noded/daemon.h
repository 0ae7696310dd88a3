/* All parts of noded, put together in their order. */
#ifndef NODED_DAEMON_H
#define NODED_DAEMON_H

#include "conf/conf.h"

struct daemon;

/* How to read the configuration again. Borrowed for the daemon's life. */
struct daemon_options {
    const struct nr_conf_program *program;
    int argc;
    char **argv;
};

/* Opens everything up to the point where the node has said who it is and listens; takes `conf`, also when it fails.
 * What goes wrong is said in the log. */
int daemon_open(struct daemon **out, struct nr_conf *conf, const struct daemon_options *options) NR_MUST_CHECK;
/* Until SIGTERM, SIGINT or the operation `leave`. */
int daemon_run(struct daemon *d) NR_MUST_CHECK;
/* Leaves the cluster if that has not been done, writes what is staged, frees everything. Takes NULL. */
int daemon_close(struct daemon *d);

#endif
