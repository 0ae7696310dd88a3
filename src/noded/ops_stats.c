/* The operation `stats`: all that noded counts and measures, for metrics (proto/CONTROL.md). A map wants its keys in
 * order, and what is counted stands in several lists, so a map's members are gathered first. */
#include <stdlib.h>

#include "base/assert.h"
#include "io/process.h"
#include "noded/ops.h"
#include "proto/mp.h"

#define FIGURES_MAX    128
#define FIGURE_BYTES   80  /* a name and a number */
#define HISTOGRAM_ROOM 256 /* at most 16 numbers of 9 bytes and a head */
#define PEERS_MAX      256

struct figures {
    struct {
        const char *name;
        int64_t value; /* a counter beyond 2^63 does not happen */
    } list[FIGURES_MAX];
    size_t count;
};

static void add(struct figures *f, const char *name, int64_t value)
{
    nr_assert(f->count < FIGURES_MAX);
    size_t at = f->count++;
    for (; at > 0 && strcmp(f->list[at - 1].name, name) > 0; at--) f->list[at] = f->list[at - 1];
    f->list[at].name = name;
    f->list[at].value = value;
}

static void add_count(struct figures *f, const char *name, uint64_t value)
{
    add(f, name, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static void put_figures(struct request *q, const char *key, const struct figures *f)
{
    uint8_t item[FIGURES_MAX * FIGURE_BYTES];
    struct nr_writer w;
    nr_writer_init(&w, item, sizeof item);
    nr_mp_write_map(&w, (uint32_t)f->count);
    for (size_t i = 0; i < f->count; i++) {
        nr_mp_write_cstr(&w, f->list[i].name);
        nr_mp_write_int(&w, f->list[i].value);
    }
    nr_assert(!w.err);
    nr_control_item(q->reply, key, nr_writer_bytes(&w));
}

static void put_counters(struct request *q, const struct nr_process *p)
{
    struct figures f = { .count = 0 };
    const struct nr_core_stats *core = nr_core_stats(q->o->core);
    const struct relay_stats *relay = relay_stats(q->o->relay);
    const struct nr_udp_stats *udp = nr_udp_stats(relay_udp(q->o->relay));
    const struct probe_stats *probe = probe_stats(describe_probe(q->o->describe));
    const struct describe_stats *describe = describe_stats(q->o->describe);
    const struct commit_stats *commits = commit_stats(q->o->commit);
    struct nr_store_info store;
#define X(name, help) add_count(&f, #name, core->name);
    NR_CORE_COUNTERS(X)
#undef X
#define X(name, help) add_count(&f, #name, relay->name);
    RELAY_COUNTERS(X)
#undef X
#define X(name, help) add_count(&f, #name, probe->name);
    PROBE_COUNTERS(X)
#undef X
#define X(name, help) add_count(&f, #name, describe->name);
    DESCRIBE_COUNTERS(X)
#undef X
    add_count(&f, "udp_datagrams_in", udp->datagrams_in);
    add_count(&f, "udp_bytes_in", udp->bytes_in);
    add_count(&f, "udp_datagrams_out", udp->datagrams_out);
    add_count(&f, "udp_bytes_out", udp->bytes_out);
    add_count(&f, "udp_too_large", udp->too_large);
    add_count(&f, "udp_not_sent", udp->not_sent);
    nr_store_info(q->o->store, &store);
    add_count(&f, "store_commits", store.commits);
    add_count(&f, "store_commits_failed", commits->failed[NR_REGISTRY]);
    add_count(&f, "store_pulse_commits", store.pulse_commits);
    add_count(&f, "store_pulse_commits_failed", commits->failed[NR_PULSE]);
    add(&f, "process_cpu_us", p->cpu_us);
    put_figures(q, "counters", &f);
}

/* Of the neighbours together: a series for each of them would have no bound over time. */
struct neighbourhood {
    int64_t in_sync, chosen;
    int64_t rtt_us[PEERS_MAX], offset_ms[PEERS_MAX];
    size_t rtts, offsets;
};

static int ascending(const void *a, const void *b)
{
    int64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static void survey(const struct nr_core *core, struct neighbourhood *n)
{
    struct nr_peer_info p;
    size_t iter = 0;
    *n = (struct neighbourhood){ 0 };
    while (nr_core_next_peer(core, &iter, &p)) {
        n->in_sync += p.in_sync;
        n->chosen += p.chosen;
        if (p.rtt_us >= 0 && n->rtts < PEERS_MAX) n->rtt_us[n->rtts++] = p.rtt_us;
        if (n->offsets < PEERS_MAX) n->offset_ms[n->offsets++] = p.clock_offset_ms;
    }
    if (n->rtts) qsort(n->rtt_us, n->rtts, sizeof *n->rtt_us, ascending);
    if (n->offsets) qsort(n->offset_ms, n->offsets, sizeof *n->offset_ms, ascending);
}

static void add_peers(struct figures *f, const struct nr_core *core)
{
    struct neighbourhood n;
    survey(core, &n);
    add_count(f, "peers", nr_core_peer_count(core));
    add(f, "peers_in_sync", n.in_sync);
    add(f, "peers_chosen", n.chosen);
    if (n.rtts) {
        add(f, "peer_rtt_median_us", n.rtt_us[n.rtts / 2]);
        add(f, "peer_rtt_max_us", n.rtt_us[n.rtts - 1]);
    }
    if (n.offsets) {
        add(f, "clock_offset_min_ms", n.offset_ms[0]);
        add(f, "clock_offset_median_ms", n.offset_ms[n.offsets / 2]);
        add(f, "clock_offset_max_ms", n.offset_ms[n.offsets - 1]);
    }
}

static void add_process(struct figures *f, const struct nr_process *p, struct nr_now started)
{
    add_count(f, "process_resident_bytes", p->resident_bytes);
    add_count(f, "process_virtual_bytes", p->virtual_bytes);
    add_count(f, "process_open_fds", p->open_fds);
    add_count(f, "process_max_fds", p->max_fds);
    add(f, "process_started_ms", started.wall_ms);
}

static void put_gauges(struct request *q, const struct nr_process *p)
{
    struct figures f = { .count = 0 };
    const struct nr_conf *conf = *q->o->conf;
    struct nr_store_info store;
    nr_store_info(q->o->store, &store);
    add_peers(&f, q->o->core);
    add_process(&f, p, q->o->started);
    struct nr_aside_info aside;
    nr_core_aside(q->o->core, &aside);
    add_count(&f, "records_aside", aside.count);
    add_count(&f, "fingerprint_low32", nr_core_fingerprint(q->o->core) & UINT32_MAX);
    add(&f, "heartbeat_interval_ms", (int64_t)nr_conf_number(conf, NR_CONF_HEARTBEAT_INTERVAL) * 1000);
    add(&f, "store_writable", store.health == 0);
    add(&f, "store_registry_max_bytes", (int64_t)nr_conf_number(conf, NR_CONF_REGISTRY_MAP_MAX));
    add(&f, "store_pulse_max_bytes", (int64_t)nr_conf_number(conf, NR_CONF_PULSE_MAP_MAX));
    put_figures(q, "gauges", &f);
}

struct nr_bytes ops_end_map(struct nr_control_writer *w, const struct nr_buf *scratch)
{
    if (nr_control_end(w) != 0) return nr_bytes(NULL, 0);
    return nr_bytes(scratch->data + 4, scratch->len - 4);
}

/* Maps of maps are written through two writers. */
struct nested {
    struct nr_buf all_buf, one_buf;
    struct nr_control_writer all, one;
};

static void nested_begin(struct nested *n)
{
    nr_buf_init(&n->all_buf, 0);
    nr_buf_init(&n->one_buf, 0);
    nr_control_begin(&n->all, &n->all_buf);
}

static struct nr_control_writer *nested_one(struct nested *n)
{
    nr_buf_reset(&n->one_buf);
    nr_control_begin(&n->one, &n->one_buf);
    return &n->one;
}

static void nested_add(struct nested *n, const char *key)
{
    struct nr_bytes item = ops_end_map(&n->one, &n->one_buf);
    if (item.len) nr_control_item(&n->all, key, item);
}

static void nested_put(struct nested *n, struct request *q, const char *key)
{
    struct nr_bytes item = ops_end_map(&n->all, &n->all_buf);
    if (item.len) nr_control_item(q->reply, key, item);
    nr_buf_fini(&n->all_buf);
    nr_buf_fini(&n->one_buf);
}

static void put_messages(struct request *q)
{
    const struct nr_core_stats *s = nr_core_stats(q->o->core);
    struct nested n;
    nested_begin(&n);
    for (uint8_t t = 0; t < NR_MSG_TYPES; t++) {
        struct nr_control_writer *one = nested_one(&n);
        nr_control_uint(one, "in", s->messages_in[t]);
        nr_control_uint(one, "bytes_in", s->message_bytes_in[t]);
        nr_control_uint(one, "out", s->messages_out[t]);
        nr_control_uint(one, "bytes_out", s->message_bytes_out[t]);
        nested_add(&n, nr_message_name(t));
    }
    nested_put(&n, q, "messages");
}

static void put_records(struct request *q)
{
    const struct nr_core_stats *s = nr_core_stats(q->o->core);
    struct nested n;
    nested_begin(&n);
    for (int kind = 0; kind < NR_COUNTED_KINDS; kind++) {
        struct nr_control_writer *one = nested_one(&n);
        nr_control_uint(one, "held", s->held[kind]);
        for (int from = 0; from < NR_COUNTED_ORIGINS; from++)
            nr_control_uint(one, nr_counted_origin_name((enum nr_counted_origin)from), s->accepted[kind][from]);
        nested_add(&n, nr_counted_kind_name((enum nr_counted_kind)kind));
    }
    nested_put(&n, q, "records");
}

static void add_histogram(struct nested *n, const char *key, const struct nr_histogram *h,
                          const struct nr_histogram_bounds *bounds)
{
    uint8_t upper[HISTOGRAM_ROOM], counts[HISTOGRAM_ROOM];
    struct nr_writer uw, cw;
    struct nr_control_writer *one = nested_one(n);
    nr_writer_init(&uw, upper, sizeof upper);
    nr_writer_init(&cw, counts, sizeof counts);
    nr_mp_write_array(&uw, (uint32_t)bounds->count);
    nr_mp_write_array(&cw, (uint32_t)bounds->count + 1);
    for (size_t i = 0; i < bounds->count; i++) nr_mp_write_int(&uw, bounds->upper[i]);
    for (size_t i = 0; i <= bounds->count; i++) nr_mp_write_uint(&cw, h->counts[i]);
    nr_assert(!uw.err && !cw.err);
    nr_control_item(one, "bounds_us", nr_writer_bytes(&uw));
    nr_control_item(one, "counts", nr_writer_bytes(&cw));
    nr_control_uint(one, "sum_us", h->sum);
    nested_add(n, key);
}

static void put_histograms(struct request *q)
{
    const struct commit_stats *commits = commit_stats(q->o->commit);
    struct nested n;
    nested_begin(&n);
    add_histogram(&n, "heartbeat_spread", &nr_core_stats(q->o->core)->heartbeat_spread_us,
                  &nr_heartbeat_spread_bounds_us);
    add_histogram(&n, "store_commit", &commits->took_us[NR_REGISTRY], &commit_bounds_us);
    add_histogram(&n, "store_pulse_commit", &commits->took_us[NR_PULSE], &commit_bounds_us);
    nested_put(&n, q, "histograms");
}

int op_stats(struct request *q)
{
    struct nr_process process;
    nr_process_read(&process);
    nr_control_cstr(q->reply, "version", NR_VERSION);
    put_counters(q, &process);
    put_gauges(q, &process);
    put_messages(q);
    put_records(q);
    put_histograms(q);
    return 0;
}
