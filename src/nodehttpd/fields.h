/* The fields of a JSON body: typed reads that name what is wrong. null is absent. */
#ifndef NODEHTTPD_FIELDS_H
#define NODEHTTPD_FIELDS_H

#include <jansson.h>

#include "nodehttpd/faults.h"
#include "proto/limits.h"

/* Parses a body: one JSON value, UTF-8, no key twice, nothing behind it. NULL: `detail` (of `size` bytes) says what is
 * wrong and where, and *status is 400, or 422 for a number that no double or 64-bit integer holds. */
json_t *fields_parse(struct nr_bytes body, char *detail, size_t size, int *status);

/* The member, or NULL when it is absent or null. */
const json_t *field_get(const json_t *object, const char *key);
/* A string of min … max bytes without control characters. False: absent or at fault. Borrowed from the JSON. */
bool field_text(const json_t *object, const char *key, size_t min, size_t max, struct faults *f, struct nr_bytes *out);
/* An object. */
bool field_object(const json_t *object, const char *key, struct faults *f, const json_t **out);
/* An array of at most NR_LABELS_MAX different labels, none longer than NR_LABEL_MAX; one that is given twice counts
 * once. */
bool field_labels(const json_t *object, const char *key, struct faults *f, struct nr_bytes out[static NR_LABELS_MAX],
                  size_t *count);
/* Writes an object as msgpack of at most `max` bytes into `room` (of that size). False: a fault was added. */
bool field_encode(const json_t *object, const char *key, uint8_t *room, size_t max, struct faults *f,
                  struct nr_bytes *out);

#endif
