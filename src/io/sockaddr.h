/* Between struct nr_addr and the system's socket addresses. */
#ifndef NR_IO_SOCKADDR_H
#define NR_IO_SOCKADDR_H

#include <sys/socket.h>

#include "base/addr.h"

/* Returns the length. An IPv6 address has no scope: link-local ones are not used. */
socklen_t nr_addr_to_sockaddr(const struct nr_addr *a, struct sockaddr_storage *out);
/* An IPv4-mapped address becomes IPv4; false for another family. */
bool nr_addr_from_sockaddr(const struct sockaddr *sa, struct nr_addr *out);

#endif
