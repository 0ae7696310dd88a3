/* The resolver is the test's own: it says of localhost what a forged hosts file or name server would. */
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "nodeprobe/check.h"
#include "nr_test.h"

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict out)
{
    static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!next) *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name && strcasecmp(name, "localhost") == 0) name = "127.66.66.66";
    return next(name, service, hints, out);
}

/* A listener at one address of this machine; its port. */
static int listen_at(uint32_t ip, uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(ip) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &(socklen_t){ sizeof at }), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static enum check_status look(const char *host, uint16_t port)
{
    char target[64];
    struct check_result result;
    snprintf(target, sizeof target, "%s:%u", host, (unsigned)port);
    const struct nr_check check = { .kind = NR_CHECK_TCP, .target = nr_bytes_str(target), .timeout_ms = 5000 };
    check_look(&check, &result);
    return result.status;
}

/* localhost is this machine's loopback address, whatever the resolver says: a profile cannot be led elsewhere by it. */
static void localhost(void **state)
{
    (void)state;
    uint16_t here, there;
    int one = listen_at(INADDR_LOOPBACK, &here), other = listen_at(0x7f424242, &there);
    assert_int_equal(look("localhost", here), CHECK_UP);
    assert_int_equal(look("LocalHost", there), CHECK_DOWN);
    assert_int_equal(look("127.66.66.66", there), CHECK_UP);
    close(one);
    close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(localhost) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
