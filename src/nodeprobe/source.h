/* Sources: what looks at the machine. Each is a file source_NAME.c with one `struct source`, and a line in
 * source_table.c.
 *
 * A source runs in a process of its own, by itself: it may block, hang and crash; at its deadline it is killed with all
 * processes that it has started. It writes one canonical map, its fragment, without binary values:
 *
 *     "features", "services"  arrays of str: gathered from all fragments, sorted, each once
 *     "metrics"               map: sent when a source that needs nothing but load has ended
 *     "memory"                anything: not reported, comes back as `last` in the next run
 *     any other key           goes into capabilities as it is; no two sources write the same
 *
 * The keys and their meaning stand in probe/report.h. */
#ifndef NODEPROBE_SOURCE_H
#define NODEPROBE_SOURCE_H

#include "base/cursor.h"
#include "probe/plan.h"

#define SOURCE_FRAGMENT_MAX 8192

struct source_env {
    const char *root;     /* before every absolute path that is looked at (/proc, /sys, /etc); "" but in tests */
    const char *ollama;   /* URL without a slash at its end; "": none */
    const char *docker;   /* path of its socket, below root */
    const char *nvidia;   /* NVIDIA's tool: a path, or a name for $PATH */
    struct nr_bytes last; /* "memory" of this source's last fragment, one item; empty: none */
};

struct source {
    const char *name;    /* for log lines and tests */
    unsigned needs;      /* runs where all of these are on: SOURCE_NEEDS(NR_SOURCE_…) */
    int64_t interval_ms; /* between runs; 0: measures load, at the plan's load_ms */
    int64_t deadline_ms;
    /* 0: the fragment stands in `out` (SOURCE_FRAGMENT_MAX). NR_E_NOT_FOUND: this machine has none of it, which is
     * known at once. Any other error, a crash, or the deadline: it cannot be said now; what was found last stays for
     * some runs. */
    int (*run)(const struct source_env *env, struct nr_writer *out);
    struct nr_bytes absent; /* the fragment where this machine has none of it; empty: says nothing */
};
/* Of a literal of msgpack. */
#define SOURCE_SAYS(literal)                                                                                           \
    {                                                                                                                  \
        .data = (const uint8_t *)(literal), .len = sizeof(literal) - 1                                                 \
    }
#define SOURCE_NEEDS(s) (1u << (s))

#define SOURCE_INTERVAL_FACTS    300000
#define SOURCE_INTERVAL_SERVICES 60000

/* Ends with NULL. The order decides nothing but who is looked at first. */
extern const struct source *const source_table[];

#endif
