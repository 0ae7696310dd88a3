/* noded's counters, gauges, histograms and messages, as its answer to "stats" has them (proto/CONTROL.md). A figure
 * that an older noded does not send is left out, and so is the head of a family without samples. */
#include <stdio.h>

#include "nodehttpd/prometheus.h"
#include "proto/mp.h"

#define NAME_MAX_BYTES 64

static void expose_figures(struct exposition *e, const struct nr_control_map *figures, enum family_type type,
                           const struct noded_family *families)
{
    for (const struct noded_family *f = families; f->name; f++) {
        bool begun = false;
        for (size_t i = 0; i < NODED_MEMBERS_MAX && f->members[i].figure; i++) {
            int64_t value;
            if (nr_control_get_int(figures, f->members[i].figure, &value) != 1) continue;
            if (!begun) expose_family(e, f->name, type, f->help);
            begun = true;
            if (f->scale > 0)
                expose_number(e, f->name, f->members[i].labels, (double)value * f->scale);
            else
                expose_uint(e, f->name, f->members[i].labels, value > 0 ? (uint64_t)value : 0);
        }
    }
}

/* Samples of one family over a map of maps: a sample for each member of each inner map that `columns` names. */
struct column {
    const char *member, *value; /* value NULL: the family has no second label */
};
struct table {
    const char *name, *help;
    enum family_type type;
    const char *row_label, *column_label;
    struct column columns[4];
};

static void expose_row(struct exposition *e, const struct table *t, struct nr_bytes row, const struct nr_control_map *m)
{
    for (const struct column *c = t->columns; c->member; c++) {
        struct label_set labels = { 0 };
        uint64_t value;
        if (nr_control_get_uint(m, c->member, &value) != 1) continue;
        label_add(&labels, t->row_label, row);
        if (c->value) label_add(&labels, t->column_label, nr_bytes_str(c->value));
        expose_uint(e, t->name, labels.text, value);
    }
}

static void expose_table(struct exposition *e, struct nr_bytes item, const struct table *t)
{
    struct nr_reader r;
    nr_reader_init(&r, item);
    uint32_t count = nr_mp_read_map(&r);
    if (r.err || count == 0) return;
    expose_family(e, t->name, t->type, t->help);
    for (uint32_t i = 0; i < count; i++) {
        struct nr_control_map m;
        struct nr_bytes row = nr_mp_read_str(&r);
        struct nr_bytes inner = nr_mp_skip(&r, NR_DEPTH_MAX, false);
        if (r.err) return;
        if (row.len <= NAME_MAX_BYTES && nr_control_parse(inner, &m) == 0) expose_row(e, t, row, &m);
    }
}

static const struct table message_tables[] = {
    { "dagi_noded_messages_total",
      "protocol messages by type",
      FAMILY_COUNTER,
      "type",
      "direction",
      { { "in", "in" }, { "out", "out" } } },
    { "dagi_noded_message_bytes_total",
      "bytes of protocol messages by type",
      FAMILY_COUNTER,
      "type",
      "direction",
      { { "bytes_in", "in" }, { "bytes_out", "out" } } },
};

static const struct table record_tables[] = {
    { "dagi_noded_records", "records held, by kind", FAMILY_GAUGE, "kind", NULL, { { "held", NULL } } },
    { "dagi_noded_records_accepted_total",
      "records taken, by kind and by where they came from",
      FAMILY_COUNTER,
      "kind",
      "origin",
      { { "self", "self" }, { "gossip", "gossip" }, { "repair", "repair" } } },
};

/* An array of at most `max` numbers. Returns how many; 0 where it is none. */
static size_t read_numbers(const struct nr_control_map *m, const char *key, uint64_t *out, size_t max)
{
    struct nr_bytes item;
    struct nr_reader r;
    if (!nr_control_get(m, key, &item)) return 0;
    nr_reader_init(&r, item);
    uint32_t count = nr_mp_read_array(&r);
    if (r.err || count > max) return 0;
    for (uint32_t i = 0; i < count; i++) out[i] = nr_mp_read_uint(&r);
    return r.err ? 0 : count;
}

static bool read_histogram(const struct nr_control_map *m, struct nr_histogram *h, struct nr_histogram_bounds *bounds)
{
    uint64_t upper[NR_HISTOGRAM_BOUNDS_MAX];
    *h = (struct nr_histogram){ 0 };
    bounds->count = read_numbers(m, "bounds_us", upper, NR_HISTOGRAM_BOUNDS_MAX);
    for (size_t i = 0; i < bounds->count; i++) {
        if (upper[i] > INT64_MAX || (i && upper[i] <= upper[i - 1])) return false;
        bounds->upper[i] = (int64_t)upper[i];
    }
    return bounds->count && read_numbers(m, "counts", h->counts, bounds->count + 1) == bounds->count + 1 &&
           nr_control_get_uint(m, "sum_us", &h->sum) == 1;
}

struct noded_histogram {
    const char *figure, *name, *help, *labels; /* help NULL: it belongs to the family before it */
};
static const struct noded_histogram noded_histograms[] = {
    { "heartbeat_spread", "dagi_noded_heartbeat_spread_seconds",
      "time from a heartbeat's stamp, by its maker's clock, to its arrival here by gossip", NULL },
    { "store_commit", "dagi_noded_store_commit_duration_seconds", "time that commits took, by half of the store",
      "half=\"registry\"" },
    { "store_pulse_commit", "dagi_noded_store_commit_duration_seconds", NULL, "half=\"pulse\"" },
};

static void expose_histograms(struct exposition *e, const struct nr_control_map *all)
{
    for (size_t i = 0; i < sizeof noded_histograms / sizeof *noded_histograms; i++) {
        const struct noded_histogram *n = &noded_histograms[i];
        struct nr_control_map m;
        struct nr_histogram h;
        struct nr_histogram_bounds bounds;
        if (nr_control_get_map(all, n->figure, &m) != 1 || !read_histogram(&m, &h, &bounds)) continue;
        if (n->help) expose_family(e, n->name, FAMILY_HISTOGRAM, n->help);
        expose_histogram(e, n->name, FAMILY_HISTOGRAM, n->labels, &h, &bounds);
    }
}

static void expose_version(struct exposition *e, const struct nr_control_map *stats)
{
    struct label_set labels = { 0 };
    struct nr_bytes version;
    if (nr_control_get_str(stats, "version", &version) != 1 || version.len > NAME_MAX_BYTES) return;
    label_add(&labels, "version", version);
    expose_family(e, "dagi_noded_build_info", FAMILY_GAUGE, "the version of noded");
    expose_uint(e, "dagi_noded_build_info", labels.text, 1);
}

void expose_noded(struct exposition *e, const struct nr_control_map *stats)
{
    struct nr_control_map figures;
    struct nr_bytes item;
    expose_version(e, stats);
    if (nr_control_get_map(stats, "counters", &figures) == 1)
        expose_figures(e, &figures, FAMILY_COUNTER, noded_counters);
    if (nr_control_get_map(stats, "gauges", &figures) == 1) expose_figures(e, &figures, FAMILY_GAUGE, noded_gauges);
    if (nr_control_get(stats, "records", &item))
        for (int i = 0; i < 2; i++) expose_table(e, item, &record_tables[i]);
    if (nr_control_get(stats, "messages", &item))
        for (int i = 0; i < 2; i++) expose_table(e, item, &message_tables[i]);
    if (nr_control_get_map(stats, "histograms", &figures) == 1) expose_histograms(e, &figures);
}
