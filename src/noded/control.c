/* A frame's way: parsed, its operation found in the table, the role asked, run, answered. An answer that waits for the
 * disk is built at once and kept with the commit. What cannot even be parsed ends the connection. */
#include "noded/control.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "io/clock.h"
#include "noded/ops.h"
#include "proto/mp.h"

struct control {
    struct control_options o;
    struct nr_control_server *server;
    struct nr_buf out;
    bool leaving;
};

struct op {
    const char *name;
    unsigned roles;
    op_fn *run;
};

static const struct op ops[] = {
    { "info", ROLE_FACADE | ROLE_TOOL, op_info },
    { "stats", ROLE_FACADE | ROLE_TOOL, op_stats },
    { "peers", ROLE_TOOL, op_peers },
    { "standing", ROLE_FACADE | ROLE_TOOL, op_standing },
    { "register", ROLE_FACADE | ROLE_TOOL, op_register },
    { "heartbeat", ROLE_FACADE | ROLE_TOOL, op_heartbeat },
    { "delete", ROLE_FACADE | ROLE_TOOL, op_delete },
    { "profile_put", ROLE_FACADE | ROLE_TOOL, op_profile_put },
    { "profile_delete", ROLE_FACADE | ROLE_TOOL, op_profile_delete },
    { "give_up", ROLE_FACADE | ROLE_TOOL, op_give_up },
    { "declare", ROLE_TOOL, op_declare },
    { "leave", ROLE_TOOL, op_leave },
    { "invite", ROLE_TOOL, op_invite },
    { "reload", ROLE_TOOL, op_reload },
};

static const struct op *find_op(struct nr_bytes name)
{
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (nr_bytes_eq(name, nr_bytes_str(ops[i].name))) return &ops[i];
    }
    return NULL;
}

/* The first request of a connection: what it may do from now on. */
static int run_hello(struct request *q)
{
    struct nr_bytes word, version;
    unsigned role = 0;
    if (nr_conn_mark(q->conn) != 0) {
        q->message = "hello was said already";
        return NR_E_INVALID;
    }
    if (nr_control_get_str(q->map, "role", &word) != 1) {
        faults_add(&q->faults, "role", "is required");
    } else if (nr_bytes_eq(word, nr_bytes_str("facade"))) {
        role = ROLE_FACADE;
    } else if (nr_bytes_eq(word, nr_bytes_str("tool"))) {
        role = ROLE_TOOL;
    } else {
        faults_add(&q->faults, "role", "must be facade or tool");
    }
    if (nr_control_get_str(q->map, "version", &version) != 1) faults_add(&q->faults, "version", "is required");
    if (q->faults.count) return NR_E_INVALID;
    uid_t uid = nr_conn_uid(q->conn);
    if (role == ROLE_TOOL && uid != 0 && uid != geteuid()) {
        q->message = "this takes root or the user that noded runs as";
        return NR_E_DENIED;
    }
    nr_conn_set_mark(q->conn, role);
    nr_control_cstr(q->reply, "node_id", q->o->identity->node_id);
    nr_control_cstr(q->reply, "version", NR_VERSION);
    return 0;
}

static int run_op(struct request *q)
{
    struct nr_bytes name;
    if (nr_control_get_str(q->map, "op", &name) != 1) {
        faults_add(&q->faults, "op", "is required");
        return NR_E_INVALID;
    }
    if (nr_bytes_eq(name, nr_bytes_str("hello"))) return run_hello(q);
    if (nr_conn_mark(q->conn) == 0) {
        q->message = "say hello first";
        return NR_E_DENIED;
    }
    const struct op *op = find_op(name);
    if (!op) {
        faults_add(&q->faults, "op", "is not known");
        return NR_E_INVALID;
    }
    if (!(op->roles & nr_conn_mark(q->conn))) {
        q->message = "this takes the role tool";
        return NR_E_DENIED;
    }
    return op->run(q);
}

