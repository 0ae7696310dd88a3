#include "tools/sim/trace.h"

#include <stdarg.h>

#include "tools/sim/map.h"

void sim_trace_init(struct sim_trace *t, int verbose, FILE *out)
{
    *t = (struct sim_trace){ .verbose = verbose, .out = out };
}

void sim_trace_word(struct sim_trace *t, uint64_t word)
{
    t->hash = sim_mix(t->hash * UINT64_C(0x9e3779b97f4a7c15) + word + 1);
}

/* Big-endian words, so that the hash is the same on every machine. */
void sim_trace_bytes(struct sim_trace *t, struct nr_bytes b)
{
    sim_trace_word(t, b.len);
    size_t i = 0;
    for (; i + 8 <= b.len; i += 8) sim_trace_word(t, nr_be64(b.data + i));
    uint64_t rest = 0;
    for (; i < b.len; i++) rest = rest << 8 | b.data[i];
    sim_trace_word(t, rest);
}

void sim_trace_line(const struct sim_trace *t, int level, int64_t now_us, const char *fmt, ...)
{
    if (level > t->verbose) return;
    fprintf(t->out, "%12.6f ", (double)now_us / 1e6);
    va_list args;
    va_start(args, fmt);
    vfprintf(t->out, fmt, args);
    va_end(args);
    fputc('\n', t->out);
}
