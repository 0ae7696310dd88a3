/* The life of a connection. Input is read into one scratch buffer of the server and answered from there; only what is
 * left over, of a request or of a reply, is kept with the connection, so an idle one costs little.
 *
 * Closing while the connection is on the stack (`busy`) is put off until it is not: handlers reply from within, and a
 * reply may find the client gone. */
#include "io/http_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/clock.h"

static void serve(struct nr_http_call *c, uint8_t *data, size_t len);

/* Closed once nobody on the stack has it in hand any more: within here somebody always has. */
static void give_up(struct nr_http_call *c)
{
    c->dead = true;
}

static void want(struct nr_http_call *c, unsigned what)
{
    if (c->wants == what) return;
    c->wants = what;
    if (nr_watch_want(c->watch, what)) give_up(c);
}

static void set_deadline(struct nr_http_call *c, int64_t ms)
{
    c->deadline_us = c->server->now.mono_us + ms * 1000;
}

static void enter(struct nr_http_call *c, enum nr_http_conn_state state)
{
    struct nr_http_server *s = c->server;
    if (c->state == NR_HTTP_WAITING) TAILQ_REMOVE(&s->waiting, c, waiting);
    c->state = state;
    if (state == NR_HTTP_WAITING) TAILQ_INSERT_TAIL(&s->waiting, c, waiting);
}

static void destroy(struct nr_http_call *c)
{
    struct nr_http_server *s = c->server;
    if (c->state == NR_HTTP_WAITING) TAILQ_REMOVE(&s->waiting, c, waiting);
    TAILQ_REMOVE(&s->all, c, all);
    nr_watch_free(c->watch);
    close(c->fd);
    s->kept -= c->kept;
    nr_buf_fini(&c->in);
    nr_buf_fini(&c->out);
    nr_http_blob_unref(c->blob);
    free(c);
    s->stats.connections--;
    nr_http_server_conn_gone(s);
}

/* Around whatever may close the connection. Whoever holds a pending call will still reply to it: then it is closed. */
static void take(struct nr_http_call *c)
{
    c->busy++;
}

static void leave(struct nr_http_call *c)
{
    nr_assert(c->busy > 0);
    if (--c->busy == 0 && c->dead && c->state != NR_HTTP_PENDING) destroy(c);
}

void nr_http_conn_close(struct nr_http_call *c)
{
    take(c);
    give_up(c);
    leave(c);
}

/* Keeps what is not consumed; `data` may lie within c->in. */
static void keep_input(struct nr_http_call *c, const uint8_t *data, size_t len)
{
    struct nr_http_server *s = c->server;
    s->kept -= c->kept;
    if (len > 0 && c->in.data && data >= c->in.data && data < c->in.data + c->in.cap) {
        memmove(c->in.data, data, len);
        c->in.len = len;
    } else {
        nr_buf_fini(&c->in);
        if (len > 0) nr_buf_add(&c->in, data, len);
    }
    if (c->in.err) give_up(c);
    c->kept = c->in.cap;
    s->kept += c->kept;
    while (s->kept > NR_HTTP_KEPT_MAX && nr_http_server_make_room(s, true)) continue;
}

static void finish_reply(struct nr_http_call *c)
{
    nr_buf_fini(&c->out);
    c->out_at = 0;
    nr_http_blob_unref(c->blob);
    c->blob = NULL;
    if (c->close_after && !c->linger) {
        enter(c, NR_HTTP_SENDING);
        give_up(c);
        return;
    }
    if (c->close_after) {
        enter(c, NR_HTTP_LINGERING);
        shutdown(c->fd, SHUT_WR);
        set_deadline(c, NR_HTTP_LINGER_MS);
        want(c, NR_READABLE);
        return;
    }
    c->parser = (struct nr_http_parser){ 0 };
    c->begun = c->continued = false;
    c->kept_alive = true;
    enter(c, NR_HTTP_WAITING);
    set_deadline(c, c->server->o.idle_ms);
    if (c->serving) return; /* it goes on with what it has */
    if (c->in.len > 0)
        serve(c, c->in.data, c->in.len);
    else
        want(c, NR_READABLE);
}

