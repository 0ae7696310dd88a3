/* Following the registry: the change log as it grows, and nodes' turns from one status to another. */
#ifndef NR_NODECTL_CHANGES_H
#define NR_NODECTL_CHANGES_H

#include "tools/nodectl/ctl.h"
#include "tools/nodectl/names.h"

/* Members of a change, into an open object. */
void ctl_json_change_members(struct nr_json *j, const struct ctl_names *names, const struct nr_change *c);

/* Prints a line for each change with a number above `after` and not older than `since_ms`, and goes on with new ones
 * until SIGINT or SIGTERM. `statuses`: turns of status too. Returns the exit status. */
int ctl_follow(struct ctl *ctl, uint64_t after, int64_t since_ms, bool statuses);

#endif
