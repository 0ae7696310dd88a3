#include <stdio.h>

#include "io/process.h"
#include "nodehttpd/prometheus.h"
#include "nodehttpd/router.h"

#define REQUESTS "dagi_http_requests_total"
#define DURATION "dagi_http_request_duration_seconds"

/* Labels of a row of the counters; what no route was found for is one row, whatever was asked for. */
static void label_request(struct label_set *labels, size_t row, int status)
{
    bool known = row < route_count;
    char code[16];
    snprintf(code, sizeof code, "%d", status);
    label_add(labels, "method", nr_bytes_str(known ? routes[row].method : "other"));
    label_add(labels, "route", nr_bytes_str(known ? routes[row].path : "other"));
    label_add(labels, "code", nr_bytes_str(code));
}

static void expose_requests(struct exposition *e, const struct metrics *m, bool durations)
{
    if (durations)
        expose_family(e, DURATION, FAMILY_HISTOGRAM, "time from a complete request to its answer");
    else
        expose_family(e, REQUESTS, FAMILY_COUNTER, "requests answered, by route and status");
    for (size_t row = 0; row <= METRICS_ROUTES_MAX; row++) {
        for (size_t i = 0; i < m->status_count; i++) {
            struct label_set labels = { 0 };
            uint64_t count = metrics_count(&m->took_us[row][i]);
            if (!count) continue;
            label_request(&labels, row, m->statuses[i]);
            if (durations)
                expose_histogram(e, DURATION, FAMILY_HISTOGRAM, labels.text, &m->took_us[row][i], &metrics_bounds_us);
            else
                expose_uint(e, REQUESTS, labels.text, count);
        }
    }
}

static void expose_connections(struct exposition *e, const struct nr_http_stats *s)
{
    static const char dropped[] = "dagi_http_connections_dropped_total";
    expose_one(e, "dagi_http_connections", FAMILY_GAUGE, "connections open now", s->connections);
    expose_one(e, "dagi_http_connections_accepted_total", FAMILY_COUNTER, "connections taken", s->accepted);
    expose_family(e, dropped, FAMILY_COUNTER, "connections ended for being slow or to make room");
    expose_uint(e, dropped, "reason=\"slow\"", s->timed_out);
    expose_uint(e, dropped, "reason=\"room\"", s->evicted);
    expose_one(e, "dagi_http_received_bytes_total", FAMILY_COUNTER, "bytes received", s->bytes_in);
    expose_one(e, "dagi_http_sent_bytes_total", FAMILY_COUNTER, "bytes sent", s->bytes_out);
}

void expose_http(struct exposition *e, const struct app *app)
{
    struct nr_http_stats s;
    nr_http_server_stats(app->server, &s);
    expose_requests(e, &app->metrics, false);
    expose_requests(e, &app->metrics, true);
    expose_one(e, "dagi_http_requests_in_flight", FAMILY_GAUGE, "requests being answered, this one too",
               app->metrics.in_flight);
    expose_connections(e, &s);
    expose_one(e, "dagi_http_cache_hits_total", FAMILY_COUNTER, "lists answered as they were built before",
               app->cache.hits);
    expose_one(e, "dagi_http_cache_misses_total", FAMILY_COUNTER, "lists built", app->cache.misses);
}

static void expose_seconds(struct exposition *e, const char *name, enum family_type type, const char *help, double v)
{
    expose_family(e, name, type, help);
    expose_number(e, name, NULL, v);
}

void expose_process(struct exposition *e, const struct app *app)
{
    struct nr_process p;
    nr_process_read(&p);
    expose_seconds(e, "process_cpu_seconds_total", FAMILY_COUNTER, "processor time taken", (double)p.cpu_us / 1e6);
    expose_seconds(e, "process_start_time_seconds", FAMILY_GAUGE, "start of the process, in seconds since 1970",
                   (double)app->started.wall_ms / 1000);
    expose_one(e, "process_resident_memory_bytes", FAMILY_GAUGE, "memory resident", p.resident_bytes);
    expose_one(e, "process_virtual_memory_bytes", FAMILY_GAUGE, "address space", p.virtual_bytes);
    expose_one(e, "process_open_fds", FAMILY_GAUGE, "file descriptors open", p.open_fds);
    expose_one(e, "process_max_fds", FAMILY_GAUGE, "file descriptors that may be open", p.max_fds);
}
