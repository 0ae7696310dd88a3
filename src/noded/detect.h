/* What the machine says about itself: its name and its addresses. */
#ifndef NODED_DETECT_H
#define NODED_DETECT_H

#include "base/addr.h"
#include "proto/limits.h"

#define DETECT_ADDRS_MAX 24

/* "localhost" where it has no usable name. */
void detect_hostname(char out[static NR_HOSTNAME_MAX + 1]);
/* The addresses of its interfaces that are up, with that port, loopback among them: IPv4 before IPv6, others before
 * loopback. Link-local ones are left out. Returns how many. */
size_t detect_addresses(uint16_t port, struct nr_addr out[static DETECT_ADDRS_MAX]);
/* The first that is no loopback, without a port; 127.0.0.1 where there is none. */
void detect_ip(char out[static NR_IP_TEXT_MAX + 1]);

#endif
