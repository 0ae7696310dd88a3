/* The scenarios: one row each, one file a noun under scenes/. */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "tools/sim/world.h"

struct sim_scenario {
    const char *name;
    const char *says;  /* what must hold, for --help */
    size_t nodes;      /* unless told otherwise */
    uint32_t loss_ppm; /* likewise */
    uint32_t lease_s;  /* of NODE records; 0: the core's own */
    void (*run)(struct sim_world *w);
};

extern const struct sim_scenario sim_scenarios[];
extern const size_t sim_scenario_count;
const struct sim_scenario *sim_scenario_find(const char *name);

#define SIM_SCENARIOS(X)                                                                                               \
    X(converge, "nodes that join through one seed all hold one set within 10 s, and the heartbeats", 100, 0, 0)        \
    X(beats, "heartbeats and nothing else: their bytes, at most 1.2 copies of each, their spread", 100, 50000, 0)      \
    X(stretch, "a growing cluster beats slower, a shrinking one faster, and nobody is late", 60, 0, 0)                 \
    X(partition, "two halves written to on both sides are equal within 10 s of the healing", 100, 0, 0)                \
    X(crash, "a committed write survives crashes and power loss at any point", 20, 0, 0)                               \
    X(late, "a late joiner has everything, large records too, within 10 s", 30, 0, 0)                                  \
    X(deletion, "a deletion reaches a peer that was away, and no old copy revives the node", 12, 0, 600)               \
    X(lease, "a record is gone everywhere when its lease ends, and a living node renews", 8, 0, 90)                    \
    X(forget, "a node silent for 72 h is forgotten everywhere, not before, and not brought back", 5, 0, 0)             \
    X(silence, "who is cut off sees silence: degraded after 30 s, offline after 300 s, online at once again", 8, 0, 0) \
    X(restored, "a node whose disk was set back meets its own newer record and jumps past it", 8, 0, 0)                \
    X(clocks, "5 s off does no harm; two minutes ahead is refused until the clock is right", 10, 0, 0)                 \
    X(twins, "a key on two machines leaves evidence, and both go on", 10, 0, 0)                                        \
    X(namesakes, "two keys that claim one name: all show the same one, and nobody else is disturbed", 10, 0, 0)        \
    X(versions, "what a later version says is passed on whole, its signature valid", 10, 0, 0)                         \
    X(replay, "every captured datagram, played again from anywhere, changes nothing", 8, 0, 0)                         \
    X(amplify, "an address that has proven nothing gets no more bytes than it sent", 6, 0, 0)                          \
    X(hostile, "an insider's garbage, forgeries and floods harm nobody's records but its own", 8, 0, 0)                \
    X(foreign, "records of other versions are refused where they come in, and all join as ever", 12, 0, 0)             \
    X(minted, "keys minted by an insider cost memory by what lives, and no record of others", 8, 0, 0)                 \
    X(renewed, "nodes that start 50 times, each time at a new address, leave nothing behind", 20, 0, 0)                \
    X(move, "a node that comes back at another address is found again", 20, 0, 0)                                      \
    X(chaos, "random faults and writes; then all is healed, and all agree", 16, 10000, 0)

#define X(name, says, nodes, loss, lease) void sim_scene_##name(struct sim_world *w);
SIM_SCENARIOS(X)
#undef X

#endif
