/* What this machine is, by nodeprobe (src/probe/): asked for once, or followed. */
#ifndef NR_NODECTL_DESCRIBE_H
#define NR_NODECTL_DESCRIBE_H

#include <sys/types.h>

#include "tools/nodectl/ctl.h"

/* The newest of each part, canonical msgpack; empty: not known. */
struct ctl_description {
    struct nr_buf capabilities, modules, metrics;
};
void ctl_description_fini(struct ctl_description *d); /* takes a zeroed one */

/* A nodeprobe at work. */
struct ctl_probe {
    int fd; /* can be read when it has something to say; -1: none runs */
    pid_t pid;
    struct nr_buf in;
};

/* Everything once, by the configuration, its checks only where asked for. Says what is wrong and returns CTL_FAILED: no
 * nodeprobe, or none that answers in time. A request to end (stop.h) ends it too. */
int ctl_describe_once(const struct ctl *ctl, bool checks, struct ctl_description *out) NR_MUST_CHECK;

/* Starts one that goes on telling, a measurement of load each `load_ms`. NR_E_NOT_FOUND, NR_E_SYSTEM. */
int ctl_probe_start(struct ctl_probe *p, const struct nr_conf *conf, uint32_t load_ms) NR_MUST_CHECK;
/* Takes what it has said into `d`, without waiting. *changed is set when capabilities or modules are different now;
 * left alone otherwise. On an error it has ended, or talks nonsense: it is to be stopped. */
int ctl_probe_take(struct ctl_probe *p, struct ctl_description *d, bool *changed) NR_MUST_CHECK;
void ctl_probe_stop(struct ctl_probe *p); /* takes one that does not run */

#endif
