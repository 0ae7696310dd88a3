/* Names of what the library enumerates. */
#include <nr/registry.h>

#include "core/view.h"

static_assert((int)NR_NODE_ONLINE == (int)NR_STATUS_ONLINE && (int)NR_NODE_DEGRADED == (int)NR_STATUS_DEGRADED &&
                  (int)NR_NODE_OFFLINE == (int)NR_STATUS_OFFLINE &&
                  (int)NR_NODE_MAINTENANCE == (int)NR_STATUS_MAINTENANCE &&
                  (int)NR_NODE_DRAINING == (int)NR_STATUS_DRAINING && (int)NR_NODE_LEFT == (int)NR_STATUS_LEFT,
              "one numbering");

const char *nr_node_status_name(enum nr_node_status status)
{
    return (unsigned)status < NR_NODE_STATUS_COUNT ? nr_status_name((enum nr_status)status) : "unknown";
}

int nr_node_status_parse(const char *word, size_t len, enum nr_node_status *out)
{
    enum nr_status status;
    if (!nr_status_parse(nr_bytes(word, len), &status)) return NR_ERR_INVALID;
    *out = (enum nr_node_status)status;
    return 0;
}

const char *nr_change_name(enum nr_change_what what)
{
    static const char *const names[] = { [NR_CHANGE_ADDED] = "added",
                                         [NR_CHANGE_UPDATED] = "updated",
                                         [NR_CHANGE_STATE] = "state",
                                         [NR_CHANGE_DELETED] = "deleted",
                                         [NR_CHANGE_ENDED] = "ended" };
    return (unsigned)what < sizeof names / sizeof names[0] ? names[what] : "unknown";
}
