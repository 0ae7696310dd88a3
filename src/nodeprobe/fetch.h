/* One GET from a server on this machine, which may hang, lie and never end. */
#ifndef NODEPROBE_FETCH_H
#define NODEPROBE_FETCH_H

#include "base/buf.h"

/* The body of a 200, added to `body` (whose maximum is the most that is taken). `unix_socket`: its path, or NULL; http
 * and https only, no proxy, no redirection. NR_E_NOT_FOUND: nobody listens there, or another status than 200;
 * NR_E_DENIED: the socket is not for us; NR_E_TIMEOUT: not within timeout_ms as a whole; NR_E_TOO_LARGE; NR_E_INVALID:
 * no HTTP, a bad URL; NR_E_NOMEM. */
int fetch_get(const char *url, const char *unix_socket, long timeout_ms, struct nr_buf *body) NR_MUST_CHECK;

#endif