/* Sends what is left. */
static void flush(struct nr_http_call *c)
{
    struct nr_bytes tail = c->blob ? nr_http_blob_bytes(c->blob) : nr_bytes(NULL, 0);
    for (;;) {
        struct iovec iov[2] = {
            { .iov_base = c->out.data ? c->out.data + c->out_at : NULL, .iov_len = c->out.len - c->out_at },
            { .iov_base = (void *)(uintptr_t)(tail.data ? tail.data + c->blob_at : NULL),
              .iov_len = tail.len - c->blob_at },
        };
        if (iov[0].iov_len + iov[1].iov_len == 0) break;
        ssize_t n = sendmsg(c->fd, &(struct msghdr){ .msg_iov = iov, .msg_iovlen = 2 }, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            want(c, NR_WRITABLE);
            return;
        }
        if (n < 0) {
            give_up(c);
            return;
        }
        size_t of_out = (size_t)n < iov[0].iov_len ? (size_t)n : iov[0].iov_len;
        c->out_at += of_out;
        c->blob_at += (size_t)n - of_out;
        c->server->stats.bytes_out += (size_t)n;
    }
    finish_reply(c);
}

/* The rest of a reply of which `sent` bytes are gone: copied, but for a blob. */
static void send_rest(struct nr_http_call *c, const struct nr_http_reply *reply, struct nr_bytes body, size_t sent)
{
    const struct nr_buf *head = &c->server->head;
    size_t of_head = sent < head->len ? sent : head->len, of_body = sent - of_head;
    nr_buf_add(&c->out, head->data + of_head, head->len - of_head);
    if (reply->blob && body.len > 0) {
        c->blob = nr_http_blob_ref(reply->blob);
        c->blob_at = of_body;
    } else if (body.len > of_body) {
        nr_buf_add(&c->out, body.data + of_body, body.len - of_body);
    }
    enter(c, NR_HTTP_SENDING);
    if (c->out.err) {
        give_up(c);
        return;
    }
    size_t left = c->out.len + (c->blob ? body.len - of_body : 0);
    set_deadline(c, c->server->o.request_ms + (int64_t)(left / NR_HTTP_SEND_BYTES_S) * 1000);
    want(c, NR_WRITABLE);
}

static void send_reply(struct nr_http_call *c, const struct nr_http_reply *reply)
{
    struct nr_http_server *s = c->server;
    struct nr_bytes body = reply->blob ? nr_http_blob_bytes(reply->blob) : reply->body;
    nr_http_write_head(c, reply, body.len);
    if (c->head_only || reply->status == 204) body.len = 0;
    struct iovec iov[2] = {
        { .iov_base = s->head.data, .iov_len = s->head.len },
        { .iov_base = (void *)(uintptr_t)body.data, .iov_len = body.len },
    };
    ssize_t n = s->head.err ? -1 : sendmsg(c->fd, &(struct msghdr){ .msg_iov = iov, .msg_iovlen = 2 }, MSG_NOSIGNAL);
    if (n < 0 && (s->head.err || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))) {
        enter(c, NR_HTTP_SENDING);
        give_up(c);
        return;
    }
    size_t sent = n < 0 ? 0 : (size_t)n;
    s->stats.bytes_out += sent;
    if (sent == s->head.len + body.len)
        finish_reply(c);
    else
        send_rest(c, reply, body, sent);
}

void nr_http_reply(struct nr_http_call *c, const struct nr_http_reply *reply)
{
    struct nr_http_server *s = c->server;
    nr_assert(c->state == NR_HTTP_PENDING);
    if (!c->busy) s->now = nr_clock_now();
    take(c);
    c->close_after |= s->stopping;
    if (c->dead)
        enter(c, NR_HTTP_SENDING);
    else
        send_reply(c, reply);
    leave(c);
}

static void say_continue(struct nr_http_call *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (c->continued || !c->parser.expects_continue || c->parser.phase < NR_HTTP_IN_BODY) return;
    c->continued = true;
    /* A socket that cannot take 25 bytes at the start of an exchange is no working connection. */
    if (send(c->fd, text, sizeof text - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof text - 1)) give_up(c);
}

