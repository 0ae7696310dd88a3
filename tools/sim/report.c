#include "tools/sim/report.h"

#include <sys/resource.h>

#include "tools/sim/play.h"

static double per_node_second(const struct sim_world *w, uint64_t bytes)
{
    double seconds = (double)(w->now_us - w->traffic.since_us) / 1e6;
    return seconds > 0 ? (double)bytes / seconds / (double)w->node_count : 0;
}

static void report_spread(const struct sim_world *w, FILE *out)
{
    static const unsigned shares[] = { 500, 900, 990, 999, 1000 };
    if (!w->watches.count) return;
    fprintf(out, "spread of %zu records (ms: median record, slowest record)\n", w->watches.count);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        int64_t median = sim_watch_time_us(&w->watches, w->node_count, shares[i], false);
        int64_t worst = sim_watch_time_us(&w->watches, w->node_count, shares[i], true);
        fprintf(out, "  to %5.1f %% of the nodes  ", shares[i] / 10.0);
        if (median < 0)
            fprintf(out, "not all got there\n");
        else
            fprintf(out, "%8.1f %8.1f\n", (double)median / 1000, (double)worst / 1000);
    }
}

static void report_traffic(const struct sim_world *w, FILE *out)
{
    const struct sim_traffic *t = &w->traffic;
    uint64_t messages = 0;
    fprintf(out, "bytes sent a node and second     %10.0f\n", per_node_second(w, t->bytes));
    for (unsigned type = 1; type < NR_MSG_TYPES; type++) {
        messages += t->type_bytes[type];
        if (t->type_bytes[type])
            fprintf(out, "  %-28s   %10.0f\n", nr_message_name((uint8_t)type), per_node_second(w, t->type_bytes[type]));
    }
    fprintf(out, "  %-28s   %10.0f\n", "headers and envelopes", per_node_second(w, t->bytes - messages));
    fprintf(out, "of these for\n");
    for (int part = 0; part < SIM_PARTS; part++)
        fprintf(out, "  %-28s   %10.0f\n", sim_part_names[part], per_node_second(w, t->part_bytes[part]));
    if (t->hot_saved)
        fprintf(out, "payload copies a heartbeat       %10.3f\n", (double)t->hot_payloads / (double)t->hot_saved);
    if (t->cold_saved)
        fprintf(out, "payload copies a cold record     %10.3f\n", (double)t->cold_payloads / (double)t->cold_saved);
}

static void report_network(const struct sim_world *w, FILE *out)
{
    const struct sim_net *n = &w->net;
    fprintf(out, "datagrams sent                   %10llu\n", (unsigned long long)n->sent);
    fprintf(out, "  lost, cut, corrupted           %10llu %llu %llu\n", (unsigned long long)n->lost,
            (unsigned long long)n->cut, (unsigned long long)n->corrupted);
    fprintf(out, "  doubled, astray                %10llu %llu\n", (unsigned long long)n->doubled,
            (unsigned long long)n->astray);
    fprintf(out, "signatures asked, checked        %10llu %llu\n", (unsigned long long)w->crypto.asked,
            (unsigned long long)w->crypto.checked);
    fprintf(out, "whole checks of a node           %10llu\n", (unsigned long long)w->check.whole);
}

/* What a core keeps; computed. The records' bytes are in the store. */
static void report_memory(const struct sim_world *w, FILE *out)
{
    struct rusage usage;
    size_t sum = 0;
    for (size_t i = 0; i < w->node_count; i++) sum += sim_node_memory(&w->nodes[i]);
    fprintf(out, "memory of a node's core (KiB: mean, largest)               %.0f %.0f\n",
            (double)sum / 1024 / (double)w->node_count, sim_traffic_figure(w, SIM_MEMORY) / 1024);
    if (getrusage(RUSAGE_SELF, &usage) == 0) fprintf(out, "memory of the simulator (KiB)    %10ld\n", usage.ru_maxrss);
}

void sim_report(const struct sim_world *w, const char *scenario, const char *command, FILE *out)
{
    fprintf(out, "scenario %s, %zu nodes, seed %llu: %s\n", scenario, w->node_count, (unsigned long long)w->config.seed,
            w->failed ? "FAILED" : "passed");
    if (w->failed) fprintf(out, "  at %.6f s: %s\n  reproduce: %s\n", (double)w->now_us / 1e6, w->failure, command);
    fprintf(out, "virtual seconds                  %10.3f\n", (double)w->now_us / 1e6);
    fprintf(out, "node-hours                       %10.3f\n", (double)w->samples_up * SIM_SAMPLE_US / SIM_HOUR);
    fprintf(out, "steps                            %10llu\n", (unsigned long long)w->steps);
    report_spread(w, out);
    report_traffic(w, out);
    report_network(w, out);
    report_memory(w, out);
    fprintf(out, "trace %016llx\n", (unsigned long long)w->trace.hash);
}

void sim_report_progress(const struct sim_world *w)
{
    fprintf(stderr, "\r%10.3f s  %zu of %zu up  %llu steps  %llu datagrams in flight ", (double)w->now_us / 1e6,
            sim_play_count_up(w), w->node_count, (unsigned long long)w->steps, (unsigned long long)w->net.in_flight);
}
