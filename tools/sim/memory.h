/* What a core keeps in memory, part by part, and the bound of each: so many bytes for each record that lives or lived
 * at once in this life of the node (what a set has grown to it keeps), and fixed limits for all else (proto/README.md
 * D.7). Computed from what the parts say of themselves; the records' bytes are in the store. Holds between two calls.
 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include <stddef.h>

struct sim_node;

struct sim_memory_part {
    const char *of;
    size_t held, bound;
};
#define SIM_MEMORY_PARTS 10

/* After each call into the core: how much lives. */
void sim_memory_note(struct sim_node *n);
/* Of a node that is not off. */
void sim_memory_parts(const struct sim_node *n, struct sim_memory_part out[static SIM_MEMORY_PARTS]);
/* Fails the world where a part is beyond its bound. */
void sim_memory_check(const struct sim_node *n);
/* All parts together; 0: it is off. */
size_t sim_node_memory(const struct sim_node *n);

#endif
