#include "noded/describe.h"

#include <stdlib.h>

#include "base/log.h"
#include "io/clock.h"
#include "noded/pace.h"
#include "noded/profile.h"

#define LOOKS_TOLD 3 /* for which a measurement holds: as many heartbeats, but where these are rare */

struct describe {
    struct describe_options o;
    struct probe *probe;
    bool no_capabilities, no_modules, no_metrics; /* nodeprobe is not asked for them */
    struct nr_buf capabilities, modules;
    struct nodeself_facts facts; /* borrows from these two and from the profile */
    bool measured;               /* the core holds metrics, of this moment: */
    int64_t measured_us, holds_ms;

    struct nr_timer *look; /* at the profile */
    struct pace looks;     /* that found another: each has nodeprobe begin anew */
    uint8_t config[NR_CONFIG_MAX];
    uint64_t profile_id; /* 0: none */
    unsigned parts;      /* that are taken over */
    struct profile profile;

    struct nr_timer *say, *stale;
    struct pace pace;
    bool failed; /* the last registration: said once */
    struct describe_stats stats;
};

static const char *role_of(const struct describe *d)
{
    return nr_conf_text(*d->o.conf, NR_CONF_ROLE);
}

static void forget_metrics(struct describe *d)
{
    d->measured = false;
    int err = nr_core_set_metrics(d->o.core, nr_bytes(NULL, 0));
    (void)err; /* none are always taken */
}

void describe_before_beat(struct describe *d, struct nr_now now)
{
    if (!d || !d->measured) return;
    if (now.mono_us - d->measured_us > d->holds_ms * 1000) forget_metrics(d);
}

static void on_stale(void *arg)
{
    forget_metrics(arg);
}

static void hold_metrics(struct describe *d, struct nr_bytes metrics)
{
    if (nr_core_set_metrics(d->o.core, metrics) != 0) return;
    d->measured = true;
    d->measured_us = nr_clock_now().mono_us;
    nr_timer_in(d->stale, d->holds_ms);
}

static void soon(struct nr_timer *timer, const struct pace *pace)
{
    struct nr_now now = nr_clock_now();
    if (!nr_timer_pending(timer)) nr_timer_at(timer, now, pace_due(pace, now));
}

static void say_soon(struct describe *d)
{
    soon(d->say, &d->pace);
}

/* A node that was deleted, or declared to have left, does not come back because something about it has changed. */
static bool is_there(const struct describe *d)
{
    enum nr_state state;
    return nodeself_state(d->o.self, &state) == 0 && state != NR_STATE_LEFT;
}

static void on_say(void *arg)
{
    struct describe *d = arg;
    struct nr_now now = nr_clock_now();
    if (!is_there(d)) return;
    describe_before_beat(d, now);
    int err = nodeself_register(d->o.self, *d->o.conf, now);
    relay_drain(d->o.relay, now);
    pace_said(&d->pace, now);
    if (!err) d->stats.descriptions++;
    if (err && !d->failed) nr_log_warning("describe: not registered, tried again: %s", nr_strerror(err));
    d->failed = err != 0;
    if (err) say_soon(d);
}

/* Whether the item has become another one. */
static bool hold(struct nr_buf *held, struct nr_bytes item)
{
    if (nr_bytes_eq(nr_buf_bytes(held), item)) return false;
    nr_buf_reset(held);
    nr_buf_add(held, item.data, item.len);
    if (held->err) nr_buf_reset(held); /* less is said, until the next report */
    return true;
}

static void take_facts(struct describe *d)
{
    d->facts.metadata.capabilities = nr_buf_bytes(&d->capabilities);
    d->facts.metadata.modules = nr_buf_bytes(&d->modules);
}

static void on_report(void *arg, const struct nr_report *r)
{
    struct describe *d = arg;
    bool changed = false;
    /* It may have been on its way when nodeprobe was told otherwise. */
    if (r->metrics.len > 0 && !d->no_metrics) hold_metrics(d, r->metrics);
    if (r->capabilities.len > 0 && !d->no_capabilities) changed |= hold(&d->capabilities, r->capabilities);
    if (r->modules.len > 0 && !d->no_modules) changed |= hold(&d->modules, r->modules);
    take_facts(d);
    if (changed) say_soon(d);
}

static void log_refusals(const struct describe *d)
{
    const struct profile *p = &d->profile;
    for (size_t i = 0; i < p->refused && i < PROFILE_REFUSALS_MAX; i++) {
        const struct profile_refusal *r = &p->refusals[i];
        int len = (int)(r->name.len < 100 ? r->name.len : 100);
        nr_log_warning("profile: not taken over: %s role=%s part=%s name=%.*s", r->why, role_of(d), r->what, len,
                       len ? (const char *)r->name.data : "");
    }
    if (p->refused > PROFILE_REFUSALS_MAX) {
        nr_log_warning("profile: not taken over: role=%s more=%zu", role_of(d), p->refused - PROFILE_REFUSALS_MAX);
    }
}

static void on_lost(void *arg)
{
    struct describe *d = arg;
    bool changed = hold(&d->modules, nr_bytes(NULL, 0));
    take_facts(d);
    if (changed) say_soon(d);
}

