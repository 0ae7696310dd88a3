#include "tools/sim/result.h"

#include <stdio.h>
#include <sys/resource.h>

#include "base/json.h"

static void number(struct nr_json *j, const char *key, double v)
{
    nr_json_key(j, key);
    nr_json_double(j, v);
}

static void put_expectations(struct nr_json *j, const struct sim_outcomes *o)
{
    nr_json_key(j, "expectations");
    nr_json_array(j);
    for (size_t i = 0; i < o->count; i++) {
        const struct sim_outcome *x = &o->list[i];
        nr_json_object(j);
        nr_json_kuint(j, "line", x->line);
        nr_json_kcstr(j, "text", x->text);
        number(j, "found", x->found);
        number(j, "limit", x->limit);
        nr_json_kcstr(j, "unit", x->unit);
        nr_json_kuint(j, "times", x->times);
        nr_json_kbool(j, "held", x->held);
        nr_json_object_end(j);
    }
    nr_json_array_end(j);
}

static void put_time(struct nr_json *j, const struct sim_world *w, unsigned share, bool worst)
{
    int64_t us = sim_watch_time_us(&w->watches, w->node_count, share, worst);
    nr_json_key(j, worst ? "slowest" : "median");
    if (us < 0)
        nr_json_null(j);
    else
        nr_json_double(j, (double)us / 1000);
}

static void put_spread(struct nr_json *j, const struct sim_world *w)
{
    static const unsigned shares[] = { 500, 900, 990, 999, 1000 };
    nr_json_kuint(j, "watched", w->watches.count);
    nr_json_key(j, "spread_ms");
    nr_json_object(j);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        char key[16];
        snprintf(key, sizeof key, "%u.%u", shares[i] / 10, shares[i] % 10);
        nr_json_key(j, key);
        nr_json_object(j);
        put_time(j, w, shares[i], false);
        put_time(j, w, shares[i], true);
        nr_json_object_end(j);
    }
    nr_json_object_end(j);
}

static double rate(const struct sim_world *w, uint64_t bytes)
{
    double seconds = (double)(w->now_us - w->traffic.since_us) / 1e6;
    return seconds > 0 ? (double)bytes / seconds / (double)w->node_count : 0;
}

static void put_bytes(struct nr_json *j, const struct sim_world *w)
{
    const struct sim_traffic *t = &w->traffic;
    nr_json_key(j, "bytes");
    nr_json_object(j);
    number(j, "all", rate(w, t->bytes));
    number(j, "measured_seconds", (double)(w->now_us - t->since_us) / 1e6);
    nr_json_key(j, "messages");
    nr_json_object(j);
    for (unsigned type = 1; type < NR_MSG_TYPES; type++)
        number(j, nr_message_name((uint8_t)type), rate(w, t->type_bytes[type]));
    nr_json_object_end(j);
    nr_json_key(j, "parts");
    nr_json_object(j);
    for (int part = 0; part < SIM_PARTS; part++) number(j, sim_part_names[part], rate(w, t->part_bytes[part]));
    nr_json_object_end(j);
    nr_json_object_end(j);
}

static void put_figures(struct nr_json *j, const struct sim_world *w)
{
    struct rusage usage;
    nr_json_key(j, "figures");
    nr_json_object(j);
    for (int k = 0; k < SIM_FIGURES; k++) number(j, sim_figure_names[k], sim_traffic_figure(w, (enum sim_figure)k));
    nr_json_object_end(j);
    number(j, "amplified", w->check.amplified);
    nr_json_kuint(j, "whole_checks", w->check.whole);
    if (getrusage(RUSAGE_SELF, &usage) != 0) return;
    nr_json_kuint(j, "simulator_kib", (uint64_t)usage.ru_maxrss);
    number(j, "cpu_seconds",
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

void sim_result(const struct sim_world *w, const char *scenario, const char *command, struct nr_buf *out)
{
    struct nr_json j;
    char trace[20];
    snprintf(trace, sizeof trace, "%016llx", (unsigned long long)w->trace.hash);
    nr_json_init(&j, out);
    nr_json_object(&j);
    nr_json_kcstr(&j, "scenario", scenario);
    nr_json_kuint(&j, "nodes", w->node_count);
    nr_json_kuint(&j, "seed", w->config.seed);
    nr_json_kbool(&j, "passed", !w->failed);
    if (w->failed) nr_json_kcstr(&j, "failure", w->failure);
    if (w->failed) nr_json_kcstr(&j, "reproduce", command);
    number(&j, "virtual_seconds", (double)w->now_us / 1e6);
    nr_json_kuint(&j, "steps", w->steps);
    nr_json_kcstr(&j, "trace", trace);
    put_expectations(&j, &w->outcomes);
    put_spread(&j, w);
    put_bytes(&j, w);
    put_figures(&j, w);
    nr_json_object_end(&j);
    nr_buf_add_str(out, "\n");
}
