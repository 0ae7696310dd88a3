/* msgpack as JSON. */
#ifndef NR_PROTO_JSON_MP_H
#define NR_PROTO_JSON_MP_H

#include "base/cursor.h"
#include "base/json.h"

/* Writes the next item of `r` as one JSON value; a bin becomes a string of base64url. On input that is not canonical,
 * or nests deeper than NR_DEPTH_MAX, the reader fails, and the JSON is balanced but cut short. */
void nr_mp_to_json(struct nr_reader *r, struct nr_json *j);

#endif
