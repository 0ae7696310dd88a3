/* What scenarios have in common: to bring a cluster up, to wait until it agrees, and to demand at the end that it does.
 */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include "tools/sim/say.h"
#include "tools/sim/world.h"

/* Boots nodes `from` to `to`-1 over `over_us`, all of them through the first node of the world. */
void sim_play_boot(struct sim_world *w, size_t from, size_t to, int64_t over_us);
/* Every node that is up holds one set, in which each of them stands. Fails the world when that is not so within
 * `limit_us`; returns how long it took. */
int64_t sim_play_agree(struct sim_world *w, int64_t limit_us);
/* Boots all nodes and waits until they agree. */
void sim_play_cluster(struct sim_world *w);
/* Ends all faults: heals the network, sets the clocks right, thaws, boots what is off; then demands agreement, that
 * every committed record is held by all, and that every node passes its whole check. */
void sim_play_finish(struct sim_world *w, int64_t limit_us);
/* Demands that all nodes that are up hold what any of them has committed. */
void sim_play_committed(struct sim_world *w);
/* Registers at a node and watches the record spread. */
void sim_play_watch(struct sim_node *n, const char *node_id, uint32_t revision, size_t bulk);
/* Fails the world unless `ok`. */
#define sim_expect(w, ok, ...)                                                                                         \
    do {                                                                                                               \
        if (!(w)->failed && !(ok)) sim_fail((w), __VA_ARGS__);                                                         \
    } while (0)
/* Any node that is up, by the scenario's chance; NULL: none. */
struct sim_node *sim_play_any(struct sim_world *w);
/* Nothing comes from one to the other any more. */
void sim_play_block(struct sim_world *w, const struct sim_node *from, const struct sim_node *to);
/* Says how many records and paths the nodes have. */
void sim_play_census(struct sim_world *w);
/* How many nodes that are up see this node so. */
size_t sim_play_count_status(struct sim_world *w, const char *node_id, enum nr_status status);
size_t sim_play_count_up(const struct sim_world *w);

#endif
