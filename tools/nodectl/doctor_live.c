#include <ifaddrs.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "proto/datagram.h"
#include "tools/nodectl/doctor.h"
#include "tools/nodectl/peers.h"
#include "tools/nodectl/text.h"

void ctl_check_noded(struct ctl_doctor *d)
{
    if (d->noded_err == NR_ERR_DENIED) {
        ctl_found(d, CTL_BROKEN, "noded", "run this as root, or as the user that noded runs as", "%s: not permitted",
                  d->ctl->socket);
        return;
    }
    if (d->noded_err) {
        ctl_found(d, CTL_BROKEN, "noded", "start it (systemctl start noded); its log says why it ended",
                  "%s: does not answer: %s", d->ctl->socket, nr_error_text(d->noded_err));
        return;
    }
    struct nr_bytes version = d->info.version, health = d->info.health;
    bool same = nr_bytes_eq(version, nr_bytes_str(NR_VERSION)), well = nr_bytes_eq(health, nr_bytes_str("ok"));
    ctl_found(d, same ? CTL_FINE : CTL_WARNING, "noded", "restart noded, so that it is as new as its tools",
              "version %.*s%s%s", (int)version.len, (const char *)version.data, same ? "" : ", this tool is ",
              same ? "" : NR_VERSION);
    if (!well)
        ctl_found(d, CTL_BROKEN, "health", "make room where the store is; writes are refused until a commit succeeds",
                  "noded cannot write its store: %.*s", (int)health.len, (const char *)health.data);
    char id[NR_SUBJECT_MAX + 1] = { 0 };
    if (d->info.node_id.len < sizeof id && d->info.node_id.len > 0)
        memcpy(id, d->info.node_id.data, d->info.node_id.len);
    if (*d->node_id && strcmp(id, d->node_id) != 0)
        ctl_found(d, CTL_WARNING, "noded", "give --socket and --state-dir of the same node",
                  "%s speaks for %s, the store is that of %s", d->ctl->socket, id, d->node_id);
}

/* Also where there are no peers to compare with. */
static void check_clock_behind(struct ctl_doctor *d)
{
    char text[CTL_TEXT];
    if (d->info.clock_behind_ms == 0) return;
    ctl_duration_format((int64_t)d->info.clock_behind_ms, text);
    ctl_found(d, CTL_BROKEN, "clock", "set the clock (timedatectl set-ntp true): they are back when it is right",
              "%s behind records that are stored here; %" PRIu64 " are kept aside", text, d->info.records_aside);
}

void ctl_check_clock(struct ctl_doctor *d)
{
    char text[CTL_TEXT];
    if (!d->noded_err) check_clock_behind(d);
    if (d->noded_err || d->peers.total == 0) return;
    int64_t off = llabs(d->peers.worst_offset_ms);
    ctl_duration_format(off, text);
    enum ctl_finding level = off >= CTL_OFFSET_BAD_MS ? CTL_BROKEN : off >= CTL_OFFSET_WARN_MS ? CTL_WARNING : CTL_FINE;
    ctl_found(d, level, "clock",
              "set the clock (timedatectl set-ntp true), here or there: records 60 s ahead are refused",
              "at most %s off from the peers' clocks", text);
}

/* Seeds of the token, in the state directory, or configured. */
static bool has_seeds(const struct ctl_doctor *d)
{
    char text[8192];
    size_t joins = 0;
    if (d->ctl->conf) (void)nr_conf_list(d->ctl->conf, NR_CONF_JOIN, &joins);
    return joins > 0 || (d->dir >= 0 && ctl_doctor_read(d->dir, "seeds", text, sizeof text) > 0);
}

static uint64_t counter(const struct nr_control_map *counters, const char *name)
{
    uint64_t v = 0;
    return nr_control_get_uint(counters, name, &v) == 1 ? v : 0;
}

/* What came and went since noded started; what it does not say is 0. */
struct traffic {
    uint64_t hellos_out, hellos_in, proofs_in, came, opened;
};

static void read_traffic(const struct nr_control_map *stats, struct traffic *t)
{
    struct nr_control_map counters, messages, one;
    if (nr_control_get_map(stats, "counters", &counters) == 1) {
        t->came = counter(&counters, "udp_datagrams_in");
        t->opened = counter(&counters, "datagrams_in");
    }
    if (nr_control_get_map(stats, "messages", &messages) != 1) return;
    if (nr_control_get_map(&messages, nr_message_name(NR_MSG_HELLO), &one) == 1) {
        t->hellos_out = counter(&one, "out");
        t->hellos_in = counter(&one, "in");
    }
    if (nr_control_get_map(&messages, nr_message_name(NR_MSG_PROOF), &one) == 1) t->proofs_in = counter(&one, "in");
}

