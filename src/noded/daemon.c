#include "noded/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "io/clock.h"
#include "io/machine.h"
#include "io/service.h"
#include "noded/addresses.h"
#include "noded/control.h"
#include "noded/describe.h"
#include "noded/host.h"
#include "noded/reload.h"
#include "noded/seeds.h"
#include "noded/watchdog.h"

#define UPKEEP_MS 30000
#define END_S     4       /* a disk that does not answer must not keep the process beyond 5 s */
#define CLEAN     "clean" /* in the store's meta: it was closed cleanly */

enum signal_slot { ON_TERM, ON_INT, ON_HUP, SIGNAL_COUNT };

struct daemon {
    struct daemon_options o;
    struct nr_conf *conf;
    struct identity identity;
    struct nr_store *store;
    struct host host;
    struct nr_core *core;
    struct nr_loop *loop;
    struct control *control;
    struct commit *commit;
    struct relay *relay;
    struct nodeself self;
    struct describe *describe;
    struct seeds seeds;
    struct nr_timer *upkeep;
    struct watchdog watchdog;
    struct nr_signal *signals[SIGNAL_COUNT];
    struct nr_addr advertise[NR_GOSSIP_MAX];
    size_t advertise_count;
    bool was_clean, started, left;
};

static int fail(const char *what, int err)
{
    nr_log_error("noded: %s: %s", what, err == NR_E_SYSTEM ? strerror(errno) : nr_strerror(err));
    return err;
}

static int open_identity(struct daemon *d)
{
    char hostname[NR_HOSTNAME_MAX + 1];
    const char *named = nr_conf_text(d->conf, NR_CONF_HOSTNAME);
    struct nr_buf why;
    nr_machine_hostname(hostname);
    const struct identity_options options = {
        .state_dir = nr_conf_text(d->conf, NR_CONF_STATE_DIR),
        .token = nr_conf_text(d->conf, NR_CONF_TOKEN),
        .node_id = nr_conf_text(d->conf, NR_CONF_NODE_ID),
        .hostname = *named ? named : hostname,
        .wall_ms = nr_clock_now().wall_ms,
    };
    nr_buf_init(&why, 0);
    int err = identity_open(&d->identity, &options, &why);
    if (err) nr_log_error("noded: cannot start: %.*s", (int)why.len, (const char *)why.data);
    nr_buf_fini(&why);
    if (err) return err;
    if (d->identity.fresh) {
        nr_log_info("noded: %s: node_id=%s", d->identity.founder ? "cluster founded" : "cluster joined",
                    d->identity.node_id);
    }
    if (nr_conf_default_state_dir(d->conf)) identity_publish(&d->identity);
    return 0;
}

/* Names for readers of the store, and whether it was closed cleanly, which from now on it is not. What is restored and
 * the first stamps go to disk with it: a start waits for the disk as seldom as it can. */
static int note_start(struct daemon *d)
{
    struct nr_bytes value;
    d->was_clean = nr_store_meta_get(d->store, CLEAN, &value) == 0 && nr_bytes_eq(value, nr_bytes_str("yes"));
    int err = nr_store_meta_put(d->store, CLEAN, nr_bytes_str("no"));
    if (!err) err = nr_store_meta_put(d->store, "node_id", nr_bytes_str(d->identity.node_id));
    return err ? err : nr_store_meta_put(d->store, "node_key", nr_bytes(d->identity.key.pub, NR_KEY_SIZE));
}

static int open_store(struct daemon *d)
{
    const struct nr_store_options options = {
        .dir = nr_conf_text(d->conf, NR_CONF_STATE_DIR),
        .registry_map_max = (size_t)nr_conf_number(d->conf, NR_CONF_REGISTRY_MAP_MAX),
        .pulse_map_max = (size_t)nr_conf_number(d->conf, NR_CONF_PULSE_MAP_MAX),
        .history_per_node = (uint32_t)nr_conf_number(d->conf, NR_CONF_HISTORY_PER_NODE),
    };
    int err = nr_store_open_lmdb(&d->store, &options);
    if (!err) err = note_start(d);
    return err ? fail("the store cannot be opened", err) : 0;
}

static int open_core(struct daemon *d)
{
    uint64_t floor;
    host_init(&d->host, d->store, &d->identity.key);
    int err = host_stamp_floor(&d->host, &floor);
    if (err) return fail("the store cannot be read", err);
    err = addresses_advertised(d->conf, d->advertise, &d->advertise_count);
    if (err) return err;
    struct nr_core_config config = {
        .node_id = nr_bytes_str(d->identity.node_id),
        .stamp_floor = floor,
        .heartbeat_interval_ms = (uint32_t)nr_conf_number(d->conf, NR_CONF_HEARTBEAT_INTERVAL) * 1000,
        .heartbeat_budget = (uint32_t)nr_conf_number(d->conf, NR_CONF_HEARTBEAT_BUDGET),
        .advertise = d->advertise,
        .advertise_count = d->advertise_count,
    };
    memcpy(config.key, d->identity.key.pub, NR_KEY_SIZE);
    nr_random(&config.seed, sizeof config.seed);
    const struct nr_core_host callbacks = host_callbacks(&d->host);
    d->core = nr_core_new(&config, &callbacks);
    if (!d->core) return fail("cannot start", NR_E_NOMEM);
    err = host_restore(&d->host, d->core, nr_clock_now());
    return err ? fail("the stored records cannot be restored", err) : 0;
}

