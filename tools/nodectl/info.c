#include "tools/nodectl/info.h"

#include <stdlib.h>

#include "proto/mp.h"
#include "tools/nodectl/peers.h"

static int read_texts(const struct nr_control_map *m, struct ctl_info *i)
{
    const struct {
        const char *key;
        struct nr_bytes *to;
    } texts[] = {
        { "node_id", &i->node_id }, { "version", &i->version },     { "state", &i->state },   { "role", &i->role },
        { "health", &i->health },   { "state_dir", &i->state_dir }, { "socket", &i->socket }, { "config", &i->config },
    };
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
        if (nr_control_get_str(m, texts[k].key, texts[k].to) < 0) return NR_E_INVALID;
    if (nr_control_get_bin(m, "node_key", &i->node_key) < 0) return NR_E_INVALID;
    return i->node_key.len == 0 || i->node_key.len == NR_KEY_SIZE ? 0 : NR_E_INVALID;
}

static int read_numbers(const struct nr_control_map *m, struct ctl_info *i)
{
    const struct {
        const char *key;
        uint64_t *to;
    } numbers[] = {
        { "started_at", &i->started_at_ms },
        { "uptime_ms", &i->uptime_ms },
        { "incarnation", &i->incarnation },
        { "fingerprint", &i->fingerprint },
        { "peers", &i->peers },
        { "records_cold", &i->records_cold },
        { "records_hot", &i->records_hot },
        { "records_aside", &i->records_aside },
        { "clock_behind_ms", &i->clock_behind_ms },
        { "heartbeat_interval_ms", &i->heartbeat_interval_ms },
    };
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
        if (nr_control_get_uint(m, numbers[k].key, numbers[k].to) < 0) return NR_E_INVALID;
    return nr_control_get_bool(m, "founder", &i->founder) < 0 ? NR_E_INVALID : 0;
}

static int read_list(const struct nr_control_map *m, const char *key, struct nr_bytes out[static CTL_BINDS_MAX],
                     size_t *count)
{
    struct nr_bytes item;
    struct nr_reader r;
    *count = 0;
    if (!nr_control_get(m, key, &item)) return 0;
    nr_reader_init(&r, item);
    uint32_t n = nr_mp_read_array(&r);
    for (uint32_t i = 0; i < n && r.err == 0; i++) {
        struct nr_bytes text = nr_mp_read_str(&r);
        if (r.err == 0 && *count < CTL_BINDS_MAX) out[(*count)++] = text;
    }
    return r.err;
}

int ctl_info_ask(struct ctl *ctl, struct ctl_info *info)
{
    struct nr_control_map m;
    *info = (struct ctl_info){ 0 };
    int err = ctl_try_ask(ctl, "info", &m);
    if (err) return err;
    nr_buf_add(&info->raw, m.map.data, m.map.len);
    if (info->raw.err) return info->raw.err;
    m.map = nr_buf_bytes(&info->raw);
    err = read_texts(&m, info);
    if (err == 0) err = read_numbers(&m, info);
    if (err == 0) err = read_list(&m, "bind", info->bind, &info->bind_count);
    if (err == 0) err = read_list(&m, "advertise", info->advertise, &info->advertise_count);
    if (err) ctl_info_fini(info);
    return err;
}

void ctl_info_fini(struct ctl_info *info)
{
    nr_buf_fini(&info->raw);
    *info = (struct ctl_info){ 0 };
}

static int sum_up(void *arg, const struct ctl_peer *p)
{
    struct ctl_peer_sum *sum = arg;
    sum->total++;
    sum->in_sync += p->in_sync;
    sum->chosen += p->chosen;
    if (llabs(p->clock_offset_ms) > llabs(sum->worst_offset_ms)) sum->worst_offset_ms = p->clock_offset_ms;
    return 0;
}

int ctl_peer_sum_ask(struct ctl *ctl, struct ctl_peer_sum *sum)
{
    struct nr_control_map reply;
    *sum = (struct ctl_peer_sum){ 0 };
    int err = ctl_try_ask(ctl, "peers", &reply);
    return err ? err : ctl_peers_each(&reply, sum_up, sum);
}

void ctl_add_list(struct nr_buf *out, const struct nr_bytes *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0) nr_buf_add(out, ", ", 2);
        nr_buf_add(out, items[i].data, items[i].len);
    }
}
