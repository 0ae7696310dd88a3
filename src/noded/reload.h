/* The configuration read again, at SIGHUP. */
#ifndef NODED_RELOAD_H
#define NODED_RELOAD_H

#include "noded/daemon.h"

/* NULL: it is faulty, and the log says how. Keys that have changed and take a restart are named in the log. */
struct nr_conf *reload_read(const struct daemon_options *o, const struct nr_conf *was);

#endif
