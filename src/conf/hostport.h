/* HOST:PORT as people write it: a name or an IPv4 address, or an IPv6 address in brackets, and a port. */
#ifndef NR_CONF_HOSTPORT_H
#define NR_CONF_HOSTPORT_H

#include "base/bytes.h"
#include "base/err.h"

#define NR_HOST_MAX 253

struct nr_hostport {
    char host[NR_HOST_MAX + 1]; /* without brackets */
    bool numeric;
    uint16_t port;
};

/* NR_E_INVALID. Port 0 is taken; whether it may be is the caller's. */
int nr_hostport_parse(struct nr_bytes text, struct nr_hostport *out) NR_MUST_CHECK;

#endif
