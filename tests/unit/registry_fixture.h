/* Stores that a writer in another process made, and libnr's handles to read them. */
#ifndef NR_TEST_REGISTRY_FIXTURE_H
#define NR_TEST_REGISTRY_FIXTURE_H

#include <nr/registry.h>

#include "store_fixture.h"

struct place {
    char dir[64];
    nr_registry *registry;
    nr_snapshot *snapshot;
};

int place_setup(void **state); /* cmocka's */
int place_teardown(void **state);
void open_place(struct place *p);
void close_place(struct place *p);

typedef void write_fn(struct nr_store *s);
/* Opens the store in a child, lets `fn` write, commits and closes. LMDB forbids to open a directory twice in a process.
 */
void in_writer(const char *dir, write_fn *fn);

/* What is written. */
write_fn nothing, some_nodes, one_beat, many_nodes;

bool text_is(struct nr_text t, const char *want);
void damage(const char *dir, const char *half); /* makes its file one that LMDB refuses */

#endif
