/* JSON objects as canonical msgpack (proto/README.md A.2): what metadata, metrics and config travel as. */
#ifndef NODEHTTPD_CONVERT_H
#define NODEHTTPD_CONVERT_H

#include <jansson.h>

#include "base/cursor.h"
#include "proto/limits.h"

/* What stands around an object in a record: the record's array and the body's map. */
#define CONVERT_DEPTH (NR_DEPTH_MAX - 2)

/* Writes one value with its members sorted. NR_E_TOO_LARGE: the writer is full; NR_E_INVALID: more than CONVERT_DEPTH
 * containers within one another; NR_E_NOMEM. */
int convert_value(const json_t *value, struct nr_writer *w) NR_MUST_CHECK;

#endif
