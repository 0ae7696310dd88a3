/* The network between endpoints: it loses, delays, doubles and reorders datagrams, and is cut at will.
 *
 * An endpoint is a machine with one address at a time. What happens to a datagram is decided when it is sent, by the
 * network's own generator, so that a fault leaves the nodes' own chance alone. Datagrams are plaintext: the envelope is
 * not simulated, its size is counted. One that was corrupted would not open, and nothing of it would reach the core: it
 * is dropped and counted. */
#ifndef SIM_NET_H
#define SIM_NET_H

#include "base/addr.h"
#include "base/rng.h"
#include "tools/sim/links.h"
#include "tools/sim/queue.h"

#define SIM_NOWHERE UINT32_MAX

struct sim_endpoint {
    uint32_t slot;  /* which address it has now */
    uint32_t group; /* endpoints of different groups do not hear each other */
};

struct sim_packet {
    struct nr_addr from;
    uint16_t len;
    uint16_t copies; /* deliveries still to come */
    uint8_t data[];
};

/* Sees every datagram as it is sent, before its fate is known. */
typedef void sim_tap_fn(void *arg, uint32_t from, const struct nr_addr *to, struct nr_bytes plain);

struct sim_net {
    struct sim_queue *queue; /* borrowed */
    struct nr_rng rng;
    struct sim_links links;
    struct sim_endpoint *endpoints;
    size_t endpoint_count, endpoint_capacity;
    uint32_t *slots; /* which endpoint has this address, or SIM_NOWHERE */
    size_t slot_count, slot_capacity;
    struct sim_packet **packets;
    size_t packet_count, packet_capacity;
    uint32_t *idle; /* free places in packets */
    size_t idle_count, idle_capacity;
    sim_tap_fn *tap;
    void *tap_arg;
    uint64_t sent, lost, cut, corrupted, doubled, astray, bytes, in_flight;
};

void sim_net_init(struct sim_net *net, struct sim_queue *queue, const struct sim_link *link, uint64_t seed);
void sim_net_fini(struct sim_net *net);
/* Adds an endpoint with an address of its own, and returns its number: 0, 1, 2 … */
uint32_t sim_net_add(struct sim_net *net);
/* Gives the endpoint a new address; its old one leads nowhere. */
void sim_net_move(struct sim_net *net, uint32_t endpoint);
struct nr_addr sim_net_addr(const struct sim_net *net, uint32_t endpoint);
/* The n-th address that was given away: the first ones went to the endpoints in their order. */
struct nr_addr sim_net_slot_addr(uint32_t slot);
/* An address at which nobody is: 198.51.100.0/24 and the port. */
struct nr_addr sim_net_spoofed(uint32_t n);

/* Sends from an endpoint's address, or from one that it claims (`as`, may be NULL). */
void sim_net_send(struct sim_net *net, int64_t now_us, uint32_t from, const struct nr_addr *as,
                  const struct nr_addr *to, struct nr_bytes plain);
/* The packet of a DELIVER event: borrowed until sim_net_release, which must follow. */
const struct sim_packet *sim_net_packet(const struct sim_net *net, uint32_t ref);
void sim_net_release(struct sim_net *net, uint32_t ref);

void sim_net_group(struct sim_net *net, uint32_t endpoint, uint32_t group);
void sim_net_heal(struct sim_net *net); /* one group, and no rules for some links */

#endif
