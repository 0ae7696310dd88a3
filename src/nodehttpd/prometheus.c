/* GET /metrics: for a scraper as text, else as the JSON object that today's pages read. */
#include "nodehttpd/prometheus.h"

#include "io/clock.h"
#include "nodehttpd/accept.h"
#include "nodehttpd/ask.h"
#include "nodehttpd/handlers.h"
#include "nodehttpd/network.h"

#define VARIES    "Vary: Accept\r\n" /* a cache between must not hand a browser's answer to a scraper */
#define ANSWER_MS 2000               /* well below a scraper's patience: without noded the rest is still told */

struct scrape {
    struct pending pending;
    enum exposition_form form;
};

static void scraped(struct pending *p, int err, const struct nr_control_map *reply)
{
    struct app *app = p->x.app;
    struct exposition e = { .out = app_body(app), .form = ((struct scrape *)p)->form };
    expose_family(&e, "dagi_build_info", FAMILY_GAUGE, "the version of the facade");
    expose_uint(&e, "dagi_build_info", "version=\"" NR_VERSION "\"", 1);
    expose_one(&e, "dagi_noded_up", FAMILY_GAUGE, "whether noded answers", !err);
    if (!err) expose_noded(&e, reply);
    expose_registry(&e, app, nr_clock_now());
    expose_http(&e, app);
    expose_process(&e, app);
    expose_end(&e);
    if (e.out->err)
        problem(&p->x, 500, NULL, "out of memory");
    else
        respond(&p->x, &(struct nr_http_reply){ .status = 200,
                                                .content_type = exposition_type(e.form),
                                                .headers = VARIES,
                                                .body = nr_buf_bytes(e.out) });
    ask_free(p);
}

static void answer_exposition(const struct exchange *x, enum exposition_form form)
{
    struct nr_control_writer w;
    struct scrape *s = ask_new(x, sizeof *s);
    if (!s) return;
    s->form = form;
    ask_begin(&s->pending, &w, "stats");
    ask_send_within(&s->pending, &w, scraped, ANSWER_MS);
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
    respond_json(x, 200, VARIES);
}

/* What `format` asks for; without it, what Accept prefers. */
static enum metrics_form form_of(const struct exchange *x, const struct request *rq, struct faults *f)
{
    struct nr_bytes format;
    if (!query_text(&x->app->query, "format", f, &format)) return accept_form(rq->http);
    if (nr_bytes_eq(format, nr_bytes_str("prometheus"))) return METRICS_TEXT;
    if (nr_bytes_eq(format, nr_bytes_str("openmetrics"))) return METRICS_OPEN;
    if (!nr_bytes_eq(format, nr_bytes_str("json"))) faults_add(f, "format", "must be prometheus, openmetrics or json");
    return METRICS_JSON;
}

void metrics_get(const struct exchange *x, const struct request *rq)
{
    struct faults f;
    if (!app_query(x, rq)) return;
    faults_init(&f);
    enum metrics_form form = form_of(x, rq, &f);
    if (f.count) {
        problem_faults(x, &f);
        return;
    }
    faults_fini(&f);
    if (form == METRICS_JSON)
        answer_json(x);
    else
        answer_exposition(x, form == METRICS_OPEN ? EXPOSITION_OPEN : EXPOSITION_TEXT);
}
