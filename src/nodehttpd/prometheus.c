/* GET /metrics: for a scraper as text, else as the JSON object that today's pages read. */
#include "nodehttpd/prometheus.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/clock.h"
#include "nodehttpd/ask.h"
#include "nodehttpd/exposition.h"
#include "nodehttpd/handlers.h"
#include "nodehttpd/network.h"
#include "nodehttpd/router.h"

#define ANSWER_MS 2000

static void expose_store(struct nr_buf *out, const struct nr_store_facts *f)
{
    expose_family(out, "dagi_store_bytes", "gauge", "bytes in use in each half of the store");
    expose_uint(out, "dagi_store_bytes", "half=\"registry\"", f->registry_bytes);
    expose_uint(out, "dagi_store_bytes", "half=\"pulse\"", f->pulse_bytes);
    expose_family(out, "dagi_store_map_bytes", "gauge", "bytes that each half of the store may use before it grows");
    expose_uint(out, "dagi_store_map_bytes", "half=\"registry\"", f->registry_map_bytes);
    expose_uint(out, "dagi_store_map_bytes", "half=\"pulse\"", f->pulse_map_bytes);
    expose_one(out, "dagi_store_records", "gauge", "records of the durable half", f->records);
    expose_one(out, "dagi_store_heartbeats", "gauge", "heartbeat records", f->heartbeats);
    expose_one(out, "dagi_store_profiles", "gauge", "profiles", f->profiles);
    expose_one(out, "dagi_store_evidence_pairs", "gauge", "pairs of records that one signer made under one stamp",
               f->evidence);
    expose_one(out, "dagi_store_readers", "gauge", "processes and threads that have the store open for reading",
               f->readers);
}

void expose_registry(struct nr_buf *out, struct app *app, struct nr_now now)
{
    struct nr_store_facts facts;
    struct network net;
    char labels[48];
    bool up = reads_begin(&app->reads, now) == 0;
    expose_one(out, "dagi_store_up", "gauge", "whether the store can be read", up);
    if (!up) return;
    if (network_read(app->reads.snapshot, now.wall_ms, &net) == 0) {
        expose_family(out, "dagi_nodes", "gauge", "nodes by status");
        for (int i = 0; i < NR_NODE_STATUS_COUNT; i++) {
            snprintf(labels, sizeof labels, "status=\"%s\"", nr_node_status_name((enum nr_node_status)i));
            expose_uint(out, "dagi_nodes", labels, net.counts.by_status[i]);
        }
    }
    if (nr_store_facts(app->reads.snapshot, &facts) == 0) expose_store(out, &facts);
    reads_end(&app->reads);
}

static void expose_requests(struct nr_buf *out, const struct metrics *m)
{
    char labels[128];
    expose_family(out, "dagi_http_requests_total", "counter", "requests answered");
    for (size_t row = 0; row <= METRICS_ROUTES_MAX; row++) {
        bool known = row < route_count;
        for (size_t i = 0; i < m->status_count; i++) {
            if (!m->requests[row][i]) continue;
            snprintf(labels, sizeof labels, "method=\"%s\",path=\"%s\",status=\"%d\"",
                     known ? routes[row].method : "other", known ? routes[row].path : "other", m->statuses[i]);
            expose_uint(out, "dagi_http_requests_total", labels, m->requests[row][i]);
        }
    }
}

static void expose_durations(struct nr_buf *out, const struct metrics *m)
{
    static const char name[] = "dagi_http_request_duration_seconds";
    char labels[48];
    uint64_t sum = 0;
    expose_family(out, name, "histogram", "time from a complete request to its answer");
    for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
        sum += m->took[i];
        if (i < METRICS_BUCKETS)
            snprintf(labels, sizeof labels, "le=\"%g\"", (double)metrics_bounds_us[i] / 1e6);
        else
            snprintf(labels, sizeof labels, "le=\"+Inf\"");
        nr_buf_printf(out, "%s_bucket{%s} %" PRIu64 "\n", name, labels, sum);
    }
    nr_buf_printf(out, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name, (double)m->took_us / 1e6, name, sum);
}

void expose_http(struct nr_buf *out, const struct app *app)
{
    struct nr_http_stats s;
    nr_http_server_stats(app->server, &s);
    expose_requests(out, &app->metrics);
    expose_durations(out, &app->metrics);
    expose_one(out, "dagi_http_connections", "gauge", "connections open now", s.connections);
    expose_one(out, "dagi_http_connections_accepted_total", "counter", "connections taken", s.accepted);
    expose_family(out, "dagi_http_connections_dropped_total", "counter",
                  "connections ended for being slow or to make room");
    expose_uint(out, "dagi_http_connections_dropped_total", "reason=\"slow\"", s.timed_out);
    expose_uint(out, "dagi_http_connections_dropped_total", "reason=\"room\"", s.evicted);
    expose_one(out, "dagi_http_received_bytes_total", "counter", "bytes received", s.bytes_in);
    expose_one(out, "dagi_http_sent_bytes_total", "counter", "bytes sent", s.bytes_out);
    expose_one(out, "dagi_http_cache_hits_total", "counter", "lists answered as they were built before",
               app->cache.hits);
    expose_one(out, "dagi_http_cache_misses_total", "counter", "lists built", app->cache.misses);
}

