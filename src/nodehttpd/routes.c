/* Every call of the API. A path without braces stands before one with them that it would match too. */
#include <assert.h>

#include "nodehttpd/handlers.h"
#include "nodehttpd/router.h"

#define API "/api/v1"

const struct route routes[] = {
    { "GET", "/", index_get, false, "This service and its endpoints" },
    { "GET", "/health", health_get, false, "Whether the registry can be read and written" },
    { "GET", "/metrics", metrics_get, false, "Figures, as JSON or for Prometheus" },
    { "GET", "/nodes", nodes_list, false, "The same as " API "/nodes" },
    { "GET", API "/nodes", nodes_list, false, "Nodes; filters role, label, status, limit, offset" },
    { "POST", API "/nodes/register", register_post, true, "Register a node, or update it" },
    { "POST", API "/nodes/heartbeat", heartbeat_post, true, "A node's sign of life" },
    { "POST", API "/nodes/discover", discover_post, false, "Nodes by role, type, status, capability, labels" },
    { "GET", API "/nodes/discover", discover_get, false, "The same with query parameters" },
    { "GET", API "/nodes/{node_id}", node_get, false, "One node" },
    { "DELETE", API "/nodes/{node_id}", node_delete, true, "Delete a node on every peer" },
    { "GET", API "/nodes/{node_id}/records", records_get, false, "The signed records behind a node, as msgpack" },
    { "GET", API "/nodes/{node_id}/heartbeats", heartbeats_get, false, "Its recent heartbeats; limit, since" },
    { "GET", API "/nodes/{node_id}/standing", standing_get, false, "Why it has its status, and who observes it" },
    { "GET", API "/profiles", profiles_list, false, "Profiles of all roles" },
    { "GET", API "/profiles/{role}", profile_get, false, "A role's profile" },
    { "PUT", API "/profiles/{role}", profile_put, true, "Set a role's profile: the body is its config" },
    { "POST", API "/maintenance/cleanup", cleanup_post, true, "Mark sponsored nodes that are silent as offline" },
    { "DELETE", API "/profiles/{role}", profile_delete, true, "Delete a role's profile" },
};

const size_t route_count = sizeof routes / sizeof *routes;

static_assert(sizeof routes / sizeof *routes <= METRICS_ROUTES_MAX, "each route has its counters");
