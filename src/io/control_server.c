#include "io/control_server.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/stream.h"
#include "proto/control.h"

#define PENDING_HIGH (1024 * 1024)
#define PENDING_MAX  (4 * NR_CONTROL_REPLY_MAX)
#define REST_MS      500

struct nr_conn {
    struct nr_control_server *server;
    struct nr_stream *stream; /* NULL: the slot is free */
    uint64_t generation;
    uid_t uid;
    pid_t pid;
    unsigned mark;
};

struct nr_control_server {
    struct nr_loop *loop;
    nr_conn_frame_fn *frame;
    void *arg;
    int fd;
    struct sockaddr_un addr;
    dev_t dev; /* of the socket's file, so that another's is never removed */
    ino_t ino;
    struct nr_watch *watch;
    struct nr_timer *rest;
    uint64_t generations;
    size_t count;
    struct nr_conn conns[NR_CONTROL_CONNS_MAX];
};

static void conn_closed(void *arg)
{
    struct nr_conn *c = arg;
    nr_stream_free(c->stream);
    c->stream = NULL;
    c->server->count--;
}

static void conn_frame(void *arg, struct nr_bytes body)
{
    struct nr_conn *c = arg;
    c->server->frame(c->server->arg, c, body);
}

static struct nr_conn *free_slot(struct nr_control_server *s)
{
    for (size_t i = 0; i < NR_CONTROL_CONNS_MAX; i++) {
        if (!s->conns[i].stream) return &s->conns[i];
    }
    return NULL;
}

static void conn_open(struct nr_control_server *s, int fd)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    struct nr_conn *c = free_slot(s);
    if (!c || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0) {
        close(fd);
        return;
    }
    *c = (struct nr_conn){ .server = s, .generation = ++s->generations, .uid = cred.uid, .pid = cred.pid };
    const struct nr_stream_options options = {
        .frame_max = NR_CONTROL_REQUEST_MAX,
        .pending_max = PENDING_MAX,
        .pending_high = PENDING_HIGH,
        .frame = conn_frame,
        .closed = conn_closed,
        .arg = c,
    };
    c->stream = nr_stream_new(s->loop, fd, &options);
    if (c->stream) s->count++;
}

static void server_ready(void *arg, unsigned what)
{
    struct nr_control_server *s = arg;
    (void)what;
    int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        conn_open(s, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        /* The one that waits would wake us again at once. */
        (void)nr_watch_want(s->watch, 0);
        nr_timer_in(s->rest, REST_MS);
    }
}

static void server_rested(void *arg)
{
    struct nr_control_server *s = arg;
    if (nr_watch_want(s->watch, NR_READABLE) != 0) nr_timer_in(s->rest, REST_MS);
}

/* Makes way for a new socket at the path. */
static int remove_stale(const struct sockaddr_un *addr)
{
    struct stat st;
    if (lstat(addr->sun_path, &st) != 0) return errno == ENOENT ? 0 : NR_E_SYSTEM;
    if (!S_ISSOCK(st.st_mode)) return NR_E_EXISTS;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return NR_E_SYSTEM;
    int n = connect(fd, (const struct sockaddr *)addr, sizeof *addr), saved = errno;
    close(fd);
    if (n == 0 || saved == EAGAIN) return NR_E_BUSY;
    errno = saved;
    if (saved != ECONNREFUSED) return NR_E_SYSTEM;
    return unlink(addr->sun_path) == 0 || errno == ENOENT ? 0 : NR_E_SYSTEM;
}

static int make_parent(const char *path)
{
    char copy[sizeof((struct sockaddr_un *)0)->sun_path];
    memcpy(copy, path, strlen(path) + 1);
    const char *dir = dirname(copy);
    mode_t mask = umask(022);
    int n = mkdir(dir, 0755), saved = errno;
    umask(mask);
    errno = saved;
    return n == 0 || saved == EEXIST ? 0 : NR_E_SYSTEM;
}

static int bind_listen(struct nr_control_server *s)
{
    struct stat st;
    mode_t mask = umask(0117);
    int n = bind(s->fd, (const struct sockaddr *)&s->addr, sizeof s->addr), saved = errno;
    umask(mask);
    errno = saved;
    if (n != 0 || stat(s->addr.sun_path, &st) != 0) return NR_E_SYSTEM;
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    return listen(s->fd, 64) == 0 ? 0 : NR_E_SYSTEM;
}

static int server_open(struct nr_control_server *s)
{
    int err = make_parent(s->addr.sun_path);
    if (!err) err = remove_stale(&s->addr);
    if (err) return err;
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) return NR_E_SYSTEM;
    err = bind_listen(s);
    if (err) return err;
    s->watch = nr_watch_new(s->loop, s->fd, server_ready, s);
    s->rest = nr_timer_new(s->loop, server_rested, s);
    return s->watch && s->rest && nr_watch_want(s->watch, NR_READABLE) == 0 ? 0 : NR_E_NOMEM;
}

int nr_control_server_new(struct nr_control_server **out, struct nr_loop *loop, const char *path,
                          nr_conn_frame_fn *frame, void *arg)
{
    struct nr_control_server *s = calloc(1, sizeof *s);
    if (!s) return NR_E_NOMEM;
    s->loop = loop;
    s->frame = frame;
    s->arg = arg;
    s->fd = -1;
    s->addr.sun_family = AF_UNIX;
    int err = strlen(path) < sizeof s->addr.sun_path ? 0 : NR_E_INVALID;
    if (!err) {
        memcpy(s->addr.sun_path, path, strlen(path) + 1);
        err = server_open(s);
    }
    if (err) {
        int saved = errno;
        nr_control_server_free(s);
        errno = saved;
        return err;
    }
    *out = s;
    return 0;
}

void nr_control_server_free(struct nr_control_server *s)
{
    struct stat st;
    if (!s) return;
    for (size_t i = 0; i < NR_CONTROL_CONNS_MAX; i++) nr_stream_free(s->conns[i].stream);
    nr_watch_free(s->watch);
    nr_timer_free(s->rest);
    if (s->fd >= 0) close(s->fd);
    if (s->ino != 0 && stat(s->addr.sun_path, &st) == 0 && st.st_ino == s->ino && st.st_dev == s->dev) {
        (void)unlink(s->addr.sun_path);
    }
    free(s);
}

size_t nr_control_server_count(const struct nr_control_server *s)
{
    return s->count;
}

struct nr_conn_id nr_conn_id(const struct nr_conn *c)
{
    return (struct nr_conn_id){ .slot = (uint32_t)(c - c->server->conns), .generation = c->generation };
}

uid_t nr_conn_uid(const struct nr_conn *c)
{
    return c->uid;
}

pid_t nr_conn_pid(const struct nr_conn *c)
{
    return c->pid;
}

unsigned nr_conn_mark(const struct nr_conn *c)
{
    return c->mark;
}

void nr_conn_set_mark(struct nr_conn *c, unsigned mark)
{
    c->mark = mark;
}

void nr_conn_break(struct nr_conn *c)
{
    nr_stream_break(c->stream);
}

void nr_conn_send(struct nr_control_server *s, struct nr_conn_id id, struct nr_bytes frames)
{
    nr_assert(id.slot < NR_CONTROL_CONNS_MAX);
    struct nr_conn *c = &s->conns[id.slot];
    if (c->stream && c->generation == id.generation) nr_stream_send(c->stream, frames);
}
