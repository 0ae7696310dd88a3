#include "tools/sim/guard.h"

#include <stdlib.h>

void sim_guard_init(struct sim_guard *g)
{
    memset(g, 0, sizeof *g);
}

void sim_guard_fini(struct sim_guard *g)
{
    sim_map_fini(&g->contact_of);
    sim_map_fini(&g->claim_of);
    free(g->contacts);
    free(g->claims);
}

void sim_guard_boot(struct sim_guard *g, int64_t now_us)
{
    g->booted_us = now_us;
    g->number = 0;
    if (g->fell_back) g->incarnation = 0;
    g->fell_back = false;
    g->hellos = 0;
    memset(g->most, 0, sizeof g->most);
    g->contact_count = 0;
    sim_map_clear(&g->contact_of);
}

void sim_guard_forget(struct sim_guard *g)
{
    g->signed_stamp = g->reserved = 0;
    g->claim_count = 0;
    sim_map_clear(&g->claim_of);
}

void sim_guard_claim(struct sim_guard *g, uint64_t key_hash, uint64_t stamp, int64_t ends_ms)
{
    const uint32_t *at = sim_map_get(&g->claim_of, key_hash);
    uint32_t i = at ? *at : (uint32_t)g->claim_count;
    if (!at) {
        g->claims = sim_grow(g->claims, g->claim_count, &g->claim_capacity, sizeof *g->claims);
        g->claims[g->claim_count++] = (struct sim_claim){ .key_hash = key_hash };
        sim_map_put(&g->claim_of, key_hash, i);
    }
    g->claims[i].pending = stamp;
    g->claims[i].pending_ends_ms = ends_ms;
}

void sim_guard_committed(struct sim_guard *g)
{
    for (size_t i = 0; i < g->claim_count; i++) {
        struct sim_claim *c = &g->claims[i];
        if (!c->pending) continue;
        c->committed = c->pending;
        c->committed_ends_ms = c->pending_ends_ms;
        c->pending = 0;
    }
}

void sim_guard_crashed(struct sim_guard *g)
{
    for (size_t i = 0; i < g->claim_count; i++) g->claims[i].pending = 0;
}

uint64_t sim_guard_kept(const struct sim_guard *g, uint64_t key_hash)
{
    const uint32_t *at = sim_map_get(&g->claim_of, key_hash);
    return at ? g->claims[*at].committed : 0;
}

struct sim_contact *sim_guard_contact(struct sim_guard *g, const struct nr_addr *a)
{
    uint64_t name = (uint64_t)a->ip[0] << 40 | (uint64_t)a->ip[1] << 32 | (uint64_t)a->ip[2] << 24 |
                    (uint64_t)a->ip[3] << 16 | a->port;
    const uint32_t *at = sim_map_get(&g->contact_of, name);
    if (at) return &g->contacts[*at];
    g->contacts = sim_grow(g->contacts, g->contact_count, &g->contact_capacity, sizeof *g->contacts);
    sim_map_put(&g->contact_of, name, (uint32_t)g->contact_count);
    struct sim_contact *c = &g->contacts[g->contact_count++];
    *c = (struct sim_contact){ .hello_us = -1 };
    return c;
}
