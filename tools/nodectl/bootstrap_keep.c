#include "tools/nodectl/bootstrap_keep.h"

#include <errno.h>
#include <string.h>

#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/service.h"
#include "tools/nodectl/stop.h"
#include "tools/nodectl/text.h"

#define BEAT_MS        10000
#define GOODBYE_MS     3000
#define BACKOFF_MS     500
#define SAY_US         INT64_C(60000000)
#define PROBE_AGAIN_US INT64_C(60000000) /* a nodeprobe that has ended is not started more often */

struct keeper {
    struct registry *r;
    struct bootstrap *b;
    struct ctl_probe probe;
    bool registered; /* the registry knows what is known here */
    bool shown;      /* it was registered once */
    bool forgotten;  /* and the registry has forgotten it since */
    bool away;       /* and nobody has answered since */
    int64_t backoff_ms;
    int64_t said_us, probe_again_us;
};

/* Between half and the whole of it, so that nodes that lost their registry together do not come back together. */
static int64_t jittered_us(int64_t ms)
{
    uint32_t chance;
    nr_random(&chance, sizeof chance);
    return ms * 500 + (int64_t)((uint64_t)ms * 500 * chance / UINT32_MAX);
}

/* Once, and then once a minute. */
static void say_away(struct keeper *k, int64_t now_us)
{
    if (k->away && now_us - k->said_us < SAY_US) return;
    registry_say(k->r);
    ctl_say(k->away ? "still nobody takes it: trying on" : "trying on until somebody takes it");
    nr_service_tell("STATUS=No registry answers");
    k->said_us = now_us;
    k->away = true;
}

static int taken(struct keeper *k)
{
    const char *id = json_string_value(json_object_get(k->r->node, "node_id"));
    int status = 0;
    bool first = !k->shown;
    if (k->away) ctl_say("%s: answers", k->b->urls[k->r->at]);
    if (!k->registered) registry_keep_id(k->r);
    if (k->forgotten) ctl_say("%s: registered anew at %s", id, k->b->urls[k->r->at]);
    if (first || k->away) nr_service_tell("READY=1\nSTATUS=Node %s at %s", id, k->b->urls[k->r->at]);
    k->away = k->forgotten = false;
    k->registered = k->shown = true;
    k->backoff_ms = 0;
    if (first) status = registry_show(k->r);
    if (first) bootstrap_unlock(k->b);
    return status;
}

/* How long until the next try. */
static int64_t pause_us(struct keeper *k, enum verdict v)
{
    if (v != AWAY) return k->b->interval_ms * 1000;
    k->backoff_ms = k->backoff_ms ? k->backoff_ms * 2 : BACKOFF_MS;
    if (k->backoff_ms > k->b->interval_ms) k->backoff_ms = k->b->interval_ms;
    return jittered_us(k->backoff_ms);
}

/* A registration where one is due, and a heartbeat. */
static enum verdict step(struct keeper *k, int *status)
{
    enum verdict v = TAKEN;
    if (!k->registered) v = registry_register(k->r);
    if (v == TAKEN && !k->registered) *status = taken(k);
    if (v == TAKEN) v = registry_beat(k->r, NULL, BEAT_MS);
    if (v != UNKNOWN) return v;
    k->registered = false;
    k->forgotten = true;
    ctl_say("%s: the registry does not know it any more", k->r->id.id);
    v = registry_register(k->r);
    if (v == TAKEN) *status = taken(k);
    return v == TAKEN ? registry_beat(k->r, NULL, BEAT_MS) : v;
}

static void start_probe(struct keeper *k, int64_t now_us)
{
    if (k->probe.fd >= 0 || now_us < k->probe_again_us) return;
    k->probe_again_us = now_us + PROBE_AGAIN_US;
    int err = ctl_probe_start(&k->probe, k->b->ctl->conf, (uint32_t)k->b->interval_ms);
    if (err)
        ctl_say("nodeprobe cannot be started, heartbeats go on without news: %s",
                err == NR_E_SYSTEM ? strerror(errno) : nr_strerror(err));
}

static void listen_to_probe(struct keeper *k)
{
    bool changed = false;
    int err = ctl_probe_take(&k->probe, &k->r->about, &changed);
    if (changed) k->registered = false; /* the next step tells the registry */
    if (!err) return;
    ctl_say("nodeprobe has ended, and is started again: %s", nr_strerror(err));
    ctl_probe_stop(&k->probe);
}

/* Until the next step is due. */
static void pass_time(struct keeper *k, int64_t until_us)
{
    while (!ctl_stop_asked() && nr_clock_now().mono_us < until_us) {
        start_probe(k, nr_clock_now().mono_us);
        int64_t wake_us = until_us;
        if (k->probe.fd < 0 && k->probe_again_us < wake_us) wake_us = k->probe_again_us;
        if (ctl_wait(k->probe.fd, wake_us)) listen_to_probe(k);
    }
}

static int run(struct keeper *k)
{
    int status = 0;
    while (status == 0 && !ctl_stop_asked()) {
        enum verdict v = step(k, &status);
        int64_t now_us = nr_clock_now().mono_us;
        if (status || ctl_stop_asked()) break;
        if (v == TAKEN && k->away) (void)taken(k);
        if (v != AWAY && v != TAKEN && !k->shown) {
            registry_say(k->r);
            return CTL_FAILED;
        }
        if (v != TAKEN) say_away(k, now_us);
        if (!k->shown) bootstrap_unlock(k->b); /* others need not wait for a registry */
        pass_time(k, now_us + pause_us(k, v));
    }
    return status;
}

static void say_goodbye(struct keeper *k)
{
    nr_service_tell("STOPPING=1");
    if (!k->shown) return;
    ctl_stop_forget(); /* a second signal ends even this */
    if (registry_beat(k->r, "left", GOODBYE_MS) == TAKEN) {
        ctl_say("%s: has left", k->r->id.id);
        return;
    }
    registry_say(k->r);
    ctl_say("%s: the registry was not told that it has left, and will find out by its silence", k->r->id.id);
}

int registry_keep_alive(struct registry *r, struct bootstrap *b)
{
    struct keeper k = { .r = r, .b = b, .probe = { .fd = -1 } };
    int status = run(&k);
    ctl_probe_stop(&k.probe);
    say_goodbye(&k);
    return status;
}