static void hand_over(struct nr_http_call *c, enum nr_http_result r)
{
    struct nr_http_server *s = c->server;
    enter(c, NR_HTTP_PENDING);
    if (r == NR_HTTP_REJECT) {
        c->close_after = c->linger = true;
        c->head_only = false;
        s->o.refuse(s->o.arg, c, c->parser.status, c->parser.detail);
        return;
    }
    s->req.remote = c->remote;
    c->close_after = !s->req.keep_alive;
    c->http_1_0 = c->parser.http_1_0;
    c->head_only = nr_http_method_is(&s->req, "HEAD");
    s->o.handle(s->o.arg, c, &s->req);
}

/* Answers the requests in `data`, one after another, until one is not complete or its reply has to wait. */
static void serve(struct nr_http_call *c, uint8_t *data, size_t len)
{
    struct nr_http_server *s = c->server;
    c->serving = true;
    while (len > 0 && c->state == NR_HTTP_WAITING && !c->dead) {
        enum nr_http_result r = nr_http_parse(&c->parser, data, len, &s->req);
        if (r == NR_HTTP_MORE) {
            /* The first request's time runs from the connection's beginning. */
            if (!c->begun && c->kept_alive) set_deadline(c, s->o.request_ms);
            c->begun = true;
            say_continue(c);
            break;
        }
        size_t consumed = r == NR_HTTP_DONE ? c->parser.consumed : len;
        hand_over(c, r);
        data += consumed;
        len -= consumed;
    }
    c->serving = false;
    keep_input(c, data, len);
    if (c->state == NR_HTTP_WAITING) want(c, NR_READABLE);
}

static void read_input(struct nr_http_call *c)
{
    struct nr_http_server *s = c->server;
    ssize_t n = recv(c->fd, s->scratch, sizeof s->scratch, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (n <= 0) {
        give_up(c);
        return;
    }
    s->stats.bytes_in += (size_t)n;
    if (c->state == NR_HTTP_LINGERING) return;
    if (c->in.len == 0) {
        serve(c, s->scratch, (size_t)n);
        return;
    }
    nr_buf_add(&c->in, s->scratch, (size_t)n);
    if (c->in.err)
        give_up(c);
    else
        serve(c, c->in.data, c->in.len);
}

static void on_ready(void *arg, unsigned what)
{
    struct nr_http_call *c = arg;
    c->server->now = nr_clock_now();
    take(c);
    if (what & NR_WRITABLE && c->state == NR_HTTP_SENDING)
        flush(c); /* what can be read is told again */
    else if (!(what & NR_READABLE))
        want(c, c->wants & NR_READABLE);
    else if (c->state == NR_HTTP_WAITING || c->state == NR_HTTP_LINGERING)
        read_input(c);
    else
        want(c, c->wants & ~NR_READABLE);
    leave(c);
}

int nr_http_conn_open(struct nr_http_server *s, int fd, const struct nr_addr *remote, struct nr_now now)
{
    int one = 1;
    struct nr_http_call *c = calloc(1, sizeof *c);
    if (!c) goto out;
    c->server = s;
    c->fd = fd;
    c->remote = *remote;
    c->deadline_us = now.mono_us + (int64_t)s->o.request_ms * 1000;
    nr_buf_init(&c->in, NR_HTTP_REQUEST_MAX + NR_HTTP_SCRATCH);
    nr_buf_init(&c->out, 0);
    c->watch = nr_watch_new(s->loop, fd, on_ready, c);
    c->wants = NR_READABLE;
    if (!c->watch || nr_watch_want(c->watch, NR_READABLE)) goto out;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    TAILQ_INSERT_TAIL(&s->all, c, all);
    TAILQ_INSERT_TAIL(&s->waiting, c, waiting);
    s->stats.connections++;
    s->stats.accepted++;
    return 0;
out:
    if (c) nr_watch_free(c->watch);
    free(c);
    close(fd);
    return NR_E_NOMEM;
}
