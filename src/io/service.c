#include "io/service.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* An absolute path, or a name of the abstract kind, which begins with a zero and is written with '@'. */
static socklen_t address_of(const char *name, struct sockaddr_un *sa)
{
    size_t len = name ? strlen(name) : 0;
    if (len < 2 || len >= sizeof sa->sun_path || (name[0] != '/' && name[0] != '@')) return 0;
    *sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(sa->sun_path, name, len);
    if (name[0] == '@') sa->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void nr_service_tell(const char *fmt, ...)
{
    char state[1024];
    struct sockaddr_un sa;
    va_list args;
    va_start(args, fmt);
    vsnprintf(state, sizeof state, fmt, args);
    va_end(args);
    socklen_t len = address_of(getenv("NOTIFY_SOCKET"), &sa);
    int fd = len ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0) return;
    ssize_t n = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&sa, len);
    (void)n; /* it is for the manager to miss it */
    close(fd);
}

/* The whole of `text` as a number from 1 on; 0: it is none. */
static int64_t number(const char *text)
{
    char *end;
    if (!text) return 0;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    return errno || end == text || *end || n < 0 ? 0 : n;
}

int64_t nr_service_watchdog_us(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    return pid && number(pid) != getpid() ? 0 : number(getenv("WATCHDOG_USEC"));
}
