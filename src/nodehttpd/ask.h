/* Questions to noded: what is sent over the control socket, and the exchange that waits for its answer.
 *
 *     struct pending *p = ask_new(x, sizeof *p); NULL: answered already (503)
 *     struct nr_control_writer w;
 *     ask_begin(p, &w, "delete");
 *     nr_control_str(&w, …);
 *     ask_send(p, &w, on_answer);
 *
 * on_answer is called once, with what noded said or why it could not be asked; it ends the exchange and frees `p` with
 * ask_free. It may be called from within ask_send. */
#ifndef NODEHTTPD_ASK_H
#define NODEHTTPD_ASK_H

#include <sys/queue.h>

#include "nodehttpd/problem.h"

struct pending;
typedef void answered_fn(struct pending *p, int err, const struct nr_control_map *reply);

struct pending {
    struct exchange x;
    LIST_ENTRY(pending) link;
    answered_fn *answered;
    uint64_t id;
    struct nr_timer *deadline;        /* for ask_send_within */
    void (*freed)(struct pending *p); /* releases what a longer struct holds; may be NULL */
};

/* A struct of `size` bytes that begins with a struct pending, the rest zero. */
void *ask_new(const struct exchange *x, size_t size);
void ask_begin(struct pending *p, struct nr_control_writer *w, const char *op);
void ask_send(struct pending *p, struct nr_control_writer *w, answered_fn *answered);
/* NR_E_TIMEOUT already after `ms`. */
void ask_send_within(struct pending *p, struct nr_control_writer *w, answered_fn *answered, int64_t ms);
void ask_free(struct pending *p);
/* At the end of the program: without an answer. */
void ask_free_all(struct app *app);

#endif