static uint64_t resident_bytes(void)
{
    unsigned long long all, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f) return 0;
    if (fscanf(f, "%llu %llu", &all, &resident) != 2) resident = 0;
    fclose(f);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_descriptors(void)
{
    uint64_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    if (!d) return 0;
    for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n > 0 ? n - 1 : 0; /* the directory's own */
}

void expose_process(struct nr_buf *out, const struct app *app)
{
    struct rusage u;
    struct rlimit limit;
    getrusage(RUSAGE_SELF, &u);
    expose_family(out, "process_cpu_seconds_total", "counter", "processor time taken");
    expose_seconds(out, "process_cpu_seconds_total", NULL,
                   (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
    expose_family(out, "process_start_time_seconds", "gauge", "start of the process, in seconds since 1970");
    expose_seconds(out, "process_start_time_seconds", NULL, (double)app->started.wall_ms / 1000);
    expose_one(out, "process_resident_memory_bytes", "gauge", "memory resident", resident_bytes());
    expose_one(out, "process_open_fds", "gauge", "file descriptors open", open_descriptors());
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        expose_one(out, "process_max_fds", "gauge", "file descriptors that may be open", limit.rlim_cur);
}

static void scraped(struct pending *p, int err, const struct nr_control_map *reply)
{
    struct app *app = p->x.app;
    struct nr_buf *out = app_body(app);
    expose_family(out, "dagi_build_info", "gauge", "the version of the facade");
    expose_uint(out, "dagi_build_info", "version=\"" NR_VERSION "\"", 1);
    expose_one(out, "dagi_noded_up", "gauge", "whether noded answers", !err);
    if (!err) expose_noded(out, reply);
    expose_registry(out, app, nr_clock_now());
    expose_http(out, app);
    expose_process(out, app);
    if (out->err)
        problem(&p->x, 500, NULL, "out of memory");
    else
        respond(&p->x,
                &(struct nr_http_reply){ .status = 200, .content_type = TYPE_EXPOSITION, .body = nr_buf_bytes(out) });
    ask_free(p);
}

static void answer_json(const struct exchange *x)
{
    struct nr_now now = nr_clock_now();
    struct network net;
    struct nr_json j;
    int err = reads_begin(&x->app->reads, now);
    if (!err) {
        err = network_read(x->app->reads.snapshot, now.wall_ms, &net);
        reads_end(&x->app->reads);
    }
    if (err) {
        problem_read(x, err);
        return;
    }
    nr_json_init(&j, app_body(x->app));
    nr_json_object(&j);
    nr_json_kcstr(&j, "service", SERVICE_NAME);
    nr_json_kuint(&j, "uptime_seconds", (uint64_t)((now.mono_us - x->app->started.mono_us) / 1000000));
    network_json(&j, &net);
    nr_json_kuint(&j, "active_nodes", net.active);
    nr_json_ktime(&j, "timestamp", now.wall_ms);
    nr_json_object_end(&j);
    respond_json(x, 200, NULL);
}

static bool accepts_exposition(const struct nr_http_request *req)
{
    for (size_t i = 0; i < req->header_count; i++) {
        struct nr_bytes name = req->headers[i].name, value = req->headers[i].value;
        if (name.len != 6 || strncasecmp((const char *)name.data, "accept", 6) != 0) continue;
        if (memmem(value.data, value.len, "text/plain", 10)) return true;
        if (memmem(value.data, value.len, "application/openmetrics-text", 28)) return true;
    }
    return false;
}

void metrics_get(const struct exchange *x, const struct request *rq)
{
    struct nr_control_writer w;
    struct nr_bytes format = nr_bytes(NULL, 0);
    struct faults f;
    if (!app_query(x, rq)) return;
    faults_init(&f);
    bool asked = query_text(&x->app->query, "format", &f, &format);
    bool text = asked ? nr_bytes_eq(format, nr_bytes_str("prometheus")) : accepts_exposition(rq->http);
    if (asked && !text && !nr_bytes_eq(format, nr_bytes_str("json")))
        faults_add(&f, "format", "must be prometheus or json");
    if (f.count) {
        problem_faults(x, &f);
        return;
    }
    faults_fini(&f);
    if (!text) {
        answer_json(x);
        return;
    }
    struct pending *p = ask_new(x, sizeof *p);
    if (!p) return;
    ask_begin(p, &w, "stats");
    ask_send_within(p, &w, scraped, ANSWER_MS);
}