/* Whether another profile, or other parts of it, are to be taken over than before. */
static bool look_at_profile(struct describe *d, struct nr_now now)
{
    static const unsigned words[] = { 0, PROFILE_LABELS, PROFILE_CHECKS, PROFILE_LABELS | PROFILE_CHECKS };
    unsigned parts = words[nr_conf_number(*d->o.conf, NR_CONF_APPLY_PROFILE)];
    struct nr_bytes config = { 0 };
    uint64_t id = 0;
    int err = parts ? profile_find(d->o.store, nr_bytes_str(role_of(d)), now.wall_ms, d->config, &config, &id)
                    : NR_E_NOT_FOUND;
    if (err && err != NR_E_NOT_FOUND) {
        nr_log_error("profile: cannot be read: %s", nr_strerror(err));
        return false; /* what was taken over stays */
    }
    bool changed = id != d->profile_id || parts != d->parts;
    d->profile_id = id;
    d->parts = parts;
    profile_parse(config, parts, &d->profile); /* in any case: what it borrows from was read anew */
    d->facts.labels = d->profile.labels;
    d->facts.label_count = d->profile.label_count;
    if (changed) log_refusals(d);
    if (changed) d->stats.profile_refusals += d->profile.refused;
    return changed;
}

static bool has_check(const struct nr_plan *plan, struct nr_bytes id)
{
    for (size_t i = 0; i < plan->check_count; i++) {
        if (nr_bytes_eq(plan->checks[i].id, id)) return true;
    }
    return false;
}

/* The configuration's checks, and those of the profile that it does not name itself. */
static void make_plan(const struct describe *d, struct nr_plan *plan)
{
    nr_plan_from_conf(plan, *d->o.conf);
    for (size_t i = 0; i < d->profile.check_count; i++) {
        const struct nr_check *c = &d->profile.checks[i];
        if (has_check(plan, c->id)) continue;
        if (plan->check_count == NR_CHECKS_MAX) {
            nr_log_warning("profile: not taken over: a node has at most %d checks role=%s part=checks from=%.*s",
                           NR_CHECKS_MAX, role_of(d), (int)c->id.len, (const char *)c->id.data);
            return;
        }
        plan->checks[plan->check_count++] = *c;
    }
}

/* Tells nodeprobe; what it is no longer to look at is no longer said. */
static int tell_probe(struct describe *d)
{
    struct nr_plan plan;
    make_plan(d, &plan);
    d->no_capabilities = true;
    for (enum nr_source s = 0; s < NR_SOURCE_LOAD; s++) d->no_capabilities &= plan.off[s];
    d->no_modules = plan.check_count == 0;
    d->no_metrics = plan.off[NR_SOURCE_LOAD];
    d->holds_ms = (int64_t)plan.load_ms * LOOKS_TOLD;
    if (d->no_capabilities) (void)hold(&d->capabilities, nr_bytes(NULL, 0));
    if (d->no_modules) (void)hold(&d->modules, nr_bytes(NULL, 0));
    if (d->no_metrics) forget_metrics(d);
    take_facts(d);
    return probe_set_plan(d->probe, &plan);
}

static void on_look(void *arg)
{
    struct describe *d = arg;
    struct nr_now now = nr_clock_now();
    if (!look_at_profile(d, now)) return;
    pace_said(&d->looks, now);
    nr_log_info("profile: taken over: role=%s labels=%zu checks=%zu", role_of(d), d->profile.label_count,
                d->profile.check_count);
    int err = tell_probe(d);
    if (err) nr_log_error("probe: not told of the profile: %s", nr_strerror(err));
    say_soon(d);
}

void describe_on_event(struct describe *d, const struct nr_event *e)
{
    bool record = e->type == NR_EVENT_RECORD || e->type == NR_EVENT_ENDED;
    if (!d || !record || e->kind != NR_KIND_PROFILE) return;
    if (!nr_bytes_eq(nr_bytes(e->subject, e->subject_len), nr_bytes_str(role_of(d)))) return;
    soon(d->look, &d->looks);
}

int describe_start(struct describe *d)
{
    return tell_probe(d);
}

int describe_reload(struct describe *d)
{
    struct nr_now now = nr_clock_now();
    (void)look_at_profile(d, now);
    int err = tell_probe(d);
    int failed = nodeself_register(d->o.self, *d->o.conf, now);
    if (failed) say_soon(d);
    return err ? err : failed;
}

struct describe *describe_new(const struct describe_options *options)
{
    struct describe *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    d->o = *options;
    nr_buf_init(&d->capabilities, 0);
    nr_buf_init(&d->modules, 0);
    d->probe = probe_new(&(struct probe_options){
        .loop = options->loop, .silent_ms = PROBE_SILENT_MS, .report = on_report, .lost = on_lost, .arg = d });
    d->look = nr_timer_new(options->loop, on_look, d);
    d->say = nr_timer_new(options->loop, on_say, d);
    d->stale = nr_timer_new(options->loop, on_stale, d);
    if (!d->probe || !d->look || !d->say || !d->stale) {
        describe_free(d);
        return NULL;
    }
    (void)look_at_profile(d, nr_clock_now());
    options->self->facts = &d->facts;
    return d;
}

void describe_end(struct describe *d)
{
    if (!d) return;
    nr_timer_cancel(d->say);
    nr_timer_cancel(d->look);
    probe_end(d->probe);
}

void describe_free(struct describe *d)
{
    if (!d) return;
    probe_free(d->probe);
    nr_timer_free(d->look);
    nr_timer_free(d->say);
    nr_timer_free(d->stale);
    nr_buf_fini(&d->capabilities);
    nr_buf_fini(&d->modules);
    free(d);
}

const struct describe_stats *describe_stats(const struct describe *d)
{
    return &d->stats;
}

const struct probe *describe_probe(const struct describe *d)
{
    return d->probe;
}
