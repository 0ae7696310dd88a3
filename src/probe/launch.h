/* Starting nodeprobe. */
#ifndef NR_PROBE_LAUNCH_H
#define NR_PROBE_LAUNCH_H

#include <sys/types.h>

#include "base/err.h"

/* Starts nodeprobe: the one beside this program's own file, else the one installed with it, else that in NR_LIBEXECDIR.
 * *fd is this side of a connected stream socket, close-on-exec, which the caller closes; the other side is the child's
 * standard input and output. Its standard error is ours; other descriptors and signal settings it does not get, nor
 * what a service manager says to this program alone in the environment. It ends when the socket is closed; the caller
 * reaps it. NR_E_NOT_FOUND (no such program), NR_E_SYSTEM (errno). */
int nr_probe_launch(int *fd, pid_t *pid) NR_MUST_CHECK;

#endif
