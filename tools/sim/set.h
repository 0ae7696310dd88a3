/* A set of a world's nodes. Zero it first; what it holds is freed by sim_set_fini. */
#ifndef SIM_SET_H
#define SIM_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_set {
    bool *in; /* by number */
    size_t nodes, count;
};

/* Empties it, for a world of so many nodes. */
void sim_set_reset(struct sim_set *s, size_t nodes);
void sim_set_fini(struct sim_set *s);
void sim_set_add(struct sim_set *s, size_t node);
void sim_set_copy(struct sim_set *to, const struct sim_set *from);
bool sim_set_eq(const struct sim_set *a, const struct sim_set *b);
/* Who is beyond its nodes (a ghost) is in no set. */
static inline bool sim_set_has(const struct sim_set *s, size_t node)
{
    return node < s->nodes && s->in[node];
}

#endif
