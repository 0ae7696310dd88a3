/* The control socket's operations (proto/CONTROL.md): who may do what, what each does, and when it is answered. */
#ifndef NODED_CONTROL_H
#define NODED_CONTROL_H

#include "conf/conf.h"
#include "noded/commit.h"
#include "noded/describe.h"
#include "noded/identity.h"
#include "noded/nodeself.h"
#include "noded/relay.h"

struct control;

/* All borrowed for its life. */
struct control_options {
    struct nr_loop *loop;
    struct nr_core *core;
    struct nr_store *store;
    struct relay *relay;
    struct commit *commit;
    const struct identity *identity;
    const struct nodeself *self;
    const struct describe *describe;
    struct nr_conf *const *conf;     /* the one in force: it is replaced when it is read again */
    const struct nr_addr *advertise; /* configured; 0: learned */
    size_t advertise_count;
    struct nr_now started;
    /* Asked by the operation `leave`, once it was answered. */
    void (*end)(void *arg);
    /* Asked by the operation `reload`: reads the configuration again. NR_E_INVALID: it is faulty, nothing has changed.
     */
    int (*reload)(void *arg);
    void *arg;
};

struct control *control_new(void); /* NULL: no memory. Empty at first, so that the commits can be given it */
void control_setup(struct control *c, const struct control_options *options);
void control_free(struct control *c); /* takes NULL */
/* For commit_new: sends the answer of one that waited. `control` is a struct control. */
void control_committed(void *control, const struct commit_waiter *waiter, int err);
/* Begins to listen: the errors of nr_control_server_new. */
int control_listen(struct control *c, const char *path) NR_MUST_CHECK;

#endif
