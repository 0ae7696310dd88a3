/* Makes the Nth allocation fail. The test links with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#ifndef NR_TEST_FAIL_ALLOC_H
#define NR_TEST_FAIL_ALLOC_H

#include <stdbool.h>

void fail_alloc_at(long nth); /* 1: the next one; 0: none */
bool fail_alloc_hit(void);    /* whether it has failed since */

#endif
