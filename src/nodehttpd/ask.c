#include "nodehttpd/ask.h"

#include <stdlib.h>

void *ask_new(const struct exchange *x, size_t size)
{
    struct pending *p = calloc(1, size);
    if (!p) {
        problem(x, 503, RETRY_SOON, "out of memory");
        return NULL;
    }
    p->x = *x;
    LIST_INSERT_HEAD(&x->app->pending, p, link);
    return p;
}

void ask_free(struct pending *p)
{
    LIST_REMOVE(p, link);
    nr_timer_free(p->deadline);
    if (p->freed) p->freed(p);
    free(p);
}

void ask_free_all(struct app *app)
{
    struct pending *p;
    while ((p = LIST_FIRST(&app->pending))) ask_free(p);
}

void ask_begin(struct pending *p, struct nr_control_writer *w, const char *op)
{
    nr_control_client_begin(p->x.app->control, w, op);
}

static void on_reply(void *arg, int err, const struct nr_control_map *reply)
{
    struct pending *p = arg;
    p->answered(p, err, reply);
}

void ask_send(struct pending *p, struct nr_control_writer *w, answered_fn *answered)
{
    p->answered = answered;
    int err = nr_control_client_send(p->x.app->control, w, on_reply, p, &p->id);
    if (err) answered(p, err, NULL);
}

static void too_late(void *arg)
{
    struct pending *p = arg;
    nr_control_client_cancel(p->x.app->control, p->id);
    p->answered(p, NR_E_TIMEOUT, NULL);
}

void ask_send_within(struct pending *p, struct nr_control_writer *w, answered_fn *answered, int64_t ms)
{
    /* Without a timer the client's own, longer bound holds. */
    p->deadline = nr_timer_new(p->x.app->loop, too_late, p);
    if (p->deadline) nr_timer_in(p->deadline, ms);
    ask_send(p, w, answered);
}
