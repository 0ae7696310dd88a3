/* A registered node without a daemon, kept alive in the foreground (nodectl bootstrap --keep-alive). */
#ifndef NR_NODECTL_BOOTSTRAP_KEEP_H
#define NR_NODECTL_BOOTSTRAP_KEEP_H

#include "tools/nodectl/bootstrap_call.h"

/* Registers, and sends a heartbeat each interval, until SIGTERM or SIGINT; then says that the node has left. Registers
 * anew where the registry has forgotten it, or when what the machine is made of has changed. While nobody answers it
 * tries more and more seldom, at least once an interval. An exit status: 1 where the registry refuses the first
 * registration. Lets the next bootstrap go on once it is registered. */
int registry_keep_alive(struct registry *r, struct bootstrap *b) NR_MUST_CHECK;

/* bootstrap_http.c: the id of the registered node into its file, and the node onto standard output. */
void registry_keep_id(struct registry *r);
int registry_show(const struct registry *r) NR_MUST_CHECK;

#endif
