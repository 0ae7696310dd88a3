/* UDP sockets: one or several, of both families, behind one send and one receive. Datagrams are received and sent in
 * batches. What cannot be sent now is dropped, and counted: the protocol lives with loss. ICMP errors about somebody
 * else's port change nothing. */
#ifndef NR_IO_UDP_H
#define NR_IO_UDP_H

#include "base/addr.h"
#include "base/time.h"
#include "io/loop.h"

#define NR_UDP_SOCKETS_MAX 8

struct nr_udp;

/* A datagram as it came, borrowed for the call. One longer than NR_DATAGRAM_MAX is not handed over. */
typedef void nr_udp_fn(void *arg, struct nr_now now, const struct nr_addr *from, struct nr_bytes datagram);
/* Called behind each batch that was handed over. */
typedef void nr_udp_batch_fn(void *arg, struct nr_now now);

struct nr_udp *nr_udp_new(struct nr_loop *loop, nr_udp_fn *fn, nr_udp_batch_fn *batch, void *arg);
void nr_udp_free(struct nr_udp *u); /* takes NULL */

/* Adds a socket and begins to receive. Port 0: one of the kernel's choice. An IPv6 socket takes IPv6 only. NR_E_FULL
 * (too many sockets), NR_E_SYSTEM (errno), NR_E_NOMEM. */
int nr_udp_bind(struct nr_udp *u, const struct nr_addr *addr) NR_MUST_CHECK;
/* Addresses in the order they were bound, with the port that is in use. */
size_t nr_udp_bound(const struct nr_udp *u, struct nr_addr out[static NR_UDP_SOCKETS_MAX]);

/* Puts a datagram into the batch, which is sent when it is full, and by flush. Goes out by the socket that this address
 * was last heard on, else by the first of its family. */
void nr_udp_send(struct nr_udp *u, const struct nr_addr *to, struct nr_bytes datagram);
void nr_udp_flush(struct nr_udp *u);

struct nr_udp_stats {
    uint64_t datagrams_in, bytes_in, datagrams_out, bytes_out;
    uint64_t too_large; /* received, and longer than a datagram may be */
    uint64_t not_sent;  /* dropped: the kernel's buffer was full, no route, no socket of the family */
};
const struct nr_udp_stats *nr_udp_stats(const struct nr_udp *u);

#endif