static void before_expire(void *arg, struct nr_now now)
{
    struct daemon *d = arg;
    describe_before_beat(d->describe, now);
}

static void on_event(void *arg, const struct nr_event *e)
{
    struct daemon *d = arg;
    describe_on_event(d->describe, e);
}

static int open_relay(struct daemon *d)
{
    struct nr_aside_info aside;
    nr_core_aside(d->core, &aside);
    d->loop = nr_loop_new();
    if (!d->loop) return fail("no event loop", NR_E_SYSTEM);
    d->control = control_new();
    if (d->control) d->commit = commit_new(d->loop, d->store, control_committed, d->control);
    if (!d->commit) return fail("cannot start", NR_E_NOMEM);
    const struct relay_options options = {
        .loop = d->loop,
        .core = d->core,
        .store = d->store,
        .commit = d->commit,
        .ring = &d->identity.ring,
        .mend_views = !d->was_clean || aside.count > 0, /* views may show what has ended */
        .before_expire = before_expire,
        .on_event = on_event,
        .arg = d,
    };
    d->relay = relay_new(&options);
    return d->relay ? addresses_bind(relay_udp(d->relay), d->conf) : fail("cannot start", NR_E_NOMEM);
}

static int open_describe(struct daemon *d)
{
    d->self = (struct nodeself){
        .core = d->core, .store = d->store, .node_id = d->identity.node_id, .key = d->identity.key.pub
    };
    const struct describe_options options = {
        .loop = d->loop,
        .core = d->core,
        .store = d->store,
        .relay = d->relay,
        .self = &d->self,
        .conf = &d->conf,
    };
    d->describe = describe_new(&options);
    return d->describe ? 0 : fail("cannot start", NR_E_NOMEM);
}

/* The node says who it is, durably, before anybody can ask it or hear of it, with one commit for that and the stamps
 * which it takes; and judges who is gone, before readers see the store
 * that host_restore left without a judgement. */
static int start_core(struct daemon *d)
{
    struct nr_now now = nr_clock_now();
    relay_own_addresses(d->relay);
    d->host.starting = true;
    int err = nr_core_start(d->core, now);
    if (err) return fail("the core cannot be started", err);
    d->started = true;
    err = nodeself_register(&d->self, d->conf, now);
    nr_core_expire(d->core, now);
    relay_take_events(d->relay, now);
    if (err) return fail("this node cannot be registered", err);
    err = commit_now(d->commit);
    d->host.starting = false;
    if (!err) relay_drain(d->relay, now);
    relay_mend_views(d->relay, now);
    return err ? fail("the store cannot be written", err) : 0;
}

static void end_loop(void *arg)
{
    struct daemon *d = arg;
    d->left = true;
    nr_loop_stop(d->loop);
}

/* NR_E_INVALID: the configuration is faulty, and the one in force stays. */
static int reload(void *arg)
{
    struct daemon *d = arg;
    struct nr_now now = nr_clock_now();
    struct nr_conf *fresh = reload_read(&d->o, d->conf);
    if (!fresh) {
        nr_log_error("config: not read again: the one in force stays");
        return NR_E_INVALID;
    }
    nr_log_setup(nr_conf_log_level(fresh), nr_conf_log_format(fresh));
    struct nr_conf *was = d->conf;
    d->conf = fresh;
    nr_conf_free(was);
    int err = describe_reload(d->describe);
    int failed = seeds_set(&d->seeds, d->conf, &d->identity);
    if (!err) err = failed;
    relay_drain(d->relay, now);
    if (err) {
        nr_log_error("config: not applied: %s", nr_strerror(err));
    } else {
        nr_log_info("config: read again");
    }
    return err;
}

static int open_control(struct daemon *d)
{
    const char *path = nr_conf_text(d->conf, NR_CONF_SOCKET);
    const struct control_options options = {
        .loop = d->loop,
        .core = d->core,
        .store = d->store,
        .relay = d->relay,
        .commit = d->commit,
        .identity = &d->identity,
        .self = &d->self,
        .describe = d->describe,
        .conf = &d->conf,
        .advertise = d->advertise,
        .advertise_count = d->advertise_count,
        .started = nr_clock_now(),
        .end = end_loop,
        .reload = reload,
        .arg = d,
    };
    control_setup(d->control, &options);
    int err = control_listen(d->control, path);
    if (!err) return 0;
    const char *why = err == NR_E_BUSY      ? "another noded listens there"
                      : err == NR_E_EXISTS  ? "there is something that is no socket"
                      : err == NR_E_INVALID ? "the path is too long for a socket"
                      : err == NR_E_SYSTEM  ? strerror(errno)
                                            : nr_strerror(err);
    nr_log_error("control: cannot listen: %s path=%s", why, path);
    return err;
}

