/* simulate: runs one scenario over the shipped core and says what came of it. Exit status 0: all held, 1: something did
 * not, 2: wrong usage, or a file that is no scenario. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/sim/plot.h"
#include "tools/sim/report.h"
#include "tools/sim/result.h"
#include "tools/sim/run.h"
#include "tools/sim/scenario.h"
#include "tools/sim/series.h"

struct arguments {
    const struct sim_scenario *scenario; /* one in C; NULL: a file */
    const char *file, *csv, *svg, *json;
    uint64_t seed, nodes, loss_percent, seconds, heartbeat_ms, lease, metrics, budget;
    bool loss_given, metrics_given, progress;
    int verbose;
};

static void usage(FILE *out)
{
    fprintf(out,
            "Usage: simulate [OPTION]... FILE\n"
            "       simulate [OPTION]... --scenario NAME\n"
            "Runs the registry's core in a simulated network and checks what must hold after each step.\n"
            "FILE is a scenario in the language of tests/scenarios/README.md. The same options give the same trace on\n"
            "every machine.\n\n"
            "  --scenario NAME      one of those that the language cannot say (below)\n"
            "  --nodes N            how many nodes; default: the scenario's\n"
            "  --seed N             of all chance; default 1\n"
            "  --loss PERCENT       of the datagrams on links without a rule of their own; default: the scenario's\n"
            "  --seconds N          how long, where one in C asks; default: its own length\n"
            "  --heartbeat-ms N     of every node; default: the scenario's\n"
            "  --metrics BYTES      in each heartbeat; default: the scenario's\n"
            "  --budget N           heartbeats a second of all nodes; default 200\n"
            "  --lease N            seconds, of NODE records; default: the scenario's\n"
            "  --csv FILE           a row for each second of virtual time\n"
            "  --svg FILE           a plot of who knew when\n"
            "  --json FILE          all that came of it, for programs (tools/sim/result.h)\n"
            "  --progress           say on stderr how far it is, also where that is no terminal\n"
            "  --verbose            say what happens; twice: each node's events; thrice: each datagram\n"
            "  --help               this text\n\nScenarios:\n");
    for (size_t i = 0; i < sim_scenario_count; i++)
        fprintf(out, "  %-10s %s (%zu nodes)\n", sim_scenarios[i].name, sim_scenarios[i].says, sim_scenarios[i].nodes);
}

static bool number(const char *text, const char *option, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || v > max) {
        fprintf(stderr, "simulate: --%s: wanted a number up to %llu: '%s'\n", option, (unsigned long long)max, text);
        return false;
    }
    *out = v;
    return true;
}

static const struct option options[] = {
    { "scenario", required_argument, NULL, 's' }, { "nodes", required_argument, NULL, 'n' },
    { "seed", required_argument, NULL, 'r' },     { "loss", required_argument, NULL, 'l' },
    { "seconds", required_argument, NULL, 't' },  { "heartbeat-ms", required_argument, NULL, 'b' },
    { "lease", required_argument, NULL, 'e' },    { "metrics", required_argument, NULL, 'm' },
    { "budget", required_argument, NULL, 'u' },   { "csv", required_argument, NULL, 'c' },
    { "svg", required_argument, NULL, 'g' },      { "json", required_argument, NULL, 'j' },
    { "progress", no_argument, NULL, 'p' },       { "verbose", no_argument, NULL, 'v' },
    { "help", no_argument, NULL, 'h' },           { NULL, 0, NULL, 0 },
};

static bool take_option(struct arguments *a, int c)
{
    switch (c) {
    case 's':
        a->scenario = sim_scenario_find(optarg);
        if (!a->scenario) fprintf(stderr, "simulate: no such scenario: '%s'; --help lists them\n", optarg);
        return a->scenario != NULL;
    case 'n': return number(optarg, "nodes", 100000, &a->nodes);
    case 'r': return number(optarg, "seed", UINT64_MAX, &a->seed);
    case 'l': a->loss_given = true; return number(optarg, "loss", 99, &a->loss_percent);
    case 't': return number(optarg, "seconds", 1000000000, &a->seconds);
    case 'b': return number(optarg, "heartbeat-ms", NR_INTERVAL_MAX_MS, &a->heartbeat_ms);
    case 'e': return number(optarg, "lease", NR_LEASE_MAX_S, &a->lease);
    case 'm': a->metrics_given = true; return number(optarg, "metrics", NR_METRICS_MAX, &a->metrics);
    case 'u': return number(optarg, "budget", 100000, &a->budget);
    case 'c': a->csv = optarg; return true;
    case 'g': a->svg = optarg; return true;
    case 'j': a->json = optarg; return true;
    case 'p': a->progress = true; return true;
    case 'v': a->verbose++; return true;
    default: return false;
    }
}

static bool parse(int argc, char **argv, struct arguments *a)
{
    int c;
    while ((c = getopt_long(argc, argv, "v", options, NULL)) != -1) {
        if (c == 'h') {
            usage(stdout);
            exit(0);
        }
        if (!take_option(a, c)) return false;
    }
    a->file = optind < argc ? argv[optind++] : NULL;
    if (optind == argc && !a->file != !a->scenario) return true;
    fprintf(stderr, "simulate: %s\n",
            optind < argc ? "an argument too many" : "which one: a FILE, or a --scenario? --help lists these");
    return false;
}

