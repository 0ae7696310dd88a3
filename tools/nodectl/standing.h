/* Why a node has its status, as `nodectl node` shows it. */
#ifndef NR_NODECTL_STANDING_H
#define NR_NODECTL_STANDING_H

#include "nr/standing_parts.h"
#include "tools/nodectl/show.h"

/* From the store, and from noded where it runs and it is this store's. A libnr error. */
int ctl_standing(struct ctl *ctl, const char *node_id, int64_t now_ms, struct nr_node_standing *out) NR_MUST_CHECK;
void ctl_standing_facts(struct ctl_facts *f, const struct nr_node_standing *s, int64_t now_ms);

#endif
