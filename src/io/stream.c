/* A stream that cannot go on is marked broken and wants to be told of writability, which comes at once; so that it is
 * always the loop that closes it, and never somebody in the middle of using it. */
#include "io/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "proto/control.h"

#define STALL_MS  10000
#define READ_SIZE 65536

struct nr_stream {
    struct nr_stream_options options;
    int fd;
    struct nr_watch *watch;
    struct nr_timer *stall;
    struct nr_buf in, out;
    size_t out_at;
    bool broken;
};

static size_t pending(const struct nr_stream *s)
{
    return s->out.len - s->out_at;
}

static void want(struct nr_stream *s)
{
    unsigned what = 0;
    if (!s->broken && pending(s) <= s->options.pending_high) what |= NR_READABLE;
    if (s->broken || pending(s) > 0) what |= NR_WRITABLE;
    int err = nr_watch_want(s->watch, what);
    nr_assert(err == 0);
}

/* Returns false when the other side is gone. */
static bool write_some(struct nr_stream *s)
{
    while (pending(s) > 0) {
        ssize_t n = send(s->fd, s->out.data + s->out_at, pending(s), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN;
        s->out_at += (size_t)n;
        nr_timer_cancel(s->stall);
    }
    nr_buf_reset(&s->out);
    s->out_at = 0;
    return true;
}

static bool read_some(struct nr_stream *s)
{
    uint8_t chunk[READ_SIZE];
    ssize_t n = recv(s->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    nr_buf_add(&s->in, chunk, (size_t)n);
    return n > 0 && !s->in.err;
}

/* Hands over the frames that are there. Returns false when the framing is broken. */
static bool take_frames(struct nr_stream *s)
{
    size_t at = 0;
    bool good = true;
    while (good && !s->broken && pending(s) <= s->options.pending_high) {
        long n = nr_control_frame(nr_bytes(s->in.data + at, s->in.len - at), s->options.frame_max);
        if (n == 0 || (size_t)n > s->in.len - at) {
            good = n >= 0;
            break;
        }
        s->options.frame(s->options.arg, nr_bytes(s->in.data + at + 4, (size_t)n - 4));
        at += (size_t)n;
    }
    if (at > 0) memmove(s->in.data, s->in.data + at, s->in.len - at);
    s->in.len -= at;
    return good;
}

static void stream_ready(void *arg, unsigned what)
{
    struct nr_stream *s = arg;
    bool good = !s->broken;
    if (good && (what & NR_WRITABLE)) good = write_some(s);
    if (good && (what & NR_READABLE)) good = read_some(s);
    if (good) good = take_frames(s);
    if (!good) {
        s->options.closed(s->options.arg);
        return;
    }
    want(s);
}

static void stream_stalled(void *arg)
{
    struct nr_stream *s = arg;
    s->options.closed(s->options.arg);
}

struct nr_stream *nr_stream_new(struct nr_loop *loop, int fd, const struct nr_stream_options *options)
{
    struct nr_stream *s = calloc(1, sizeof *s);
    if (!s) {
        close(fd);
        return NULL;
    }
    s->options = *options;
    s->fd = fd;
    nr_buf_init(&s->in, options->frame_max + 4 + READ_SIZE);
    nr_buf_init(&s->out, 0);
    s->watch = nr_watch_new(loop, fd, stream_ready, s);
    s->stall = nr_timer_new(loop, stream_stalled, s);
    if (s->watch && s->stall && nr_watch_want(s->watch, NR_READABLE) == 0) return s;
    nr_stream_free(s);
    return NULL;
}

void nr_stream_free(struct nr_stream *s)
{
    if (!s) return;
    nr_watch_free(s->watch);
    nr_timer_free(s->stall);
    nr_buf_fini(&s->in);
    nr_buf_fini(&s->out);
    close(s->fd);
    free(s);
}

void nr_stream_send(struct nr_stream *s, struct nr_bytes frames)
{
    if (s->broken) return;
    nr_buf_add(&s->out, frames.data, frames.len);
    if (s->out.err || !write_some(s) || pending(s) > s->options.pending_max) s->broken = true;
    if (pending(s) > 0 && !nr_timer_pending(s->stall)) nr_timer_in(s->stall, STALL_MS);
    want(s);
}

void nr_stream_break(struct nr_stream *s)
{
    s->broken = true;
    want(s);
}

size_t nr_stream_pending(const struct nr_stream *s)
{
    return pending(s);
}

int nr_stream_fd(const struct nr_stream *s)
{
    return s->fd;
}