static void command_of(int argc, char **argv, const struct arguments *a, char *out, size_t size)
{
    size_t at = 0;
    bool seeded = false;
    for (int i = 0; i < argc && at < size; i++) {
        seeded = seeded || strncmp(argv[i], "--seed", 6) == 0;
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? " " : "", argv[i]);
    }
    if (!seeded && at < size) snprintf(out + at, size - at, " --seed %llu", (unsigned long long)a->seed);
}

/* What was not given is the scenario's own. */
static struct sim_config config_of(const struct arguments *a, const struct sim_script *script)
{
    const struct sim_scenario *in_c = a->scenario;
    struct sim_config config = {
        .seed = a->seed,
        .nodes = in_c ? in_c->nodes : script->nodes,
        .seeds = in_c ? 1 : script->seeds,
        .link = in_c ? SIM_LINK_DEFAULT : script->link,
        .heartbeat_ms = in_c ? 10000 : script->heartbeat_ms,
        .lease_s = in_c ? in_c->lease_s : script->lease_s,
        .metrics = in_c ? 0 : script->metrics,
        .heartbeat_budget = (uint32_t)a->budget,
        .verbose = a->verbose,
        .seconds = (int64_t)a->seconds,
    };
    if (in_c) config.link.loss_ppm = in_c->loss_ppm;
    if (a->nodes) config.nodes = (size_t)a->nodes;
    if (a->heartbeat_ms) config.heartbeat_ms = (uint32_t)a->heartbeat_ms;
    if (a->lease) config.lease_s = (uint32_t)a->lease;
    if (a->metrics_given) config.metrics = (uint32_t)a->metrics;
    if (a->loss_given) config.link.loss_ppm = (uint32_t)a->loss_percent * (SIM_PPM / 100);
    return config;
}

/* Opens a file to write to before anything is run; NULL where none is wanted. */
static bool open_output(const char *path, FILE **out)
{
    *out = path ? fopen(path, "w") : NULL;
    if (path && !*out) fprintf(stderr, "simulate: %s: cannot be written: %s\n", path, strerror(errno));
    return !path || *out;
}

static bool close_output(const char *path, FILE *out)
{
    if (!out) return true;
    bool bad = ferror(out) != 0;
    if (fclose(out) == 0 && !bad) return true;
    fprintf(stderr, "simulate: %s: cannot be written\n", path);
    return false;
}

static bool draw(const struct arguments *a, const struct sim_world *w, const struct sim_series *series,
                 const struct sim_script *script, FILE *csv, FILE *svg)
{
    char title[256];
    snprintf(title, sizeof title, "%s: %zu nodes, seed %llu", a->scenario ? a->scenario->name : script->title,
             w->node_count, (unsigned long long)w->config.seed);
    if (csv) sim_series_csv(series, csv);
    if (svg) sim_plot(&w->watches, w->node_count, title, svg);
    bool written = close_output(a->csv, csv);
    return close_output(a->svg, svg) && written;
}

static bool write_result(const struct arguments *a, const struct sim_world *w, const char *scenario,
                         const char *command, FILE *out)
{
    struct nr_buf text;
    if (!out) return true;
    nr_buf_init(&text, 0);
    sim_result(w, scenario, command, &text);
    bool written = !text.err && fwrite(text.data, 1, text.len, out) == text.len;
    written = close_output(a->json, out) && written;
    nr_buf_fini(&text);
    return written;
}

static int run(const struct arguments *a, const struct sim_script *script, const struct sim_config *config,
               const char *command)
{
    FILE *csv;
    FILE *svg = NULL;
    FILE *json = NULL;
    const char *name = a->scenario ? a->scenario->name : script->name;
    struct sim_series series;
    if (!open_output(a->csv, &csv) || !open_output(a->svg, &svg) || !open_output(a->json, &json)) return 2;
    struct sim_world *w = sim_world_new(config);
    sim_series_init(&series);
    w->sample = csv ? sim_series_sample : NULL;
    w->sample_arg = &series;
    if (a->progress || (isatty(STDERR_FILENO) && !a->verbose)) w->progress = sim_report_progress;
    if (a->scenario)
        a->scenario->run(w);
    else
        sim_run(w, script);
    if (w->progress) fputc('\n', stderr);
    sim_report(w, name, command, stdout);
    bool told = write_result(a, w, name, command, json);
    bool drawn = draw(a, w, &series, script, csv, svg);
    int status = w->failed || !drawn || !told ? 1 : 0;
    sim_series_fini(&series);
    sim_world_free(w);
    return status;
}

int main(int argc, char **argv)
{
    static struct sim_script script;
    struct arguments a = { .seed = 1 };
    char command[1024];
    if (!parse(argc, argv, &a)) return 2;
    if (nr_crypto_init() != 0) {
        fprintf(stderr, "simulate: no cryptography\n");
        return 1;
    }
    /* Thousands of arrays that grow side by side: mapped one by one they grow in place and leave no holes. */
    (void)mallopt(M_MMAP_THRESHOLD, 65 * 1024);
    int err = a.file ? sim_script_load(&script, a.file) : 0;
    struct sim_config config = err ? (struct sim_config){ 0 } : config_of(&a, &script);
    if (!err && a.file) err = sim_script_fits(&script, a.file, config.nodes);
    if (err) {
        fprintf(stderr, "simulate: %s\n", script.error);
        return 2;
    }
    command_of(argc, argv, &a, command, sizeof command);
    fprintf(stderr, "%s\n", command); /* known even where an assertion ends the run */
    return run(&a, &script, &config, command);
}
