/* Runs another program for what it prints. */
#ifndef NODEPROBE_TOOL_H
#define NODEPROBE_TOOL_H

#include "base/bytes.h"
#include "base/err.h"

/* Runs argv[0] (a path, or a name for $PATH), without a shell and with nothing on its standard input, and waits until
 * it has ended with status 0, for at most timeout_ms. *out is what it printed, into `into`; its standard error is
 * thrown away. NR_E_NOT_FOUND (no such program), NR_E_TOO_LARGE (it printed more than `size`), NR_E_INVALID (another
 * status, a signal), NR_E_TIMEOUT, NR_E_SYSTEM. On an error it is killed, but not waited for: it may hang in the
 * kernel. What it has started itself is left to whoever ends our process group. */
int tool_run(char *const argv[], int timeout_ms, void *into, size_t size, struct nr_bytes *out) NR_MUST_CHECK;

#endif
