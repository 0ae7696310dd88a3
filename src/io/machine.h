/* What the machine says about itself: its name and its addresses. */
#ifndef NR_IO_MACHINE_H
#define NR_IO_MACHINE_H

#include "base/addr.h"
#include "proto/limits.h"

#define NR_MACHINE_ADDRS_MAX 24

/* "localhost" where it has no usable name. */
void nr_machine_hostname(char out[static NR_HOSTNAME_MAX + 1]);
/* The addresses of its interfaces that are up, with that port, loopback among them: IPv4 before IPv6, others before
 * loopback. Link-local ones are left out. Returns how many. */
size_t nr_machine_addresses(uint16_t port, struct nr_addr out[static NR_MACHINE_ADDRS_MAX]);
/* The first that is no loopback, without a port; 127.0.0.1 where there is none. */
void nr_machine_ip(char out[static NR_IP_TEXT_MAX + 1]);

#endif
