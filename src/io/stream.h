/* Frames of the control protocol (proto/CONTROL.md) over a connected stream socket, both ways, without blocking.
 * Private to src/io: server and client are made of it. */
#ifndef NR_IO_STREAM_H
#define NR_IO_STREAM_H

#include "base/buf.h"
#include "io/loop.h"

struct nr_stream;

struct nr_stream_options {
    size_t frame_max;    /* of what comes in */
    size_t pending_max;  /* of what has not been taken by the other side; above it the stream is closed */
    size_t pending_high; /* above it nothing more is read until that was taken */
    /* A frame's body, borrowed for the call. May send; must not free the stream. */
    void (*frame)(void *arg, struct nr_bytes body);
    /* The other side closed, broke the framing, or took nothing for 10 s. Frees the stream. Never called from within
     * send. */
    void (*closed)(void *arg);
    void *arg;
};

/* Takes the descriptor, also on failure. NULL: no memory. */
struct nr_stream *nr_stream_new(struct nr_loop *loop, int fd, const struct nr_stream_options *options);
void nr_stream_free(struct nr_stream *s); /* takes NULL; closes the descriptor */
/* Sends what it can at once, keeps the rest. */
void nr_stream_send(struct nr_stream *s, struct nr_bytes frames);
/* Closes from within `frame`: `closed` is called soon. What was sent so far still goes out if the socket takes it. */
void nr_stream_break(struct nr_stream *s);
int nr_stream_fd(const struct nr_stream *s);
/* Bytes that were sent and that the other side's end has not taken yet. */
size_t nr_stream_pending(const struct nr_stream *s);

#endif
