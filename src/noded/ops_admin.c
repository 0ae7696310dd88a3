#include <stdio.h>

#include "base/log.h"
#include "io/machine.h"
#include "noded/ops.h"

int op_declare(struct request *q)
{
    struct declare_request r;
    if (!request_declare(q->map, &r, &q->faults)) return NR_E_INVALID;
    if (r.node_id.len == 0) r.node_id = nr_bytes_str(q->o->identity->node_id);
    int err = nr_core_declare(q->o->core, q->now, r.node_id, r.state);
    if (err == NR_E_NOT_FOUND) q->message = "no such node is registered";
    if (err == NR_E_DENIED) q->message = "the node speaks for itself";
    if (err) return err;
    nr_log_info("control: state declared: node_id=%.*s state=%s", (int)r.node_id.len, (const char *)r.node_id.data,
                nr_state_name(r.state));
    q->durable = true;
    return 0;
}

int op_leave(struct request *q)
{
    int err = nodeself_note_state(q->o->self);
    if (!err) err = nr_core_leave(q->o->core, q->now);
    if (err) return err;
    nr_log_info("noded: leaving: asked by the control socket");
    q->durable = true;
    q->leaving = true;
    return 0;
}

static size_t add_unique(struct nr_addr *list, size_t count, size_t max, const struct nr_addr *a)
{
    for (size_t i = 0; i < count; i++) {
        if (nr_addr_eq(&list[i], a)) return count;
    }
    if (count == max) return count;
    list[count] = *a;
    return count + 1;
}

/* The machine's addresses of that family behind a wildcard; loopback only if there is nothing else. */
static size_t add_interfaces(struct nr_addr *out, size_t n, size_t max, const struct nr_addr *any)
{
    struct nr_addr found[NR_MACHINE_ADDRS_MAX];
    size_t count = nr_machine_addresses(any->port, found), before = n;
    for (size_t i = 0; i < count; i++) {
        if (found[i].family != any->family || (nr_addr_is_loopback(&found[i]) && n > before)) continue;
        n = add_unique(out, n, max, &found[i]);
    }
    return n;
}

static size_t add_bound(const struct control_options *o, struct nr_addr *out, size_t n, size_t max)
{
    struct nr_addr bound[NR_UDP_SOCKETS_MAX];
    size_t count = nr_udp_bound(relay_udp(o->relay), bound);
    for (size_t i = 0; i < count; i++) {
        n = nr_addr_is_any(&bound[i]) ? add_interfaces(out, n, max, &bound[i]) : add_unique(out, n, max, &bound[i]);
    }
    return n;
}

/* A loopback address means another machine to whoever reads it elsewhere: named only where there is no other. */
static size_t without_loopback(struct nr_addr *addrs, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (!nr_addr_is_loopback(&addrs[i])) addrs[kept++] = addrs[i];
    }
    return kept ? kept : n;
}

size_t ops_reachable(const struct control_options *o, struct nr_addr *out, size_t max)
{
    struct nr_addr learned;
    size_t n = 0;
    for (size_t i = 0; i < o->advertise_count && n < max; i++) out[n++] = o->advertise[i];
    if (n > 0) return n;
    if (nr_core_learned_address(o->core, &learned)) n = add_unique(out, n, max, &learned);
    return without_loopback(out, add_bound(o, out, n, max));
}

struct seeds {
    char text[INVITE_SEEDS_MAX][NR_SEED_TEXT_MAX + 1];
    const char *list[INVITE_SEEDS_MAX];
    size_t count;
};

static void add_seed(struct seeds *s, struct nr_bytes seed)
{
    if (s->count == INVITE_SEEDS_MAX || seed.len > NR_SEED_TEXT_MAX) return;
    for (size_t i = 0; i < s->count; i++) {
        if (nr_bytes_eq(nr_bytes_str(s->list[i]), seed)) return;
    }
    char *text = s->text[s->count];
    memcpy(text, seed.data, seed.len);
    text[seed.len] = '\0';
    s->list[s->count++] = text;
}

/* This node first, then where it joined itself. */
static void usual_seeds(const struct control_options *o, struct seeds *s)
{
    struct nr_addr own[INVITE_SEEDS_MAX / 2];
    char text[NR_ADDR_TEXT];
    size_t n = ops_reachable(o, own, sizeof own / sizeof *own), count;
    for (size_t i = 0; i < n; i++) {
        nr_addr_format(&own[i], text);
        add_seed(s, nr_bytes_str(text));
    }
    const char *const *join = nr_conf_list(*o->conf, NR_CONF_JOIN, &count);
    for (size_t i = 0; i < count; i++) add_seed(s, nr_bytes_str(join[i]));
    for (size_t i = 0; i < o->identity->seed_count; i++) add_seed(s, nr_bytes_str(o->identity->seeds[i]));
}

int op_invite(struct request *q)
{
    struct invite_request r;
    struct seeds seeds = { 0 };
    struct nr_buf token;
    if (!request_invite(q->map, &r, &q->faults)) return NR_E_INVALID;
    for (size_t i = 0; i < r.count; i++) add_seed(&seeds, r.seeds[i]);
    if (!r.given) usual_seeds(q->o, &seeds);
    nr_buf_init(&token, NR_TOKEN_TEXT_MAX);
    int err = identity_token(q->o->identity, seeds.list, seeds.count, &token);
    if (!err) nr_control_str(q->reply, "token", nr_buf_bytes(&token));
    if (!err) nr_log_info("control: token made: seeds=%zu", seeds.count);
    if (token.data) nr_wipe(token.data, token.cap);
    nr_buf_fini(&token);
    return err;
}

int op_reload(struct request *q)
{
    int err = q->o->reload(q->o->arg);
    if (err == NR_E_INVALID) q->message = "the configuration is faulty, the one in force stays: noded's log says why";
    q->durable = !err;
    return err;
}
