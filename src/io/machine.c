#include "io/machine.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "base/utf8.h"
#include "io/sockaddr.h"

void nr_machine_hostname(char out[static NR_HOSTNAME_MAX + 1])
{
    if (gethostname(out, NR_HOSTNAME_MAX) == 0) {
        out[NR_HOSTNAME_MAX] = '\0';
        if (*out && nr_utf8_clean(nr_bytes_str(out))) return;
    }
    snprintf(out, NR_HOSTNAME_MAX + 1, "localhost");
}

static bool link_local(const struct nr_addr *a)
{
    if (a->family == 4) return a->ip[0] == 169 && a->ip[1] == 254;
    return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

/* The order they are listed in. */
static int rank(const struct nr_addr *a)
{
    return (nr_addr_is_loopback(a) ? 2 : 0) + (a->family == 6 ? 1 : 0);
}

size_t nr_machine_addresses(uint16_t port, struct nr_addr out[static NR_MACHINE_ADDRS_MAX])
{
    struct ifaddrs *list = NULL;
    size_t n = 0;
    if (getifaddrs(&list) != 0) return 0;
    for (int wanted = 0; wanted < 4; wanted++) {
        for (const struct ifaddrs *i = list; i && n < NR_MACHINE_ADDRS_MAX; i = i->ifa_next) {
            struct nr_addr a;
            if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || !nr_addr_from_sockaddr(i->ifa_addr, &a)) continue;
            if (link_local(&a) || rank(&a) != wanted) continue;
            a.port = port;
            out[n++] = a;
        }
    }
    freeifaddrs(list);
    return n;
}

void nr_machine_ip(char out[static NR_IP_TEXT_MAX + 1])
{
    struct nr_addr list[NR_MACHINE_ADDRS_MAX];
    char text[NR_ADDR_TEXT];
    size_t n = nr_machine_addresses(1, list);
    bool outside = n > 0 && !nr_addr_is_loopback(&list[0]);
    if (outside) nr_addr_format_ip(&list[0], text);
    snprintf(out, NR_IP_TEXT_MAX + 1, "%.*s", NR_IP_TEXT_MAX, outside ? text : "127.0.0.1");
}
