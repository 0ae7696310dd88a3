/* How datagrams fare between endpoints: one link for all, and rules for some pairs, one way each.
 *
 * Of the rules that set a link the one that was set last holds for a pair; a pair is blocked while any rule blocks it.
 * A rule over the same sets replaces the earlier one, so that a scenario may set and set again for ever. */
#ifndef SIM_LINKS_H
#define SIM_LINKS_H

#include "tools/sim/set.h"

#define SIM_PPM 1000000u

struct sim_link {
    uint32_t loss_ppm;
    uint32_t duplicate_ppm; /* further copies of a datagram, in the mean: may be above 1 */
    uint32_t reorder_ppm;   /* of these each is held back for up to reorder_us more */
    uint32_t corrupt_ppm;   /* does not open where it arrives, and is dropped there */
    int64_t delay_us;
    int64_t jitter_us;
    int64_t reorder_us;
};
/* 20 to 30 ms, nothing lost. */
#define SIM_LINK_DEFAULT ((struct sim_link){ .delay_us = 20000, .jitter_us = 10000, .reorder_us = 200000 })

struct sim_rule {
    struct sim_set from, to;
    bool block;
    uint32_t share_ppm; /* of the pairs, by `salt`, when it blocks */
    uint64_t salt;
    struct sim_link link;
};

struct sim_links {
    struct sim_link all;
    struct sim_rule *rules;
    size_t count, capacity;
};

void sim_links_init(struct sim_links *l, const struct sim_link *all);
void sim_links_fini(struct sim_links *l);
void sim_links_set(struct sim_links *l, const struct sim_set *from, const struct sim_set *to,
                   const struct sim_link *link);
/* Blocks this share of the pairs; which ones is settled by `salt`. */
void sim_links_block(struct sim_links *l, const struct sim_set *from, const struct sim_set *to, uint32_t share_ppm,
                     uint64_t salt);
/* No rules. */
void sim_links_heal(struct sim_links *l);
/* The link from one endpoint to another; NULL: blocked. Valid until the next change. */
const struct sim_link *sim_links_find(const struct sim_links *l, uint32_t from, uint32_t to);

#endif