static void on_end_signal(void *arg)
{
    struct daemon *d = arg;
    nr_log_info("noded: leaving: asked by a signal");
    nr_loop_stop(d->loop);
}

static void on_hangup(void *arg)
{
    (void)reload(arg); /* the log says how it went */
}

static void on_upkeep(void *arg)
{
    struct daemon *d = arg;
    (void)nr_store_clear_stale_readers(d->store);
    relay_own_addresses(d->relay);
    relay_mend_views(d->relay, nr_clock_now());
    nr_timer_in(d->upkeep, UPKEEP_MS);
}

static int open_timers(struct daemon *d)
{
    d->signals[ON_TERM] = nr_signal_new(d->loop, SIGTERM, on_end_signal, d);
    d->signals[ON_INT] = nr_signal_new(d->loop, SIGINT, on_end_signal, d);
    d->signals[ON_HUP] = nr_signal_new(d->loop, SIGHUP, on_hangup, d);
    d->upkeep = nr_timer_new(d->loop, on_upkeep, d);
    if (!d->signals[ON_TERM] || !d->signals[ON_INT] || !d->signals[ON_HUP] || !d->upkeep) {
        return fail("cannot start", NR_E_NOMEM);
    }
    nr_timer_in(d->upkeep, UPKEEP_MS);
    if (watchdog_init(&d->watchdog, d->loop) != 0) return fail("cannot start", NR_E_NOMEM);
    if (describe_start(d->describe) != 0) return fail("cannot start", NR_E_NOMEM);
    d->seeds = (struct seeds){ .loop = d->loop, .core = d->core, .relay = d->relay };
    return seeds_set(&d->seeds, d->conf, &d->identity);
}

int daemon_open(struct daemon **out, struct nr_conf *conf, const struct daemon_options *options)
{
    struct daemon *d = calloc(1, sizeof *d);
    if (!d) {
        nr_conf_free(conf);
        return fail("cannot start", NR_E_NOMEM);
    }
    d->o = *options;
    d->conf = conf;
    d->identity.dir = -1;
    int err = nodeself_check(conf);
    if (!err) err = open_identity(d);
    if (!err) err = open_store(d);
    if (!err) err = open_core(d);
    if (!err) err = open_relay(d);
    if (!err) err = open_describe(d);
    if (!err) err = start_core(d);
    if (!err) err = open_control(d);
    if (!err) err = open_timers(d);
    if (err) {
        (void)daemon_close(d);
        return err;
    }
    *out = d;
    return 0;
}

int daemon_run(struct daemon *d)
{
    nr_log_info("noded: started: node_id=%s version=%s records=%zu", d->identity.node_id, NR_VERSION,
                nr_core_record_count(d->core, NR_PLANE_COLD));
    nr_service_tell("READY=1\nSTATUS=Node %s", d->identity.node_id);
    return nr_loop_run(d->loop);
}

static void overdue(int signo)
{
    (void)signo;
    static const char line[] = "noded: the disk does not answer: ended without it\n";
    ssize_t n = write(STDERR_FILENO, line, sizeof line - 1);
    (void)n;
    _exit(1);
}

/* What a clean end leaves behind. */
static int say_goodbye(struct daemon *d)
{
    struct nr_now now = nr_clock_now();
    int err = 0;
    signal(SIGALRM, overdue);
    alarm(END_S);
    nr_service_tell("STOPPING=1");
    if (!d->left) {
        err = nodeself_note_state(&d->self);
        int leave_err = nr_core_leave(d->core, now); /* peers are told even if the disk cannot be */
        if (!err) err = leave_err;
        relay_drain(d->relay, now);
    }
    int failed = commit_now(d->commit);
    if (!err) err = failed;
    if (!err) err = nr_store_meta_put(d->store, CLEAN, nr_bytes_str("yes"));
    if (!err) err = host_release_stamps(&d->host, nr_core_incarnation(d->core));
    return err ? fail("could not leave cleanly", err) : 0;
}

int daemon_close(struct daemon *d)
{
    if (!d) return 0;
    describe_end(d->describe);                        /* it ends while the rest is written */
    int err = d->seeds.resolver ? say_goodbye(d) : 0; /* the last thing opened: it ran */
    seeds_fini(&d->seeds);
    for (int i = 0; i < SIGNAL_COUNT; i++) nr_signal_free(d->signals[i]);
    nr_timer_free(d->upkeep);
    watchdog_fini(&d->watchdog);
    control_free(d->control);
    describe_free(d->describe);
    relay_free(d->relay);
    commit_free(d->commit);
    nr_core_free(d->core);
    nr_loop_free(d->loop);
    host_fini(&d->host);
    nr_store_close(d->store);
    identity_fini(&d->identity);
    nr_conf_free(d->conf);
    free(d);
    if (!err) nr_log_info("noded: ended");
    return err;
}
