/* POST /nodes/register: handed to noded, and answered with the node as the store has it once it is on disk. */
#include "io/clock.h"
#include "nodehttpd/ask.h"
#include "nodehttpd/handlers.h"
#include "nodehttpd/node_json.h"
#include "nodehttpd/registration.h"

#define SHOW_TRIES    50
#define SHOW_PAUSE_MS 10

struct register_pending {
    struct pending p;
    enum view view;
    struct nr_timer *timer; /* until the store shows the node */
    int tries;
    size_t node_id_len;
    char node_id[NR_SUBJECT_MAX];
};

/* 0: answered; NR_ERR_NOT_FOUND or NR_ERR_UNAVAILABLE: not yet to be seen; else answered with a problem. */
static int show_once(struct register_pending *r)
{
    const struct exchange *x = &r->p.x;
    struct reads *reads = &x->app->reads;
    struct nr_now now = nr_clock_now();
    struct nr_node node;
    int err = reads_begin(reads, now);
    if (err) return err;
    err = nr_node_get(reads->snapshot, r->node_id, r->node_id_len, now.wall_ms, &node);
    if (!err) {
        node_json(app_body(x->app), &node, r->view);
        respond_json(x, 200, NULL);
    }
    reads_end(reads);
    return err;
}

static void show(void *arg)
{
    struct register_pending *r = arg;
    int err = show_once(r);
    if (err && r->tries++ < SHOW_TRIES) {
        nr_timer_in(r->timer, SHOW_PAUSE_MS);
        return;
    }
    if (err)
        problem(&r->p.x, 503, RETRY_SOON, "the node is registered, but the store does not show it: %s",
                nr_error_text(err));
    ask_free(&r->p);
}

static void freed(struct pending *p)
{
    nr_timer_free(((struct register_pending *)p)->timer);
}

static void registered(struct pending *p, int err, const struct nr_control_map *reply)
{
    struct register_pending *r = (struct register_pending *)p;
    struct nr_bytes id;
    if (!err && (nr_control_get_str(reply, "node_id", &id) != 1 || id.len > sizeof r->node_id)) {
        err = NR_E_IO;
        reply = NULL;
    }
    if (err) {
        problem_control(&p->x, err, reply);
        ask_free(p);
        return;
    }
    memcpy(r->node_id, id.data, id.len);
    r->node_id_len = id.len;
    show(r);
}

static void send_registration(struct register_pending *r, const struct registration *g, const struct nr_addr *remote)
{
    struct nr_control_writer w;
    uint8_t labels[REGISTRATION_LABELS_MAX];
    char client[NR_ADDR_TEXT];
    nr_addr_format(remote, client);
    ask_begin(&r->p, &w, "register");
    if (g->node_id.len) nr_control_str(&w, "node_id", g->node_id);
    nr_control_str(&w, "hostname", g->hostname);
    if (g->ip.len) nr_control_str(&w, "ip", g->ip);
    nr_control_str(&w, "role", g->role);
    if (g->has_labels) nr_control_item(&w, "labels", registration_labels(g, labels));
    if (g->metadata.len) nr_control_item(&w, "metadata", g->metadata);
    nr_control_cstr(&w, "client", client);
    ask_send(&r->p, &w, registered);
}

static void take(const struct exchange *x, const struct request *rq, const struct registration *g, enum view view)
{
    struct register_pending *r = ask_new(x, sizeof *r);
    if (!r) return;
    r->view = view;
    r->p.freed = freed;
    r->timer = nr_timer_new(x->app->loop, show, r);
    if (!r->timer) {
        problem(x, 503, RETRY_SOON, "out of memory");
        ask_free(&r->p);
        return;
    }
    send_registration(r, g, &rq->http->remote);
}

void register_post(const struct exchange *x, const struct request *rq)
{
    struct registration g;
    struct faults f;
    if (!app_query(x, rq)) return;
    json_t *body = app_object(x, rq);
    if (!body) return;
    faults_init(&f);
    enum view view = app_view(x->app, &f);
    registration_read(body, &g, &f);
    if (f.count) {
        problem_faults(x, &f);
    } else {
        take(x, rq, &g, view);
        faults_fini(&f);
    }
    json_decref(body);
}
