/* The parts of a node's standing, one a file; and its JSON, which facade and tool share. */
#ifndef NR_NR_STANDING_PARTS_H
#define NR_NR_STANDING_PARTS_H

#include <nr/standing.h>

#include "base/json.h"
#include "core/view.h"

/* Takes noded's answer into `s` (standing_reply.c). *through: the key of who brought the newest heartbeat, or empty;
 * borrowed from the reply. NR_E_INVALID. */
int nr_standing_reply(struct nr_node_standing *s, struct nr_bytes reply, struct nr_bytes *through) NR_MUST_CHECK;

/* Writes s->why from all that else stands in it (standing_why.c). */
void nr_standing_why(struct nr_node_standing *s, enum nr_state declared, const struct nr_thresholds *t, int64_t now_ms);

/* An object of the members that the API promises (standing_json.c). */
void nr_standing_json(struct nr_json *j, const struct nr_node_standing *s);

#endif
