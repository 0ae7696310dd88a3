/* What the sources found last: their fragments (source.h), and what all of them make together.
 *
 * A source that fails keeps what it found before for some runs, so that a slow moment is not a change of the machine.
 */
#ifndef NODEPROBE_FACTS_H
#define NODEPROBE_FACTS_H

#include "base/cursor.h"

#define FACTS_SOURCES_MAX 16
#define FACTS_KEPT_RUNS   3 /* failed runs in a row through which a fragment is kept */

struct facts {
    struct fragment {
        uint8_t *data; /* NULL: none */
        size_t len;
        unsigned failed; /* runs since */
    } of[FACTS_SOURCES_MAX];
};

void facts_init(struct facts *f);
void facts_fini(struct facts *f);
/* Copies. NR_E_INVALID and others of nr_mp_check: it is no fragment, and nothing has changed; NR_E_NOMEM. */
int facts_found(struct facts *f, size_t source, struct nr_bytes fragment) NR_MUST_CHECK;
/* It could not be said now; `kept`: failed runs through which what was found stays. */
void facts_failed(struct facts *f, size_t source, unsigned kept);
void facts_forget(struct facts *f, size_t source);
/* "memory" of its fragment, borrowed until it changes; empty: none. */
struct nr_bytes facts_memory(const struct facts *f, size_t source);
/* Write the map as report.h has it. What would go beyond its bound is left out, the largest first; returns how many. */
unsigned facts_capabilities(const struct facts *f, struct nr_writer *out);
unsigned facts_metrics(const struct facts *f, struct nr_writer *out);

#endif
