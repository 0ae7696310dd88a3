#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/hostport.h"
#include "io/clock.h"
#include "nodeprobe/check.h"

/* Waits for the connection that is under way; 0 or an errno. */
static int wait_connected(int fd, int64_t until_us)
{
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        int64_t left_us = until_us - nr_clock_now().mono_us;
        if (left_us <= 0) return ETIMEDOUT;
        int n = poll(&p, 1, (int)(left_us / 1000) + 1);
        if (n < 0 && errno != EINTR) return errno;
        if (n <= 0) continue;
        int e = 0;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &(socklen_t){ sizeof e }) != 0) return errno;
        return e;
    }
}

static int try_one(const struct addrinfo *a, int64_t until_us)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    int e = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (e == EINPROGRESS) e = wait_connected(fd, until_us);
    close(fd);
    return e;
}

/* An address that swallows packets leaves time for the next. */
static int try_all(const struct addrinfo *list, int64_t until_us)
{
    int e = EHOSTUNREACH;
    int64_t count = 0;
    for (const struct addrinfo *a = list; a; a = a->ai_next) count++;
    for (const struct addrinfo *a = list; a; a = a->ai_next, count--) {
        int64_t now_us = nr_clock_now().mono_us;
        e = try_one(a, now_us + (until_us - now_us) / count);
        if (e == 0) break;
    }
    return e;
}

void check_tcp(const struct nr_check *c, struct check_result *out)
{
    struct addrinfo *list = NULL, hints = { .ai_socktype = SOCK_STREAM };
    struct nr_hostport hp;
    char port[8];
    int64_t until_us = nr_clock_now().mono_us + (int64_t)c->timeout_ms * 1000;
    if (nr_hostport_parse(c->target, &hp) != 0) return;
    snprintf(port, sizeof port, "%u", (unsigned)hp.port);
    bool local = strcasecmp(hp.host, "localhost") == 0;
    int gai = getaddrinfo(local ? NULL : hp.host, port, &hints, &list);
    if (gai != 0) {
        check_say(out, CHECK_DOWN, "%s", gai_strerror(gai));
        return;
    }
    int e = try_all(list, until_us);
    check_say(out, e ? CHECK_DOWN : CHECK_UP, "%s", e ? strerror(e) : "connected");
    freeaddrinfo(list);
}
