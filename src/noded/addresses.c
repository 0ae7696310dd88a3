#include "noded/addresses.h"

#include <errno.h>

#include "io/resolver.h"

int addresses_bind(struct nr_udp *udp, const struct nr_conf *conf)
{
    struct nr_addr addr[4], bound[NR_UDP_SOCKETS_MAX];
    size_t count, found;
    bool by_default = nr_conf_source(conf, NR_CONF_BIND) == NR_CONF_FROM_DEFAULT;
    const char *const *names = nr_conf_list(conf, NR_CONF_BIND, &count);
    for (size_t i = 0; i < count; i++) {
        int err = nr_resolve_wait(names[i], addr, 4, &found);
        if (!err) err = nr_udp_bind(udp, &addr[0]);
        if (!err) continue;
        const char *why = err == NR_E_SYSTEM ? strerror(errno) : nr_strerror(err);
        bool family = err == NR_E_SYSTEM && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
        if (by_default && family) {
            nr_log_info("gossip: address left out: %s address=%s", why, names[i]);
            continue;
        }
        nr_log_error("gossip: cannot bind: %s address=%s", why, names[i]);
        return err;
    }
    return nr_udp_bound(udp, bound) > 0 ? 0 : NR_E_UNAVAILABLE;
}

int addresses_advertised(const struct nr_conf *conf, struct nr_addr out[static NR_GOSSIP_MAX], size_t *filled)
{
    size_t count, found;
    *filled = 0;
    const char *const *names = nr_conf_list(conf, NR_CONF_ADVERTISE, &count);
    for (size_t i = 0; i < count && *filled < NR_GOSSIP_MAX; i++) {
        int err = nr_resolve_wait(names[i], &out[*filled], 1, &found);
        if (err) {
            nr_log_error("noded: cannot start: advertise: %s: '%s'", nr_strerror(err), names[i]);
            return err;
        }
        ++*filled;
    }
    return 0;
}
