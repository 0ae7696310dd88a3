/* What happened, as one running 64-bit hash over every step and everything that came of it: the same seed gives the
 * same hash on every machine. And, when asked, as lines for people. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdio.h>

#include "base/bytes.h"

struct sim_trace {
    uint64_t hash;
    int verbose; /* 0 nothing, 1 what the scenario does, 2 nodes' events, 3 every datagram */
    FILE *out;
};

void sim_trace_init(struct sim_trace *t, int verbose, FILE *out);
void sim_trace_word(struct sim_trace *t, uint64_t word);
void sim_trace_bytes(struct sim_trace *t, struct nr_bytes b);
void sim_trace_line(const struct sim_trace *t, int level, int64_t now_us, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
