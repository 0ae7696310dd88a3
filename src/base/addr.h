/* A UDP address in numbers, as the core sees it: no sockaddr, no names. An IPv4-mapped IPv6 address is IPv4. */
#ifndef NR_BASE_ADDR_H
#define NR_BASE_ADDR_H

#include "base/bytes.h"
#include "base/err.h"

#define NR_ADDR_WIRE 19
#define NR_ADDR_TEXT 64

struct nr_addr {
    uint8_t family; /* 4, 6; 0: none */
    uint8_t ip[16]; /* IPv4 takes the first four, the rest is zero */
    uint16_t port;  /* host order */
};

bool nr_addr_eq(const struct nr_addr *a, const struct nr_addr *b);
/* The unspecified address (0.0.0.0, ::) of either family. */
bool nr_addr_is_any(const struct nr_addr *a);
/* Loopback, multicast, broadcast, unspecified, port 0: whether a datagram may be sent there at all (loopback may). */
bool nr_addr_is_unicast(const struct nr_addr *a);
bool nr_addr_is_loopback(const struct nr_addr *a);
/* `192.0.2.1:9206` or `[2001:db8::1]:9206`; numbers only, the port 1–65535. */
int nr_addr_parse(struct nr_bytes text, struct nr_addr *out) NR_MUST_CHECK;
void nr_addr_format(const struct nr_addr *a, char out[static NR_ADDR_TEXT]);
/* Without brackets and port; "none" where there is no address. */
void nr_addr_format_ip(const struct nr_addr *a, char out[static NR_ADDR_TEXT]);
/* family 1, address 16, port 2 (proto/README.md B.3). Parsing refuses another family and a nonzero rest. */
void nr_addr_to_wire(const struct nr_addr *a, uint8_t out[static NR_ADDR_WIRE]);
int nr_addr_from_wire(const uint8_t in[static NR_ADDR_WIRE], struct nr_addr *out) NR_MUST_CHECK;
/* Whether text is an IPv4 or IPv6 address without a port. */
bool nr_ip_valid(struct nr_bytes text);

#endif
