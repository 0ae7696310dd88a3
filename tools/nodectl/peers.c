/* nodectl peers. Peers are known by their keys; the registry, where it can be read, says which nodes these are. */
#include <inttypes.h>
#include <stdlib.h>

#include "proto/mp.h"
#include "tools/nodectl/peers.h"
#include "tools/nodectl/show.h"
#include "tools/nodectl/text.h"

static bool read_peer(const struct nr_control_map *m, struct ctl_peer *p)
{
    struct nr_bytes key = { 0 };
    uint64_t heard = 0, since = 0;
    *p = (struct ctl_peer){ .rtt_us = -1 };
    if (nr_control_get_bin(m, "key", &key) != 1 || key.len != NR_KEY_SIZE) return false;
    p->key = key.data;
    bool ok = nr_control_get_str(m, "address", &p->address) >= 0 && nr_control_get_bool(m, "chosen", &p->chosen) >= 0 &&
              nr_control_get_uint(m, "incarnation", &p->incarnation) >= 0 &&
              nr_control_get_uint(m, "heard_ms_ago", &heard) >= 0 &&
              nr_control_get_uint(m, "since_ms_ago", &since) >= 0 && nr_control_get_int(m, "rtt_us", &p->rtt_us) >= 0 &&
              nr_control_get_int(m, "clock_offset_ms", &p->clock_offset_ms) >= 0 &&
              nr_control_get_bool(m, "in_sync", &p->in_sync) >= 0 &&
              nr_control_get_uint(m, "bytes_in", &p->bytes_in) >= 0 &&
              nr_control_get_uint(m, "bytes_out", &p->bytes_out) >= 0;
    p->heard_ms_ago = (int64_t)(heard & INT64_MAX);
    p->since_ms_ago = (int64_t)(since & INT64_MAX);
    return ok;
}

int ctl_peers_each(const struct nr_control_map *reply, int (*each)(void *arg, const struct ctl_peer *p), void *arg)
{
    struct nr_bytes list;
    struct nr_reader r;
    if (!nr_control_get(reply, "peers", &list)) return NR_E_INVALID;
    nr_reader_init(&r, list);
    uint32_t count = nr_mp_read_array(&r);
    for (uint32_t i = 0; i < count && r.err == 0; i++) {
        struct nr_control_map m = { .map = nr_mp_skip(&r, NR_DEPTH_MAX, false) };
        struct ctl_peer p;
        if (r.err) break;
        if (!read_peer(&m, &p)) return NR_E_INVALID;
        int stop = each(arg, &p);
        if (stop) return stop;
    }
    return r.err;
}

struct peers {
    struct ctl *ctl;
    struct ctl_listing list;
    struct ctl_names names;
};

static void add_json(struct peers *ps, const struct ctl_peer *p)
{
    struct nr_json *j = &ps->list.json;
    nr_json_object(j);
    ctl_json_key(j, "key", p->key);
    nr_json_kcstr(j, "node_id", ctl_name_of(&ps->names, p->key));
    nr_json_kstr(j, "address", p->address);
    nr_json_kbool(j, "chosen", p->chosen);
    nr_json_kbool(j, "in_sync", p->in_sync);
    nr_json_kuint(j, "incarnation", p->incarnation);
    nr_json_kuint(j, "heard_ms_ago", (uint64_t)p->heard_ms_ago);
    nr_json_kuint(j, "since_ms_ago", (uint64_t)p->since_ms_ago);
    nr_json_key(j, "rtt_us");
    if (p->rtt_us < 0)
        nr_json_null(j);
    else
        nr_json_int(j, p->rtt_us);
    nr_json_key(j, "clock_offset_ms");
    nr_json_int(j, p->clock_offset_ms);
    nr_json_kuint(j, "bytes_in", p->bytes_in);
    nr_json_kuint(j, "bytes_out", p->bytes_out);
    nr_json_object_end(j);
}

static void add_row(struct peers *ps, const struct ctl_peer *p)
{
    char text[CTL_TEXT], key[CTL_KEY_TEXT];
    struct ctl_table *t = &ps->list.table;
    const char *name = ctl_name_of(&ps->names, p->key);
    ctl_table_str(t, CTL_PLAIN, name ? name : "");
    ctl_table_str(t, CTL_PLAIN, ctl_key_text(ps->ctl, p->key, key));
    ctl_table_add(t, CTL_PLAIN, p->address);
    ctl_table_str(t, p->in_sync ? CTL_GOOD : CTL_WARN, p->in_sync ? "yes" : "no");
    ctl_duration_format(p->heard_ms_ago, text);
    ctl_table_str(t, CTL_PLAIN, text);
    ctl_duration_format(p->since_ms_ago, text);
    ctl_table_str(t, CTL_PLAIN, text);
    if (p->rtt_us < 0)
        ctl_table_str(t, CTL_PLAIN, "");
    else
        ctl_table_printf(t, CTL_PLAIN, "%.1fms", (double)p->rtt_us / 1000);
    ctl_table_printf(t, llabs(p->clock_offset_ms) >= CTL_OFFSET_WARN_MS ? CTL_WARN : CTL_PLAIN, "%+" PRId64 "ms",
                     p->clock_offset_ms);
    if (ps->ctl->format == CTL_WIDE) {
        ctl_table_str(t, CTL_PLAIN, p->chosen ? "yes" : "no");
        ctl_size_format(p->bytes_in, text);
        ctl_table_str(t, CTL_PLAIN, text);
        ctl_size_format(p->bytes_out, text);
        ctl_table_str(t, CTL_PLAIN, text);
    }
}

static int add(void *arg, const struct ctl_peer *p)
{
    struct peers *ps = arg;
    if (ps->ctl->format == CTL_JSON)
        add_json(ps, p);
    else
        add_row(ps, p);
    return 0;
}

int ctl_peers(struct ctl *ctl, const struct ctl_args *args)
{
    (void)args;
    struct peers ps = { .ctl = ctl };
    struct ctl_question q;
    struct nr_control_map reply;
    ctl_ask_begin(&q);
    int status = ctl_ask(ctl, "peers", &q, &reply);
    if (status) return status;
    if (ctl_try_read(ctl) == 0 && ctl_names_init(&ps.names, ctl->snapshot, nr_wall_clock_ms()) != 0)
        ctl_names_fini(&ps.names);
    ctl_listing_init(&ps.list, ctl,
                     ctl->format == CTL_WIDE ? "NODE,KEY,ADDRESS,IN SYNC,>HEARD,>SINCE,>RTT,>CLOCK,CHOSEN,>IN,>OUT"
                                             : "NODE,KEY,ADDRESS,IN SYNC,>HEARD,>SINCE,>RTT,>CLOCK");
    int err = ctl_peers_each(&reply, add, &ps);
    ctl_names_fini(&ps.names);
    if (err) ctl_say("noded: its answer cannot be read");
    status = ctl_listing_end(&ps.list, 0);
    return err ? CTL_FAILED : status;
}
