#include "tools/sim/links.h"

#include <stdlib.h>

#include "tools/sim/map.h"

void sim_links_init(struct sim_links *l, const struct sim_link *all)
{
    *l = (struct sim_links){ .all = *all };
}

void sim_links_heal(struct sim_links *l)
{
    for (size_t i = 0; i < l->count; i++) {
        sim_set_fini(&l->rules[i].from);
        sim_set_fini(&l->rules[i].to);
    }
    l->count = 0;
}

void sim_links_fini(struct sim_links *l)
{
    sim_links_heal(l);
    free(l->rules);
}

/* The last place, since the last rule holds; what was there over the same sets goes. */
static struct sim_rule *place(struct sim_links *l, const struct sim_set *from, const struct sim_set *to, bool block)
{
    struct sim_rule r = { .block = block };
    size_t at = 0;
    while (at < l->count &&
           (l->rules[at].block != block || !sim_set_eq(&l->rules[at].from, from) || !sim_set_eq(&l->rules[at].to, to)))
        at++;
    if (at < l->count) {
        r = l->rules[at];
        for (; at + 1 < l->count; at++) l->rules[at] = l->rules[at + 1];
        l->count--;
    } else {
        sim_set_copy(&r.from, from);
        sim_set_copy(&r.to, to);
    }
    l->rules = sim_grow(l->rules, l->count, &l->capacity, sizeof *l->rules);
    l->rules[l->count] = r;
    return &l->rules[l->count++];
}

void sim_links_set(struct sim_links *l, const struct sim_set *from, const struct sim_set *to,
                   const struct sim_link *link)
{
    place(l, from, to, false)->link = *link;
}

void sim_links_block(struct sim_links *l, const struct sim_set *from, const struct sim_set *to, uint32_t share_ppm,
                     uint64_t salt)
{
    struct sim_rule *r = place(l, from, to, true);
    r->share_ppm = share_ppm;
    r->salt = salt;
}

static bool is_blocked(const struct sim_rule *r, uint32_t from, uint32_t to)
{
    return r->share_ppm >= SIM_PPM || sim_mix(r->salt ^ ((uint64_t)from << 32 | to)) % SIM_PPM < r->share_ppm;
}

const struct sim_link *sim_links_find(const struct sim_links *l, uint32_t from, uint32_t to)
{
    const struct sim_link *link = &l->all;
    for (size_t i = 0; i < l->count; i++) {
        const struct sim_rule *r = &l->rules[i];
        if (!sim_set_has(&r->from, from) || !sim_set_has(&r->to, to)) continue;
        if (!r->block)
            link = &r->link;
        else if (is_blocked(r, from, to))
            return NULL;
    }
    return link;
}
