/* Each wake-up takes at most BATCHES batches of a socket, so that a flood leaves the loop to others in between. */
#include "io/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/clock.h"
#include "io/sockaddr.h"
#include "proto/limits.h"

#define BATCH       32
#define BATCHES     8
#define BUFFER_SIZE (NR_DATAGRAM_MAX + 1) /* one more tells what is too long */
#define SOCKET_BUF  (8 * 1024 * 1024)
#define HEARD_SLOTS 1024

struct udp_socket {
    struct nr_udp *udp;
    int fd;
    struct nr_addr local;
    struct nr_watch *watch;
};

struct batch {
    struct mmsghdr msgs[BATCH];
    struct iovec iov[BATCH];
    struct sockaddr_storage addrs[BATCH];
    uint8_t data[BATCH][BUFFER_SIZE];
};

/* Which socket an address was last heard on: only of use with several sockets of a family. */
struct heard {
    struct nr_addr addr;
    uint8_t socket;
};

struct nr_udp {
    struct nr_loop *loop;
    nr_udp_fn *fn;
    nr_udp_batch_fn *batch_fn;
    void *arg;
    struct udp_socket sockets[NR_UDP_SOCKETS_MAX];
    size_t count;
    bool several; /* of one family */
    struct heard heard[HEARD_SLOTS];
    size_t out_count;
    uint8_t out_socket[BATCH];
    struct nr_udp_stats stats;
    struct batch in, out;
};

struct nr_udp *nr_udp_new(struct nr_loop *loop, nr_udp_fn *fn, nr_udp_batch_fn *batch, void *arg)
{
    struct nr_udp *u = calloc(1, sizeof *u);
    if (!u) return NULL;
    u->loop = loop;
    u->fn = fn;
    u->batch_fn = batch;
    u->arg = arg;
    return u;
}

void nr_udp_free(struct nr_udp *u)
{
    if (!u) return;
    for (size_t i = 0; i < u->count; i++) {
        nr_watch_free(u->sockets[i].watch);
        close(u->sockets[i].fd);
    }
    free(u);
}

static struct heard *heard_slot(struct nr_udp *u, const struct nr_addr *a)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < sizeof a->ip; i++) h = (h ^ a->ip[i]) * 16777619u;
    h = (h ^ a->port) * 16777619u;
    return &u->heard[h % HEARD_SLOTS];
}

static void batch_prepare(struct batch *b)
{
    for (size_t i = 0; i < BATCH; i++) {
        b->iov[i] = (struct iovec){ .iov_base = b->data[i], .iov_len = BUFFER_SIZE };
        b->msgs[i].msg_hdr = (struct msghdr){
            .msg_name = &b->addrs[i],
            .msg_namelen = sizeof b->addrs[i],
            .msg_iov = &b->iov[i],
            .msg_iovlen = 1,
        };
    }
}

static void take_datagram(struct udp_socket *s, struct nr_now now, const struct mmsghdr *m)
{
    struct nr_udp *u = s->udp;
    struct nr_addr from;
    u->stats.datagrams_in++;
    u->stats.bytes_in += m->msg_len;
    if (m->msg_len > NR_DATAGRAM_MAX) {
        u->stats.too_large++;
        return;
    }
    if (!nr_addr_from_sockaddr(m->msg_hdr.msg_name, &from)) return;
    if (u->several) *heard_slot(u, &from) = (struct heard){ .addr = from, .socket = (uint8_t)(s - u->sockets) };
    u->fn(u->arg, now, &from, nr_bytes(m->msg_hdr.msg_iov->iov_base, m->msg_len));
}

static void socket_readable(void *arg, unsigned what)
{
    struct udp_socket *s = arg;
    struct nr_udp *u = s->udp;
    (void)what;
    for (int round = 0; round < BATCHES; round++) {
        batch_prepare(&u->in);
        int n = recvmmsg(s->fd, u->in.msgs, BATCH, MSG_DONTWAIT, NULL);
        if (n <= 0) return; /* nothing left, or an ICMP error, which is taken off by this very call */
        struct nr_now now = nr_clock_now();
        for (int i = 0; i < n; i++) take_datagram(s, now, &u->in.msgs[i]);
        u->batch_fn(u->arg, now);
        if (n < BATCH) return;
    }
}

static void set_int(int fd, int level, int name, int value)
{
    /* All of these only improve things: without them the socket works. */
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

static void socket_options(int fd, uint8_t family)
{
    int size = SOCKET_BUF;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
        set_int(fd, SOL_SOCKET, SO_RCVBUF, size);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0) {
        set_int(fd, SOL_SOCKET, SO_SNDBUF, size);
    }
    if (family == 6) {
        set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
    } else {
        set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    }
}

