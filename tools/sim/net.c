/* Addresses are 10.x.y.z:9206, one for each slot; an endpoint that moves takes the next slot. */
#include "tools/sim/net.h"

#include <stdlib.h>

#include "base/assert.h"
#include "proto/limits.h"
#include "tools/sim/map.h"

#define SIM_PORT 9206

void sim_net_init(struct sim_net *net, struct sim_queue *queue, const struct sim_link *link, uint64_t seed)
{
    *net = (struct sim_net){ .queue = queue };
    sim_links_init(&net->links, link);
    nr_rng_init(&net->rng, seed);
}

void sim_net_fini(struct sim_net *net)
{
    for (size_t i = 0; i < net->packet_count; i++) free(net->packets[i]);
    free(net->packets);
    free(net->idle);
    free(net->endpoints);
    free(net->slots);
    sim_links_fini(&net->links);
}

static uint32_t take_slot(struct sim_net *net, uint32_t endpoint)
{
    net->slots = sim_grow(net->slots, net->slot_count, &net->slot_capacity, sizeof *net->slots);
    net->slots[net->slot_count] = endpoint;
    return (uint32_t)net->slot_count++;
}

uint32_t sim_net_add(struct sim_net *net)
{
    net->endpoints = sim_grow(net->endpoints, net->endpoint_count, &net->endpoint_capacity, sizeof *net->endpoints);
    uint32_t e = (uint32_t)net->endpoint_count++;
    net->endpoints[e] = (struct sim_endpoint){ .slot = take_slot(net, e) };
    return e;
}

void sim_net_move(struct sim_net *net, uint32_t endpoint)
{
    net->slots[net->endpoints[endpoint].slot] = SIM_NOWHERE;
    net->endpoints[endpoint].slot = take_slot(net, endpoint);
}

struct nr_addr sim_net_slot_addr(uint32_t slot)
{
    uint32_t n = slot + 1;
    struct nr_addr a = { .family = 4, .port = SIM_PORT };
    a.ip[0] = 10;
    a.ip[1] = (uint8_t)(n >> 16);
    a.ip[2] = (uint8_t)(n >> 8);
    a.ip[3] = (uint8_t)n;
    return a;
}

struct nr_addr sim_net_addr(const struct sim_net *net, uint32_t endpoint)
{
    return sim_net_slot_addr(net->endpoints[endpoint].slot);
}

struct nr_addr sim_net_spoofed(uint32_t n)
{
    struct nr_addr a = { .family = 4, .ip = { 198, 51, 100 }, .port = (uint16_t)(1024 + n / 250 % 60000) };
    a.ip[3] = (uint8_t)(1 + n % 250);
    return a;
}

static uint32_t find(const struct sim_net *net, const struct nr_addr *a)
{
    if (a->family != 4 || a->ip[0] != 10 || a->port != SIM_PORT) return SIM_NOWHERE;
    size_t n = (size_t)a->ip[1] << 16 | (size_t)a->ip[2] << 8 | a->ip[3];
    return n == 0 || n > net->slot_count ? SIM_NOWHERE : net->slots[n - 1];
}

static bool chance(struct sim_net *net, uint32_t ppm)
{
    return ppm > 0 && nr_rng_below(&net->rng, SIM_PPM) < ppm;
}

/* NULL: nothing comes from one to the other. */
static const struct sim_link *link_between(const struct sim_net *net, uint32_t from, uint32_t to)
{
    if (net->endpoints[from].group != net->endpoints[to].group) return NULL;
    return sim_links_find(&net->links, from, to);
}

static int64_t draw_delay(struct sim_net *net, const struct sim_link *link)
{
    int64_t d = link->delay_us;
    if (link->jitter_us > 0) d += nr_rng_below(&net->rng, (uint32_t)link->jitter_us);
    if (chance(net, link->reorder_ppm) && link->reorder_us > 0)
        d += nr_rng_below(&net->rng, (uint32_t)link->reorder_us);
    return d;
}

static uint32_t keep(struct sim_net *net, const struct nr_addr *from, struct nr_bytes plain, uint16_t copies)
{
    struct sim_packet *p = sim_realloc(NULL, sizeof *p + plain.len);
    p->from = *from;
    p->len = (uint16_t)plain.len;
    p->copies = copies;
    memcpy(p->data, plain.data, plain.len);
    net->in_flight++;
    if (net->idle_count > 0) {
        uint32_t ref = net->idle[--net->idle_count];
        net->packets[ref] = p;
        return ref;
    }
    net->packets = sim_grow(net->packets, net->packet_count, &net->packet_capacity, sizeof *net->packets);
    net->packets[net->packet_count] = p;
    return (uint32_t)net->packet_count++;
}

void sim_net_send(struct sim_net *net, int64_t now_us, uint32_t from, const struct nr_addr *as,
                  const struct nr_addr *to, struct nr_bytes plain)
{
    nr_assert(plain.len <= NR_PLAIN_MAX && from < net->endpoint_count);
    if (net->tap) net->tap(net->tap_arg, from, to, plain);
    net->sent++;
    net->bytes += plain.len + NR_ENVELOPE_SIZE;
    uint32_t dest = find(net, to);
    if (dest == SIM_NOWHERE) {
        net->astray++;
        return;
    }
    const struct sim_link *link = link_between(net, from, dest);
    if (!link) {
        net->cut++;
        return;
    }
    if (chance(net, link->loss_ppm)) {
        net->lost++;
        return;
    }
    struct nr_addr own = sim_net_addr(net, from);
    uint32_t copies = 1 + link->duplicate_ppm / SIM_PPM + chance(net, link->duplicate_ppm % SIM_PPM);
    net->doubled += copies - 1;
    uint32_t whole = 0;
    for (uint32_t i = 0; i < copies; i++) whole += !chance(net, link->corrupt_ppm);
    net->corrupted += copies - whole;
    if (!whole) return;
    uint32_t ref = keep(net, as ? as : &own, plain, (uint16_t)whole);
    for (uint32_t i = 0; i < whole; i++)
        sim_queue_add(net->queue, now_us + draw_delay(net, link), SIM_EV_DELIVER, dest, ref);
}

const struct sim_packet *sim_net_packet(const struct sim_net *net, uint32_t ref)
{
    nr_assert(ref < net->packet_count && net->packets[ref]);
    return net->packets[ref];
}

void sim_net_release(struct sim_net *net, uint32_t ref)
{
    if (--net->packets[ref]->copies > 0) return;
    free(net->packets[ref]);
    net->packets[ref] = NULL;
    net->in_flight--;
    net->idle = sim_grow(net->idle, net->idle_count, &net->idle_capacity, sizeof *net->idle);
    net->idle[net->idle_count++] = ref;
}

void sim_net_group(struct sim_net *net, uint32_t endpoint, uint32_t group)
{
    net->endpoints[endpoint].group = group;
}

void sim_net_heal(struct sim_net *net)
{
    sim_links_heal(&net->links);
    for (size_t i = 0; i < net->endpoint_count; i++) net->endpoints[i].group = 0;
}