static void write_faults(struct nr_control_writer *w, const struct faults *f, struct nr_buf *list)
{
    uint8_t head[8], item[512];
    struct nr_writer mp;
    nr_writer_init(&mp, head, sizeof head);
    nr_mp_write_array(&mp, (uint32_t)f->count);
    nr_buf_add(list, mp.start, nr_writer_len(&mp));
    for (size_t i = 0; i < f->count; i++) {
        nr_writer_init(&mp, item, sizeof item);
        nr_mp_write_map(&mp, 2);
        nr_mp_write_cstr(&mp, "field");
        nr_mp_write_cstr(&mp, f->list[i].field);
        nr_mp_write_cstr(&mp, "message");
        nr_mp_write_cstr(&mp, f->list[i].message);
        nr_buf_add(list, mp.start, nr_writer_len(&mp));
    }
    if (!list->err) nr_control_item(w, "fields", nr_buf_bytes(list));
}

static void send_error(struct control *c, struct nr_conn_id conn, uint64_t id, int code, const char *message,
                       const struct faults *faults)
{
    struct nr_control_writer w;
    struct nr_buf list;
    nr_buf_reset(&c->out);
    nr_buf_init(&list, 0);
    nr_control_begin(&w, &c->out);
    nr_control_uint(&w, "id", id);
    nr_control_bool(&w, "ok", false);
    nr_control_cstr(&w, "error", nr_errname(code));
    nr_control_cstr(&w, "message", message ? message : nr_strerror(code));
    if (faults && faults->count) write_faults(&w, faults, &list);
    if (nr_control_end(&w) == 0) nr_conn_send(c->server, conn, nr_buf_bytes(&c->out));
    nr_buf_fini(&list);
}

/* The answer waits for the disk: `c->out` is handed over to the commit. */
static int wait_for_commit(struct control *c, const struct request *q, uint64_t id)
{
    struct commit_waiter waiter = { .conn = nr_conn_id(q->conn), .request = id, .reply = c->out };
    int err = commit_wait(c->o.commit, &waiter);
    if (err) return err;
    nr_buf_init(&c->out, 0);
    if (q->leaving) c->leaving = true;
    return 0;
}

void control_committed(void *control, const struct commit_waiter *waiter, int err)
{
    struct control *c = control;
    if (err) {
        send_error(c, waiter->conn, waiter->request, err, NULL, NULL);
    } else {
        nr_conn_send(c->server, waiter->conn, nr_buf_bytes(&waiter->reply));
    }
    if (c->leaving) c->o.end(c->o.arg);
}

static void on_frame(void *arg, struct nr_conn *conn, struct nr_bytes body)
{
    struct control *c = arg;
    struct nr_control_map map;
    struct nr_control_writer w;
    uint64_t id;
    if (nr_control_parse(body, &map) != 0 || nr_control_get_uint(&map, "id", &id) != 1) {
        nr_log_debug("control: connection closed: a frame that is no request pid=%ld", (long)nr_conn_pid(conn));
        nr_conn_break(conn);
        return;
    }
    struct request q = { .o = &c->o, .map = &map, .now = nr_clock_now(), .conn = conn, .reply = &w };
    nr_buf_reset(&c->out);
    nr_control_begin(&w, &c->out);
    nr_control_uint(&w, "id", id);
    nr_control_bool(&w, "ok", true);
    int err = run_op(&q);
    int end = nr_control_end(&w);
    relay_drain(c->o.relay, q.now);
    if (!err) err = end;
    if (!err && q.durable) {
        err = wait_for_commit(c, &q, id);
    } else if (!err) {
        nr_conn_send(c->server, nr_conn_id(conn), nr_buf_bytes(&c->out));
    }
    if (err) send_error(c, nr_conn_id(conn), id, err, q.message, &q.faults);
}

struct control *control_new(void)
{
    struct control *c = calloc(1, sizeof *c);
    if (c) nr_buf_init(&c->out, 0);
    return c;
}

void control_setup(struct control *c, const struct control_options *options)
{
    c->o = *options;
}

int control_listen(struct control *c, const char *path)
{
    return nr_control_server_new(&c->server, c->o.loop, path, on_frame, c);
}

void control_free(struct control *c)
{
    if (!c) return;
    nr_control_server_free(c->server);
    nr_buf_fini(&c->out);
    free(c);
}
