/* nodehttpd: the registry over HTTP. It reads the store itself and has noded write; it holds no key. This file is the
 * order of its life. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "io/clock.h"
#include "io/service.h"
#include "nodehttpd/ask.h"
#include "nodehttpd/router.h"

#define LEAVE_MS 2000 /* what answers are waited for at the end */

static const struct nr_conf_program program = {
    .name = "nodehttpd",
    .bit = NR_CONF_NODEHTTPD,
    .usage = "[OPTION]…",
    .summary = "Serves the node registry over HTTP: reads from the store, writes through noded.",
};

struct life {
    struct app app;
    int argc;
    char **argv;
    struct nr_conf *conf;
    struct nr_signal *terminate, *interrupt, *hangup;
    struct nr_timer *leave;
};

static void on_drained(void *arg)
{
    struct app *app = arg;
    nr_loop_stop(app->loop);
}

static void on_leave(void *arg)
{
    struct life *l = arg;
    nr_loop_stop(l->app.loop);
}

static void on_terminate(void *arg)
{
    struct life *l = arg;
    if (nr_timer_pending(l->leave)) return;
    nr_log_info("http: leaving");
    nr_service_tell("STOPPING=1");
    nr_timer_in(l->leave, LEAVE_MS);
    nr_http_server_stop(l->app.server);
}

static void on_hangup(void *arg)
{
    struct life *l = arg;
    struct nr_conf *conf = NULL;
    if (nr_conf_start(&conf, &program, l->argc, l->argv, stdout, stderr) != NR_CONF_RUN) {
        nr_log_error("config: not changed: it has faults");
        return;
    }
    nr_log_setup(nr_conf_log_level(conf), nr_conf_log_format(conf));
    for (int key = 0; key < NR_CONF_KEY_COUNT; key++) {
        const struct nr_conf_row *row = nr_conf_row((enum nr_conf_key)key);
        if (row->used_by & NR_CONF_NODEHTTPD && !row->live && nr_conf_differs(l->conf, conf, (enum nr_conf_key)key))
            nr_log_warning("config: takes effect at the next start: key=%s", row->key);
    }
    nr_log_info("config: read again");
    nr_conf_free(conf);
}

static void on_noded(void *arg, bool up)
{
    struct app *app = arg;
    if (up) {
        nr_log_info("noded: connected: node_id=%s", nr_control_client_node_id(app->control));
        reads_look_again(&app->reads);
    } else {
        nr_log_warning("noded: connection lost");
    }
}

/* Each connection takes a descriptor. */
static void raise_limits(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
        l.rlim_cur = l.rlim_max;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

static void open_reads(struct app *app, const struct nr_conf *conf)
{
    reads_init(&app->reads, &(struct nr_registry_options){
                                .state_dir = nr_conf_text(conf, NR_CONF_STATE_DIR),
                                .degraded_after_s = (uint32_t)nr_conf_number(conf, NR_CONF_DEGRADED_AFTER),
                                .missed_heartbeats = (uint32_t)nr_conf_number(conf, NR_CONF_MISSED_HEARTBEATS),
                                .offline_after_s = (uint32_t)nr_conf_number(conf, NR_CONF_OFFLINE_AFTER),
                                .forget_after_s = (uint32_t)nr_conf_number(conf, NR_CONF_FORGET_AFTER),
                            });
}

static int start(struct life *l)
{
    struct app *app = &l->app;
    const char *listen = nr_conf_text(l->conf, NR_CONF_LISTEN);
    char address[NR_ADDR_TEXT];
    struct nr_control_client_options control = {
        .socket = nr_conf_text(l->conf, NR_CONF_SOCKET), .role = "facade", .changed = on_noded, .arg = app
    };
    struct nr_http_server_options http = {
        .handle = router_handle, .refuse = router_refuse, .drained = on_drained, .arg = app
    };
    app->control = nr_control_client_new(app->loop, &control);
    app->server = nr_http_server_new(app->loop, &http);
    l->terminate = nr_signal_new(app->loop, SIGTERM, on_terminate, l);
    l->interrupt = nr_signal_new(app->loop, SIGINT, on_terminate, l);
    l->hangup = nr_signal_new(app->loop, SIGHUP, on_hangup, l);
    l->leave = nr_timer_new(app->loop, on_leave, l);
    if (!app->control || !app->server || !l->terminate || !l->interrupt || !l->hangup || !l->leave) return NR_E_NOMEM;
    int err = nr_http_server_listen(app->server, listen);
    if (err) {
        nr_log_error("http: cannot listen: %s address=%s", err == NR_E_SYSTEM ? strerror(errno) : nr_strerror(err),
                     listen);
        return err;
    }
    struct nr_addr bound = nr_http_server_address(app->server);
    nr_addr_format(&bound, address);
    nr_log_info("http: listening: address=%s version=%s", address, NR_VERSION);
    return 0;
}

static void end(struct life *l)
{
    struct app *app = &l->app;
    nr_control_client_free(app->control);
    nr_http_server_free(app->server);
    ask_free_all(app);
    cache_fini(&app->cache);
    census_fini(&app->census);
    reads_fini(&app->reads);
    nr_buf_fini(&app->body);
    nr_timer_free(l->leave);
    nr_signal_free(l->hangup);
    nr_signal_free(l->interrupt);
    nr_signal_free(l->terminate);
    nr_loop_free(app->loop);
    nr_conf_free(l->conf);
    free(l);
}

static int live(struct life *l)
{
    struct app *app = &l->app;
    nr_log_setup(nr_conf_log_level(l->conf), nr_conf_log_format(l->conf));
    signal(SIGPIPE, SIG_IGN);
    raise_limits();
    app->started = nr_clock_now();
    app->default_view = nr_conf_number(l->conf, NR_CONF_DEFAULT_VIEW) == 0 ? VIEW_FLAT : VIEW_FULL;
    nr_buf_init(&app->body, 0);
    cache_init(&app->cache);
    LIST_INIT(&app->pending);
    open_reads(app, l->conf);
    app->loop = nr_loop_new();
    if (!app->loop) {
        nr_log_error("loop: cannot start: %s", strerror(errno));
        return 1;
    }
    if (start(l)) return 1;
    nr_service_tell("READY=1");
    if (nr_loop_run(app->loop)) {
        nr_log_error("loop: failed: %s", strerror(errno));
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct life *l = calloc(1, sizeof *l);
    if (!l) return 1;
    l->argc = argc;
    l->argv = argv;
    switch (nr_conf_start(&l->conf, &program, argc, argv, stdout, stderr)) {
    case NR_CONF_RUN: break;
    case NR_CONF_DONE: free(l); return 0;
    default: free(l); return 2;
    }
    int status = live(l);
    end(l);
    return status;
}
