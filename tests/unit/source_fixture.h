/* Runs a source on a machine below tests/unit/machine, and says what it wrote as JSON. */
#ifndef SOURCE_FIXTURE_H
#define SOURCE_FIXTURE_H

#include "nodeprobe/sources.h"

/* Into memory of its own, until the next call. The fragment must be canonical, one map, and can be written as JSON. */
const char *source_json(const struct source *s, const struct source_env *env);
/* The error of a source that finds nothing: nothing that it has written counts. */
int source_error(const struct source *s, const struct source_env *env);
/* An environment with that machine as its root: no Ollama, no tool. Borrows from memory of its own, until the next
 * call. */
struct source_env source_machine(const char *name);

#endif
