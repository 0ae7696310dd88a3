/* Whether readers are right about who is gone: no node may stay so at a reader while its quorum hears it.
 *
 * Looked at each second (silence in worlds of up to 256 nodes). The observers of a node X are computed over the nodes
 * that truly run (A.9), not over what anybody holds. X is heard while a quorum of them has had a datagram over a path
 * from it within 3 s. A reader that takes X for gone meanwhile (A.9), or shows it offline for the silence of its
 * heartbeats (A.7), is wrong; it may be wrong for as long as it takes X to say something new, which overrules all
 * verdicts (A.9.4), and for 10 s more for each try that a round trip takes under the loss of its links (at 40 % each
 * way: 28 s): VERDICTs that were on their way count until then, and the heartbeat that overrules them has to travel. X
 * says something new at once where it meets a VERDICT about itself (C.7.6), which nobody may be able to bring it, and
 * else when its interval has passed.
 *
 * That is demanded of a reader, an X and observers that have run for 10 s with clocks that are right within 1 s for as
 * long; and while links with less than half lost lead both ways between the reader, each of X's quorum, and most nodes
 * that run. Whoever is cut off may, and shall, take the others for gone; so may who has no path to anybody, as all whom
 * it knew have moved.
 *
 * Where nothing has hindered anybody for a minute (no link but all alike, at most 30 % lost, nobody frozen, moved, just
 * started or with a wrong clock), no reader may judge a node gone, not for a moment, that a quorum has heard in the
 * second before. Elsewhere it may: those who rank behind the observers, and do not hear it, may say so too (A.9.3). */
#ifndef SIM_JURY_H
#define SIM_JURY_H

#include "core/core.h"
#include "tools/sim/map.h"

struct sim_node;
struct sim_world;

/* A reader that is wrong about a node. */
struct sim_wrong {
    uint32_t reader, node;
    int64_t since_us, seen_us; /* without a break */
};

/* Who hears a node. */
struct sim_hearing {
    int64_t at_us; /* when that was looked at; -1: never */
    bool quorum;
    uint32_t by[NR_OBSERVERS_MAX];
    size_t count;
};

struct sim_jury {
    struct sim_map node_of; /* a key's first eight bytes → the node */
    struct sim_map place_of;
    struct sim_wrong *wrongs;
    size_t count, capacity;
    struct sim_hearing *hearings; /* of each node */
    int64_t calm_us;              /* since when nothing hinders anybody, as looked at; -1: something does */
    size_t slots;                 /* addresses given away, when last looked at */
};

void sim_jury_init(struct sim_jury *j, const struct sim_world *w);
void sim_jury_fini(struct sim_jury *j);
/* A second has passed. */
void sim_jury_look(struct sim_world *w);
/* A reader's core has judged a node. */
void sim_jury_judged(const struct sim_node *reader, const struct nr_event *e);

#endif
