/* A client of the control socket that does not block: it connects, says hello, sends requests, matches replies, and
 * connects again with growing pauses (50 ms to 2 s) when the other side is away.
 *
 *     struct nr_control_writer w;
 *     nr_control_client_begin(c, &w, "register");
 *     nr_control_cstr(&w, "hostname", …);
 *     uint64_t id;
 *     int err = nr_control_client_send(c, &w, on_reply, arg, &id);
 *
 * Any number of requests may be in flight, up to the bound in the options. Each that was sent (0 returned) is answered
 * by exactly one call of its callback: with the reply, with NR_E_TIMEOUT, or with NR_E_UNAVAILABLE when the connection
 * was lost before an answer came (what was asked may then have been done or not); or by none once it was cancelled.
 * Callbacks run from the loop, never from within send or cancel;
 * they must not free the client. */
#ifndef NR_IO_CONTROL_CLIENT_H
#define NR_IO_CONTROL_CLIENT_H

#include "io/loop.h"
#include "proto/control.h"

struct nr_control_client;

struct nr_control_client_options {
    const char *socket;     /* path; copied */
    const char *role;       /* "facade" or "tool"; borrowed, a literal */
    uint32_t timeout_ms;    /* of a request; 0: 5,000 */
    uint32_t in_flight_max; /* 0: 4,096 */
    /* Told when the connection is there (hello was answered) and when it is lost; may be NULL. */
    void (*changed)(void *arg, bool up);
    void *arg;
};

/* NULL: no memory, or a path that is too long for a socket. Begins to connect when the loop runs. */
struct nr_control_client *nr_control_client_new(struct nr_loop *loop, const struct nr_control_client_options *options);
/* Requests in flight get no callback. Takes NULL. */
void nr_control_client_free(struct nr_control_client *c);

bool nr_control_client_up(const struct nr_control_client *c);
/* The node id of the noded last connected to; "" before the first. */
const char *nr_control_client_node_id(const struct nr_control_client *c);

/* `err` is 0, or the error that was answered (then `reply` has `message`, and `fields` for NR_E_INVALID), or
 * NR_E_TIMEOUT or NR_E_UNAVAILABLE with `reply` NULL. An error word that is not known here is NR_E_IO. `reply` is
 * borrowed for the call. */
typedef void nr_control_reply_fn(void *arg, int err, const struct nr_control_map *reply);

/* Begins a request. Exactly one of send and abandon must follow before the next begin. */
void nr_control_client_begin(struct nr_control_client *c, struct nr_control_writer *w, const char *op);
void nr_control_client_abandon(struct nr_control_client *c, struct nr_control_writer *w);
/* NR_E_UNAVAILABLE (not connected), NR_E_BUSY (too many in flight), NR_E_TOO_LARGE, NR_E_NOMEM: then nothing was sent
 * and the callback is not called. *id, when id is not NULL, names the request for cancel. */
int nr_control_client_send(struct nr_control_client *c, struct nr_control_writer *w, nr_control_reply_fn *fn, void *arg,
                           uint64_t *id) NR_MUST_CHECK;
/* The callback of that request will not be called. Nothing happens when it was already. */
void nr_control_client_cancel(struct nr_control_client *c, uint64_t id);

#endif
