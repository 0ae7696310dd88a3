/* Points in time as a client writes them. */
#ifndef NODEHTTPD_SINCE_H
#define NODEHTTPD_SINCE_H

#include "base/bytes.h"

/* RFC 3339 (`2026-11-23T14:30:00.123Z`, `…+01:00`), or whole seconds since 1970. False: neither. */
bool since_parse(struct nr_bytes text, int64_t *wall_ms);

#endif
