/* One request of the control socket on its way through, and the operations that answer it. Private to the daemon. */
#ifndef NODED_OPS_H
#define NODED_OPS_H

#include "io/control_server.h"
#include "noded/control.h"
#include "noded/requests.h"

enum role { ROLE_FACADE = 1, ROLE_TOOL = 2 };

struct request {
    const struct control_options *o;
    const struct nr_control_map *map;
    struct nr_now now;
    struct nr_conn *conn;
    struct nr_control_writer *reply; /* "id" and "ok" stand in it; an operation adds its own */
    struct faults faults;            /* NR_E_INVALID when there are any */
    const char *message;             /* words for an error where those of the code are too few; a literal */
    bool durable;                    /* answered behind the next commit */
    bool leaving;                    /* noded ends once this was answered */
};

typedef int op_fn(struct request *q);

op_fn op_info, op_peers;                                                       /* ops_read.c */
op_fn op_stats;                                                                /* ops_stats.c */
op_fn op_standing;                                                             /* ops_standing.c */
op_fn op_register, op_heartbeat, op_delete, op_profile_put, op_profile_delete; /* ops_write.c */
op_fn op_give_up;
op_fn op_declare, op_leave, op_invite, op_reload; /* ops_admin.c */

/* Where this node can be reached, as far as it knows: what it advertises, else what others see, else what it is bound
 * to, a wildcard standing for the machine's addresses. Returns how many; at most `max`. */
size_t ops_reachable(const struct control_options *o, struct nr_addr *out, size_t max);

/* A nested map: ends a writer that began in `scratch`, and returns what it wrote there without the frame's length;
 * empty without memory. */
struct nr_bytes ops_end_map(struct nr_control_writer *w, const struct nr_buf *scratch);

#endif
