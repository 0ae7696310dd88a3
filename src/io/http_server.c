/* Listening, making room, and the sweep that ends what takes too long. */
#include "io/http_server.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/http_conn.h"
#include "io/sockaddr.h"

#define SWEEP_MS       250
#define ACCEPTS_A_TURN 64
#define BACKLOG        1024

static void listen_on(struct nr_http_server *s, bool on)
{
    for (size_t i = 0; i < s->listener_count; i++)
        if (nr_watch_want(s->listeners[i].watch, on ? NR_READABLE : 0)) on = false;
    s->paused = !on;
}

bool nr_http_server_make_room(struct nr_http_server *s, bool keeps)
{
    struct nr_http_call *c = TAILQ_FIRST(&s->waiting);
    while (c && (c->busy || (keeps && !c->kept))) c = TAILQ_NEXT(c, waiting);
    if (!c) return false;
    s->stats.evicted++;
    nr_http_conn_close(c);
    return true;
}

static void on_accept(void *arg, unsigned what)
{
    struct nr_http_listener *l = arg;
    struct nr_http_server *s = l->server;
    struct nr_now now = nr_clock_now();
    (void)what;
    s->now = now;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage sa;
        socklen_t len = sizeof sa;
        struct nr_addr remote;
        if (s->stats.connections >= s->o.connections_max && !nr_http_server_make_room(s, false)) break;
        int fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
            if (nr_http_server_make_room(s, false)) continue;
            break;
        }
        if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (fd < 0) continue;
        if (!nr_addr_from_sockaddr((const struct sockaddr *)&sa, &remote)) remote = (struct nr_addr){ 0 };
        if (nr_http_conn_open(s, fd, &remote, now)) break;
        if (!nr_timer_pending(s->sweep)) nr_timer_in(s->sweep, SWEEP_MS);
        if (i == ACCEPTS_A_TURN - 1) return;
    }
    listen_on(s, false);
    nr_timer_in(s->sweep, SWEEP_MS);
}

static void on_sweep(void *arg)
{
    struct nr_http_server *s = arg;
    struct nr_now now = nr_clock_now();
    struct nr_http_call *c = TAILQ_FIRST(&s->all), *next;
    for (; c; c = next) {
        next = TAILQ_NEXT(c, all);
        if (c->state == NR_HTTP_PENDING || c->deadline_us > now.mono_us) continue;
        if ((c->state == NR_HTTP_WAITING && c->begun) || c->state == NR_HTTP_SENDING) s->stats.timed_out++;
        nr_http_conn_close(c);
    }
    if (s->paused && !s->stopping) listen_on(s, true);
    if (!TAILQ_EMPTY(&s->all) || s->paused) nr_timer_in(s->sweep, SWEEP_MS);
}

void nr_http_server_conn_gone(struct nr_http_server *s)
{
    if (s->stopping && TAILQ_EMPTY(&s->all) && s->o.drained)
        s->o.drained(s->o.arg);
    else if (s->paused && !s->stopping)
        listen_on(s, true);
}

struct nr_http_server *nr_http_server_new(struct nr_loop *loop, const struct nr_http_server_options *options)
{
    struct nr_http_server *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->loop = loop;
    s->o = *options;
    if (!s->o.connections_max) s->o.connections_max = 1024;
    if (!s->o.request_ms) s->o.request_ms = 10000;
    if (!s->o.idle_ms) s->o.idle_ms = 75000;
    s->date_s = -1;
    TAILQ_INIT(&s->all);
    TAILQ_INIT(&s->waiting);
    nr_buf_init(&s->head, 0);
    s->sweep = nr_timer_new(loop, on_sweep, s);
    if (s->sweep) return s;
    free(s);
    return NULL;
}

static int listen_one(struct nr_http_server *s, const struct addrinfo *ai)
{
    int one = 1, off = 0, err = NR_E_SYSTEM;
    struct nr_http_listener *l = &s->listeners[s->listener_count];
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    if (s->listener_count == NR_HTTP_LISTEN_MAX) return NR_E_INVALID;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return NR_E_SYSTEM;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (ai->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG)) goto out;
    if (getsockname(fd, (struct sockaddr *)&bound, &len)) goto out;
    *l = (struct nr_http_listener){ .server = s, .fd = fd };
    if (!nr_addr_from_sockaddr((const struct sockaddr *)&bound, &l->address)) goto out;
    l->watch = nr_watch_new(s->loop, fd, on_accept, l);
    err = l->watch ? nr_watch_want(l->watch, NR_READABLE) : NR_E_NOMEM;
    if (!err)
        s->listener_count++;
    else
        nr_watch_free(l->watch);
out:
    if (err) {
        int saved = errno;
        close(fd);
        errno = saved;
    }
    return err;
}

/* `[v6]:port` and `name:port` in place: the colon becomes the end of the host. */
static int split_address(char *text, char **host, char **port)
{
    char *colon = strrchr(text, ':');
    if (!colon) return NR_E_INVALID;
    *colon = '\0';
    *host = text;
    *port = colon + 1;
    size_t len = strlen(text);
    if (text[0] == '[' && len > 2 && text[len - 1] == ']') {
        text[len - 1] = '\0';
        *host = text + 1;
    }
    return 0;
}

int nr_http_server_listen(struct nr_http_server *s, const char *address)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *list = NULL;
    char *text = strdup(address), *host = NULL, *port = NULL;
    int err = NR_E_NOMEM;
    if (!text) goto out;
    err = split_address(text, &host, &port);
    if (err) goto out;
    err = getaddrinfo(host, port, &hints, &list) ? NR_E_INVALID : 0;
    for (struct addrinfo *ai = list; ai && !err; ai = ai->ai_next) err = listen_one(s, ai);
out:
    if (list) freeaddrinfo(list);
    free(text);
    return err;
}

struct nr_addr nr_http_server_address(const struct nr_http_server *s)
{
    return s->listener_count ? s->listeners[0].address : (struct nr_addr){ 0 };
}

static void close_listeners(struct nr_http_server *s)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        nr_watch_free(s->listeners[i].watch);
        close(s->listeners[i].fd);
    }
    s->listener_count = 0;
}

void nr_http_server_stop(struct nr_http_server *s)
{
    struct nr_http_call *c = TAILQ_FIRST(&s->all), *next;
    s->stopping = true;
    close_listeners(s);
    if (!c && s->o.drained) s->o.drained(s->o.arg);
    for (; c; c = next) {
        next = TAILQ_NEXT(c, all);
        if (c->state == NR_HTTP_WAITING && !c->begun)
            nr_http_conn_close(c);
        else
            c->close_after = true;
    }
}

void nr_http_server_free(struct nr_http_server *s)
{
    struct nr_http_call *c;
    if (!s) return;
    s->o.drained = NULL;
    s->stopping = true;
    close_listeners(s);
    while ((c = TAILQ_FIRST(&s->all))) {
        c->busy = 0;
        if (c->state == NR_HTTP_PENDING) c->state = NR_HTTP_SENDING;
        nr_http_conn_close(c);
    }
    nr_timer_free(s->sweep);
    nr_buf_fini(&s->head);
    free(s);
}

void nr_http_server_stats(const struct nr_http_server *s, struct nr_http_stats *out)
{
    *out = s->stats;
}