/* A path takes both ways (proto/README.md C.1.3): which of them is shut shows in what came. */
static void found_no_peers(struct ctl_doctor *d)
{
    struct nr_control_map stats;
    struct traffic t = { 0 };
    if (ctl_try_ask(d->ctl, "stats", &stats) == 0) read_traffic(&stats, &t);
    if (t.hellos_out && !t.came)
        ctl_found(d, CTL_BROKEN, "peers",
                  "let UDP out to the seeds (default port 9206) and back in; check that one of them runs",
                  "none: %" PRIu64 " HELLOs went out, and nothing came back", t.hellos_out);
    else if (t.hellos_out && !t.opened)
        ctl_found(d, CTL_BROKEN, "peers",
                  "compare cluster.keys with that of a node that has peers; a new token brings the right one",
                  "none: %" PRIu64 " datagrams came, and this node's cluster key opens none of them", t.came);
    else if (t.hellos_out && t.hellos_in && !t.proofs_in)
        ctl_found(d, CTL_BROKEN, "peers",
                  "let UDP out of this machine, from its port (default 9206) to that of the others",
                  "none: others are heard, and do not answer: %" PRIu64 " HELLOs went out", t.hellos_out);
    else
        ctl_found(d, CTL_BROKEN, "peers",
                  "let UDP through to the seeds (default port 9206) and back; check that one of them runs",
                  "none, though there are seeds");
}

void ctl_check_peers(struct ctl_doctor *d)
{
    if (d->noded_err) return;
    if (d->peers.total == 0) {
        if (has_seeds(d))
            found_no_peers(d);
        else
            ctl_found(d, CTL_FINE, "peers", NULL, "none yet; nodectl invite makes a token for the next one");
        return;
    }
    bool synced = d->peers.in_sync > 0;
    ctl_found(d, synced ? CTL_FINE : CTL_WARNING, "peers",
              "look again in a minute; if it stays so, compare nodectl verify there and here",
              "%" PRIu64 ", in sync %" PRIu64, d->peers.total, d->peers.in_sync);
}

/* Whether one of this machine's interfaces has the address. */
static bool is_local(const struct nr_addr *a)
{
    struct ifaddrs *list;
    bool local = false;
    if (getifaddrs(&list) != 0) return true;
    for (const struct ifaddrs *i = list; i && !local; i = i->ifa_next) {
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && a->family == 4) {
            struct sockaddr_in in;
            memcpy(&in, i->ifa_addr, sizeof in);
            local = memcmp(&in.sin_addr, a->ip, 4) == 0;
        } else if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET6 && a->family == 6) {
            struct sockaddr_in6 in;
            memcpy(&in, i->ifa_addr, sizeof in);
            local = memcmp(&in.sin6_addr, a->ip, 16) == 0;
        }
    }
    freeifaddrs(list);
    return local;
}

void ctl_check_address(struct ctl_doctor *d)
{
    struct nr_buf list = { 0 };
    if (d->noded_err) return;
    if (d->info.advertise_count == 0) {
        if (d->peers.total > 0)
            ctl_found(d, CTL_WARNING, "address", "name it with --advertise HOST:PORT",
                      "no peer has said yet at which address it sees this node");
        return;
    }
    bool nat = false;
    for (size_t i = 0; i < d->info.advertise_count; i++) {
        struct nr_addr a;
        nat = nat || (nr_addr_parse(d->info.advertise[i], &a) == 0 && !is_local(&a));
    }
    ctl_add_list(&list, d->info.advertise, d->info.advertise_count);
    ctl_found(
        d, CTL_FINE, "address", NULL, "%.*s%s", (int)list.len, (const char *)list.data,
        nat ? " (not of this machine's own: behind NAT, peers reach it while it sends, and always where the router "
              "forwards the port)"
            : "");
    nr_buf_fini(&list);
}

void ctl_check_counters(struct ctl_doctor *d)
{
    static const struct {
        const char *name, *found, *advice;
    } rows[] = {
        { "records_ahead", "records refused because their stamp is ahead of this clock",
          "set the clock (timedatectl set-ntp true), here or at their signer" },
        { "records_bad_signature", "records refused because their signature does not hold",
          "a peer passes on damaged or forged records: its memory, its disk, or somebody with the cluster key" },
        { "records_not_stored", "records that the store did not take", "make room on the disk" },
    };
    struct nr_control_map reply, counters;
    if (d->noded_err || ctl_try_ask(d->ctl, "stats", &reply) != 0) return;
    if (nr_control_get_map(&reply, "counters", &counters) != 1) return;
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t v = counter(&counters, rows[i].name);
        total += v;
        if (v) ctl_found(d, CTL_WARNING, "counters", rows[i].advice, "%" PRIu64 " %s", v, rows[i].found);
    }
    if (total == 0) ctl_found(d, CTL_FINE, "counters", NULL, "nothing refused that should not be");
}
