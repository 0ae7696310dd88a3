/* What the nodes sent and got, counted, and the figures that come of it. */
#ifndef SIM_FIGURE_H
#define SIM_FIGURE_H

#include "proto/message.h"
#include "tools/sim/script.h"

struct sim_node;
struct sim_world;

/* What a message is for. An id says nothing of its record's plane, so that ids are a part of their own. */
enum sim_part { SIM_PATHS, SIM_IDS, SIM_COLD, SIM_HOT, SIM_BRIEF, SIM_REPAIRING, SIM_PARTS };
extern const char *const sim_part_names[SIM_PARTS];

/* In sum, since the last measure. */
struct sim_traffic {
    uint64_t datagrams, bytes;         /* sent, envelopes included */
    uint64_t type_bytes[NR_MSG_TYPES]; /* heads included; the rest is headers and envelopes */
    uint64_t part_bytes[SIM_PARTS];
    uint64_t hot_payloads, hot_saved; /* PUSHes of heartbeats that arrived; heartbeats taken from others */
    uint64_t cold_payloads, cold_saved;
    uint64_t cold_saved_bytes;
    int64_t since_us;
    int64_t split_us, cold_us; /* the first SPLIT, and the last cold record taken from another; 0: none */
};

/* A message that is sent; its type is known. */
void sim_traffic_message(struct sim_traffic *t, const struct nr_message *m, int64_t now_us);
/* What a scenario may bound: copies of a heartbeat, of a cold record, bytes a node and second, bytes of the largest
 * node, bytes of repair in all, bytes of cold records and repair sent for each byte of cold records taken, round trips
 * from the first SPLIT until the last cold record was taken. */
double sim_traffic_figure(const struct sim_world *w, enum sim_figure figure);

#endif
