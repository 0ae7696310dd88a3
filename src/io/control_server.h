/* The listening side of the control socket: connections, frames, who the other side is. What the frames say is the
 * daemon's.
 *
 * The socket has mode 0660. A stale one, which nobody listens on, is replaced. */
#ifndef NR_IO_CONTROL_SERVER_H
#define NR_IO_CONTROL_SERVER_H

#include <sys/types.h>

#include "base/bytes.h"
#include "io/loop.h"

#define NR_CONTROL_CONNS_MAX 64

struct nr_control_server;
struct nr_conn;

/* Names a connection for an answer that comes later; never that of another one, also when this one is long gone. */
struct nr_conn_id {
    uint32_t slot;
    uint64_t generation;
};

/* A request's frame without its length, borrowed for the call. */
typedef void nr_conn_frame_fn(void *arg, struct nr_conn *conn, struct nr_bytes body);

/* NR_E_BUSY (somebody listens there), NR_E_EXISTS (what is there is no socket), NR_E_INVALID (a path too long for a
 * socket), NR_E_NOMEM, NR_E_SYSTEM (errno). The directory it is in is made if it is not there. */
int nr_control_server_new(struct nr_control_server **out, struct nr_loop *loop, const char *path,
                          nr_conn_frame_fn *frame, void *arg) NR_MUST_CHECK;
void nr_control_server_free(struct nr_control_server *s); /* takes NULL; removes the socket */
size_t nr_control_server_count(const struct nr_control_server *s);

struct nr_conn_id nr_conn_id(const struct nr_conn *c);
/* Who the kernel says is there. */
uid_t nr_conn_uid(const struct nr_conn *c);
pid_t nr_conn_pid(const struct nr_conn *c);
/* What the daemon keeps with the connection; 0 at first. */
unsigned nr_conn_mark(const struct nr_conn *c);
void nr_conn_set_mark(struct nr_conn *c, unsigned mark);
/* Closes once this callback has returned. */
void nr_conn_break(struct nr_conn *c);
/* Sends whole frames; nothing happens when the connection is gone. */
void nr_conn_send(struct nr_control_server *s, struct nr_conn_id id, struct nr_bytes frames);

#endif
