/* nodeprobe itself: takes plans from its socket, has the machine looked at by them, and sends reports. */
#ifndef NODEPROBE_PROBE_H
#define NODEPROBE_PROBE_H

#include "io/loop.h"

struct probe;

/* Takes the descriptor of the socket, also on failure. NULL: no memory. */
struct probe *probe_new(struct nr_loop *loop, int fd);
void probe_free(struct probe *p); /* takes NULL */

#endif
