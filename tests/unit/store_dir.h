/* A store in LMDB in a directory of its own, opened and closed by the test. */
#ifndef NR_TEST_STORE_DIR_H
#define NR_TEST_STORE_DIR_H

#include "store_fixture.h"

struct dir_store {
    char dir[64];
    struct nr_store *store; /* NULL: closed */
    struct nr_store_options options;
};

int dir_setup(void **state); /* cmocka's; leaves it closed */
int dir_teardown(void **state);
void open_dir(struct dir_store *p);
void close_dir(struct dir_store *p);

struct nr_store_info info_of(struct nr_store *s);
struct made *make_large(int number); /* a record of 15 KB; each number another */
bool holds(struct nr_store *s, const struct made *m);

#endif