/* A bound socket, or -1 with errno. */
static int socket_open(const struct nr_addr *addr, struct nr_addr *local)
{
    struct sockaddr_storage sa;
    int only = 1;
    socklen_t len = nr_addr_to_sockaddr(addr, &sa);
    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    socket_options(fd, addr->family);
    if (addr->family == 6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) goto fail;
    if (bind(fd, (const struct sockaddr *)&sa, len) != 0) goto fail;
    len = sizeof sa;
    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0) goto fail;
    if (nr_addr_from_sockaddr((const struct sockaddr *)&sa, local)) return fd;
    errno = EAFNOSUPPORT;
fail:;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int nr_udp_bind(struct nr_udp *u, const struct nr_addr *addr)
{
    if (u->count == NR_UDP_SOCKETS_MAX) return NR_E_FULL;
    struct udp_socket *s = &u->sockets[u->count];
    *s = (struct udp_socket){ .udp = u };
    s->fd = socket_open(addr, &s->local);
    if (s->fd < 0) return NR_E_SYSTEM;
    s->watch = nr_watch_new(u->loop, s->fd, socket_readable, s);
    if (!s->watch || nr_watch_want(s->watch, NR_READABLE) != 0) {
        nr_watch_free(s->watch);
        close(s->fd);
        return NR_E_NOMEM;
    }
    for (size_t i = 0; i < u->count; i++) u->several |= u->sockets[i].local.family == addr->family;
    u->count++;
    return 0;
}

size_t nr_udp_bound(const struct nr_udp *u, struct nr_addr out[static NR_UDP_SOCKETS_MAX])
{
    for (size_t i = 0; i < u->count; i++) out[i] = u->sockets[i].local;
    return u->count;
}

/* The socket to send by; NULL: none of that family. */
static struct udp_socket *socket_for(struct nr_udp *u, const struct nr_addr *to)
{
    if (u->several) {
        const struct heard *h = heard_slot(u, to);
        if (nr_addr_eq(&h->addr, to)) return &u->sockets[h->socket];
    }
    struct udp_socket *of_family = NULL;
    for (size_t i = 0; i < u->count; i++) {
        struct udp_socket *s = &u->sockets[i];
        if (s->local.family != to->family) continue;
        if (nr_addr_is_any(&s->local) || nr_addr_is_loopback(&s->local) == nr_addr_is_loopback(to)) return s;
        if (!of_family) of_family = s;
    }
    return of_family;
}

void nr_udp_send(struct nr_udp *u, const struct nr_addr *to, struct nr_bytes datagram)
{
    nr_assert(datagram.len > 0 && datagram.len <= NR_DATAGRAM_MAX);
    struct udp_socket *s = socket_for(u, to);
    if (!s) {
        u->stats.not_sent++;
        return;
    }
    if (u->out_count == BATCH) nr_udp_flush(u);
    struct batch *b = &u->out;
    size_t i = u->out_count++;
    memcpy(b->data[i], datagram.data, datagram.len);
    b->iov[i] = (struct iovec){ .iov_base = b->data[i], .iov_len = datagram.len };
    b->msgs[i].msg_hdr = (struct msghdr){
        .msg_name = &b->addrs[i],
        .msg_namelen = nr_addr_to_sockaddr(to, &b->addrs[i]),
        .msg_iov = &b->iov[i],
        .msg_iovlen = 1,
    };
    u->out_socket[i] = (uint8_t)(s - u->sockets);
}

/* Sends the run of datagrams [from, to), all by one socket. One that fails is dropped; a full buffer drops the rest. */
static void send_run(struct nr_udp *u, size_t from, size_t to)
{
    int fd = u->sockets[u->out_socket[from]].fd;
    while (from < to) {
        int n = sendmmsg(fd, u->out.msgs + from, (unsigned)(to - from), MSG_DONTWAIT);
        for (int i = 0; i < n; i++) {
            u->stats.datagrams_out++;
            u->stats.bytes_out += u->out.iov[from + (size_t)i].iov_len;
        }
        if (n > 0) {
            from += (size_t)n;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            u->stats.not_sent += to - from;
            return;
        } else if (errno != EINTR) {
            u->stats.not_sent++;
            from++;
        }
    }
}

void nr_udp_flush(struct nr_udp *u)
{
    for (size_t from = 0; from < u->out_count;) {
        size_t to = from + 1;
        while (to < u->out_count && u->out_socket[to] == u->out_socket[from]) to++;
        send_run(u, from, to);
        from = to;
    }
    u->out_count = 0;
}

const struct nr_udp_stats *nr_udp_stats(const struct nr_udp *u)
{
    return &u->stats;
}
