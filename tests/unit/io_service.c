/* What a service manager is told, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/service.h"

static int listen_at(const char *name, socklen_t len)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    memcpy(sa.sun_path, name, len);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, (socklen_t)offsetof(struct sockaddr_un, sun_path) + len), 0);
    return fd;
}

static void told(int fd, const char *text)
{
    char got[64];
    ssize_t n = recv(fd, got, sizeof got, 0);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, strlen(text));
    close(fd);
}

/* It comes as one datagram, by a path and by an abstract name. */
static void tells(void **state)
{
    (void)state;
    char dir[] = "/tmp/nr-service-XXXXXX", name[64];
    assert_non_null(mkdtemp(dir));
    snprintf(name, sizeof name, "%s/notify", dir);
    int fd = listen_at(name, (socklen_t)strlen(name));
    setenv("NOTIFY_SOCKET", name, 1);
    nr_service_tell("READY=1\nSTATUS=here");
    told(fd, "READY=1\nSTATUS=here");
    unlink(name);
    rmdir(dir);
    snprintf(name, sizeof name, "@nr-service-%d", getpid());
    setenv("NOTIFY_SOCKET", name, 1);
    name[0] = '\0';
    fd = listen_at(name, (socklen_t)(1 + strlen(name + 1)));
    nr_service_tell("STOPPING=1");
    told(fd, "STOPPING=1");
}

/* Where nobody listens, or the name is none, nothing happens. */
static void nobody(void **state)
{
    (void)state;
    static const char *const names[] = { "/nowhere/at/all", "relative", "@", "", "vsock:2:1" };
    char longest[256];
    memset(longest, 'a', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    unsetenv("NOTIFY_SOCKET");
    nr_service_tell("READY=1");
    setenv("NOTIFY_SOCKET", longest, 1);
    nr_service_tell("READY=1");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        nr_service_tell("READY=1");
    }
}

static int64_t watchdog(const char *us, const char *pid)
{
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    if (us) setenv("WATCHDOG_USEC", us, 1);
    if (pid) setenv("WATCHDOG_PID", pid, 1);
    return nr_service_watchdog_us();
}

/* The watchdog is this process's own where the environment names a time, and no other process. */
static void watchdogs(void **state)
{
    (void)state;
    char own[16], other[16];
    snprintf(own, sizeof own, "%d", getpid());
    snprintf(other, sizeof other, "%d", getpid() + 1);
    assert_int_equal(watchdog(NULL, NULL), 0);
    assert_int_equal(watchdog("30000000", NULL), 30000000);
    assert_int_equal(watchdog("30000000", own), 30000000);
    assert_int_equal(watchdog("30000000", other), 0);
    assert_int_equal(watchdog("30000000", "x"), 0);
    assert_int_equal(watchdog("30s", NULL), 0);
    assert_int_equal(watchdog("-1", NULL), 0);
    assert_int_equal(watchdog("", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells),
        cmocka_unit_test(nobody),
        cmocka_unit_test(watchdogs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
