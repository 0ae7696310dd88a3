#include "base/log.h"
#include "noded/ops.h"

/* What the core refuses although the request was well-formed. */
static int refused(struct request *q, int err, const char *not_found, const char *denied)
{
    if (err == NR_E_NOT_FOUND) q->message = not_found;
    if (err == NR_E_DENIED) q->message = denied;
    if (err == NR_E_INVALID) q->message = "all together is larger than a record may be";
    return err;
}

#define NO_SUCH_NODE "no such node is registered"
#define SPEAKS_SELF  "the node speaks for itself"

int op_register(struct request *q)
{
    struct register_request r;
    if (!request_register(q->map, &r, &q->faults)) return NR_E_INVALID;
    int err = nr_core_register(q->o->core, q->now, r.node_id, &r.body);
    if (err) return refused(q, err, NO_SUCH_NODE, SPEAKS_SELF);
    nr_log_debug("control: node registered: node_id=%.*s%s%.*s", (int)r.node_id.len, (const char *)r.node_id.data,
                 r.client.len ? " client=" : "", (int)r.client.len, (const char *)r.client.data);
    q->durable = true;
    nr_control_str(q->reply, "node_id", r.node_id);
    return 0;
}

int op_heartbeat(struct request *q)
{
    struct heartbeat_request r;
    if (!request_heartbeat(q->map, &r, &q->faults)) return NR_E_INVALID;
    int err = nr_core_heartbeat(q->o->core, q->now, r.node_id, &r.body, &q->durable);
    if (err) return refused(q, err, NO_SUCH_NODE, SPEAKS_SELF);
    nr_control_str(q->reply, "node_id", r.node_id);
    nr_control_uint(q->reply, "timestamp", (uint64_t)q->now.wall_ms);
    return 0;
}

int op_delete(struct request *q)
{
    struct nr_bytes node_id;
    if (!request_node_id(q->map, &node_id, &q->faults)) return NR_E_INVALID;
    int err = nr_core_delete_node(q->o->core, q->now, node_id);
    if (err) return refused(q, err, NO_SUCH_NODE, SPEAKS_SELF);
    nr_log_info("control: node deleted: node_id=%.*s", (int)node_id.len, (const char *)node_id.data);
    q->durable = true;
    return 0;
}

int op_profile_put(struct request *q)
{
    struct profile_request r;
    if (!request_profile(q->map, true, &r, &q->faults)) return NR_E_INVALID;
    int err = nr_core_put_profile(q->o->core, q->now, r.role, r.config);
    if (err) return refused(q, err, NULL, NULL);
    nr_log_info("control: profile set: role=%.*s", (int)r.role.len, (const char *)r.role.data);
    q->durable = true;
    return 0;
}

int op_profile_delete(struct request *q)
{
    struct profile_request r;
    if (!request_profile(q->map, false, &r, &q->faults)) return NR_E_INVALID;
    int err = nr_core_delete_profile(q->o->core, q->now, r.role);
    if (err) return refused(q, err, "there is no profile for this role", NULL);
    nr_log_info("control: profile deleted: role=%.*s", (int)r.role.len, (const char *)r.role.data);
    q->durable = true;
    return 0;
}

int op_give_up(struct request *q)
{
    struct give_up_request r;
    uint64_t marked = 0;
    if (!request_give_up(q->map, &r, &q->faults)) return NR_E_INVALID;
    for (size_t i = 0; i < r.count; i++) {
        bool declared;
        int err = nr_core_give_up(q->o->core, q->now, r.nodes[i], (int64_t)r.silent_since_ms, &declared);
        if (err == NR_E_NOT_FOUND || err == NR_E_DENIED) continue; /* it has changed since it was listed */
        if (err) return err;
        marked += declared;
    }
    if (marked) nr_log_info("control: silent nodes declared offline: nodes=%llu", (unsigned long long)marked);
    q->durable = marked > 0;
    nr_control_uint(q->reply, "marked", marked);
    return 0;
}
