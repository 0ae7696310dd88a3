/* One GET from a server on this machine, which may hang, lie and never end. */
#ifndef NODEPROBE_FETCH_H
#define NODEPROBE_FETCH_H

#include "base/buf.h"

struct fetched {
    long status;     /* of the answer; 0: none came */
    const char *why; /* in curl's words, for an error */
};

/* 0: an answer came, whatever its status; its body is added to `body`, whose maximum is the most that is taken.
 * `unix_socket`: its path, or NULL; http and https only, no proxy, no redirection. NR_E_NOT_FOUND: nobody listens
 * there; NR_E_DENIED: the socket is not for us; NR_E_TIMEOUT: not within timeout_ms as a whole; what `body` says when
 * it is full (NR_E_TOO_LARGE; the status is known then); NR_E_INVALID: no HTTP, a bad URL; NR_E_NOMEM. */
int fetch_ask(const char *url, const char *unix_socket, long timeout_ms, struct nr_buf *body,
              struct fetched *out) NR_MUST_CHECK;
/* Likewise, and NR_E_NOT_FOUND for another status than 200. */
int fetch_get(const char *url, const char *unix_socket, long timeout_ms, struct nr_buf *body) NR_MUST_CHECK;

#endif
