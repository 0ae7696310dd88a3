/* The handlers, by the file that has them. */
#ifndef NODEHTTPD_HANDLERS_H
#define NODEHTTPD_HANDLERS_H

#include "nodehttpd/app.h"

handler_fn index_get;                                               /* index.c */
handler_fn health_get;                                              /* health.c */
handler_fn metrics_get;                                             /* prometheus.c */
handler_fn nodes_list, node_get, node_delete;                       /* nodes.c */
handler_fn register_post;                                           /* register.c */
handler_fn heartbeat_post, heartbeats_get;                          /* heartbeat.c */
handler_fn discover_post, discover_get;                             /* discover.c */
handler_fn standing_get;                                            /* standing.c */
handler_fn records_get;                                             /* records.c */
handler_fn profiles_list, profile_get, profile_put, profile_delete; /* profiles.c */
handler_fn cleanup_post;                                            /* cleanup.c */

/* 404 */
void no_such_node(const struct exchange *x, struct nr_bytes node_id); /* nodes.c */

#endif
