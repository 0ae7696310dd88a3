/* A look into a canonical msgpack map. */
#ifndef NR_STORE_MPMAP_H
#define NR_STORE_MPMAP_H

#include "base/bytes.h"

/* The value of `key`, as msgpack; false when it is not there or `map` is not a map. Borrows from `map`. */
bool nr_mp_find(struct nr_bytes map, const char *key, struct nr_bytes *value);
/* Likewise, and only when it is text. */
bool nr_mp_find_str(struct nr_bytes map, const char *key, struct nr_bytes *text);

#endif
