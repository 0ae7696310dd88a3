/* GET /health: healthy when the store can be read and noded answers and can write; else 503 and degraded, with which of
 * them it is. noded is asked each time, so a noded that hangs shows as one that is away. */
#include "io/clock.h"
#include "nodehttpd/ask.h"
#include "nodehttpd/handlers.h"
#include "nodehttpd/network.h"

#define ANSWER_MS 2000

static bool add_database(struct nr_json *j, struct app *app, int err)
{
    struct nr_store_facts facts;
    if (!err) err = nr_store_facts(app->reads.snapshot, &facts);
    nr_json_key(j, "database");
    nr_json_object(j);
    nr_json_kbool(j, "connected", !err);
    nr_json_kcstr(j, "engine", "lmdb");
    nr_json_kcstr(j, "directory", app->reads.options.state_dir);
    if (!err) {
        nr_json_kuint(j, "schema", facts.schema);
        nr_json_kuint(j, "records", facts.records);
        nr_json_kuint(j, "bytes", facts.registry_bytes + facts.pulse_bytes);
    } else {
        nr_json_kcstr(j, "error", nr_error_text(err));
    }
    nr_json_object_end(j);
    return !err;
}

static void add_number(struct nr_json *j, const char *name, const struct nr_control_map *reply, const char *key)
{
    uint64_t n;
    if (nr_control_get_uint(reply, key, &n) == 1) nr_json_kuint(j, name, n);
}

/* What noded says of itself. True: it can write. */
static bool add_gossip(struct nr_json *j, int err, const struct nr_control_map *reply)
{
    struct nr_bytes health, s;
    bool well = false;
    nr_json_key(j, "gossip");
    nr_json_object(j);
    nr_json_kbool(j, "connected", !err);
    if (err) {
        nr_json_kcstr(j, "error", nr_strerror(err));
    } else {
        well = nr_control_get_str(reply, "health", &health) != 1 || nr_bytes_eq(health, nr_bytes_str("ok"));
        if (!well) nr_json_kstr(j, "error", health);
        if (nr_control_get_str(reply, "node_id", &s) == 1) nr_json_kstr(j, "node_id", s);
        if (nr_control_get_str(reply, "version", &s) == 1) nr_json_kstr(j, "version", s);
        add_number(j, "peers", reply, "peers");
        add_number(j, "records", reply, "records_cold");
        add_number(j, "heartbeats", reply, "records_hot");
        add_number(j, "records_aside", reply, "records_aside");
        add_number(j, "clock_behind_ms", reply, "clock_behind_ms");
    }
    nr_json_object_end(j);
    return well;
}

static void told(struct pending *p, int err, const struct nr_control_map *reply)
{
    struct app *app = p->x.app;
    struct nr_now now = nr_clock_now();
    struct network net = { 0 };
    struct nr_buf parts; /* what stands behind "status", which is known last */
    struct nr_json j, k;
    nr_buf_init(&parts, 0);
    nr_json_init(&k, &parts);
    int read_err = reads_begin(&app->reads, now);
    bool well = add_database(&k, app, read_err);
    if (!read_err) well = network_read(app->reads.snapshot, now.wall_ms, &net) == 0 && well;
    if (!read_err) reads_end(&app->reads);
    well = add_gossip(&k, err, reply) && well;
    nr_json_init(&j, app_body(app));
    nr_json_object(&j);
    nr_json_kcstr(&j, "status", well ? "healthy" : "degraded");
    nr_json_kcstr(&j, "service", SERVICE_NAME);
    nr_json_kcstr(&j, "version", NR_VERSION);
    nr_json_kuint(&j, "uptime_seconds", (uint64_t)((now.mono_us - app->started.mono_us) / 1000000));
    nr_json_ktime(&j, "timestamp", now.wall_ms);
    nr_json_raw(&j, nr_buf_bytes(&parts));
    nr_json_key(&j, "network_stats");
    nr_json_object(&j);
    network_json(&j, &net);
    nr_json_object_end(&j);
    nr_json_object_end(&j);
    respond_json(&p->x, well ? 200 : 503, NULL);
    nr_buf_fini(&parts);
    ask_free(p);
}

void health_get(const struct exchange *x, const struct request *rq)
{
    struct nr_control_writer w;
    struct pending *p = ask_new(x, sizeof *p);
    (void)rq;
    if (!p) return;
    ask_begin(p, &w, "info");
    ask_send_within(p, &w, told, ANSWER_MS);
}
