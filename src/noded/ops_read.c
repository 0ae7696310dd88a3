#include <limits.h>
#include <stdlib.h>

#include "base/assert.h"
#include "noded/ops.h"
#include "proto/mp.h"

/* Nested values are written item by item into a buffer. */
static void add_array_head(struct nr_buf *out, size_t count)
{
    uint8_t head[8];
    struct nr_writer w;
    nr_writer_init(&w, head, sizeof head);
    nr_mp_write_array(&w, (uint32_t)count);
    nr_buf_add(out, head, nr_writer_len(&w));
}

static void add_text(struct nr_buf *out, const char *text)
{
    uint8_t item[512];
    struct nr_writer w;
    nr_writer_init(&w, item, sizeof item);
    nr_mp_write_cstr(&w, text);
    nr_assert(!w.err);
    nr_buf_add(out, item, nr_writer_len(&w));
}

static void put_item(struct request *q, const char *key, const struct nr_buf *item)
{
    if (!item->err) nr_control_item(q->reply, key, nr_buf_bytes(item));
}

static void put_addresses(struct request *q, const char *key, const struct nr_addr *addrs, size_t count)
{
    struct nr_buf list;
    char text[NR_ADDR_TEXT];
    nr_buf_init(&list, 0);
    add_array_head(&list, count);
    for (size_t i = 0; i < count; i++) {
        nr_addr_format(&addrs[i], text);
        add_text(&list, text);
    }
    put_item(q, key, &list);
    nr_buf_fini(&list);
}

static void put_gossip_facts(struct request *q)
{
    struct nr_core *core = q->o->core;
    struct nr_addr bound[NR_UDP_SOCKETS_MAX], reach[NR_GOSSIP_MAX];
    put_addresses(q, "bind", bound, nr_udp_bound(relay_udp(q->o->relay), bound));
    put_addresses(q, "advertise", reach, ops_reachable(q->o, reach, NR_GOSSIP_MAX));
    nr_control_uint(q->reply, "incarnation", nr_core_incarnation(core));
    nr_control_uint(q->reply, "fingerprint", nr_core_fingerprint(core));
    nr_control_uint(q->reply, "peers", nr_core_peer_count(core));
    nr_control_uint(q->reply, "records_cold", nr_core_record_count(core, NR_PLANE_COLD));
    nr_control_uint(q->reply, "records_hot", nr_core_record_count(core, NR_PLANE_HOT));
}

/* What this node's clock cannot judge, and how far it is behind that at least. */
static void put_clock_facts(struct request *q)
{
    struct nr_aside_info aside;
    nr_core_aside(q->o->core, &aside);
    bool behind = aside.ahead > 0 && aside.newest_ms > q->now.wall_ms;
    nr_control_uint(q->reply, "records_aside", aside.count);
    nr_control_uint(q->reply, "clock_behind_ms", behind ? (uint64_t)(aside.newest_ms - q->now.wall_ms) : 0);
    nr_control_bool(q->reply, "clock_confirmed", aside.confirmed);
}

/* Absolute, as the state directory; none where none was read. */
static void put_config_file(struct request *q, const char *file)
{
    char path[PATH_MAX];
    if (file) nr_control_cstr(q->reply, "config", realpath(file, path) ? path : file);
}

int op_info(struct request *q)
{
    const struct control_options *o = q->o;
    const struct nr_conf *conf = *o->conf;
    struct nr_store_info store;
    enum nr_state state;
    nr_store_info(o->store, &store);
    bool known = nodeself_state(o->self, &state) == 0;
    char dir[PATH_MAX]; /* absolute: who asks stands elsewhere */
    const char *given = nr_conf_text(conf, NR_CONF_STATE_DIR);
    nr_control_cstr(q->reply, "node_id", o->identity->node_id);
    nr_control_bin(q->reply, "node_key", nr_bytes(o->identity->key.pub, NR_KEY_SIZE));
    nr_control_cstr(q->reply, "version", NR_VERSION);
    nr_control_uint(q->reply, "started_at", (uint64_t)o->started.wall_ms);
    nr_control_uint(q->reply, "uptime_ms", (uint64_t)(q->now.mono_us - o->started.mono_us) / 1000);
    nr_control_cstr(q->reply, "state", known ? nr_state_name(state) : "deleted");
    nr_control_cstr(q->reply, "role", nr_conf_text(conf, NR_CONF_ROLE));
    nr_control_cstr(q->reply, "health", nr_errname(store.health));
    nr_control_bool(q->reply, "founder", o->identity->founder);
    nr_control_cstr(q->reply, "state_dir", realpath(given, dir) ? dir : given);
    nr_control_cstr(q->reply, "socket", nr_conf_text(conf, NR_CONF_SOCKET));
    put_config_file(q, nr_conf_file(conf));
    nr_control_uint(q->reply, "heartbeat_interval_ms",
                    (uint64_t)nr_conf_number(conf, NR_CONF_HEARTBEAT_INTERVAL) * 1000);
    nr_control_bool(q->reply, "describing", probe_running(describe_probe(o->describe)));
    nr_control_uint(q->reply, "probe_restarts", probe_stats(describe_probe(o->describe))->probe_ends);
    put_gossip_facts(q);
    put_clock_facts(q);
    return 0;
}

static void add_peer(struct nr_buf *list, struct nr_buf *scratch, const struct nr_peer_info *p, struct nr_now now)
{
    struct nr_control_writer w;
    char addr[NR_ADDR_TEXT];
    nr_addr_format(&p->addr, addr);
    nr_buf_reset(scratch);
    nr_control_begin(&w, scratch);
    nr_control_bin(&w, "key", nr_bytes(p->key, NR_KEY_SIZE));
    nr_control_cstr(&w, "address", addr);
    nr_control_bool(&w, "chosen", p->chosen);
    nr_control_uint(&w, "incarnation", p->incarnation);
    nr_control_uint(&w, "heard_ms_ago", (uint64_t)(now.mono_us - p->heard_us) / 1000);
    nr_control_uint(&w, "since_ms_ago", (uint64_t)(now.mono_us - p->since_us) / 1000);
    nr_control_int(&w, "rtt_us", p->rtt_us);
    nr_control_int(&w, "clock_offset_ms", p->clock_offset_ms);
    nr_control_bool(&w, "in_sync", p->in_sync);
    nr_control_uint(&w, "bytes_in", p->bytes_in);
    nr_control_uint(&w, "bytes_out", p->bytes_out);
    struct nr_bytes item = ops_end_map(&w, scratch);
    nr_buf_add(list, item.data, item.len);
}

int op_peers(struct request *q)
{
    struct nr_buf list, scratch;
    struct nr_peer_info p;
    size_t iter = 0;
    nr_buf_init(&list, 0);
    nr_buf_init(&scratch, 0);
    add_array_head(&list, nr_core_peer_count(q->o->core));
    while (nr_core_next_peer(q->o->core, &iter, &p)) {
        add_peer(&list, &scratch, &p, q->now);
    }
    put_item(q, "peers", &list);
    nr_buf_fini(&list);
    nr_buf_fini(&scratch);
    return 0;
}
