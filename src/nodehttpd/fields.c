#include "nodehttpd/fields.h"

#include <stdio.h>

#include "base/utf8.h"
#include "nodehttpd/convert.h"

json_t *fields_parse(struct nr_bytes body, char *detail, size_t size, int *status)
{
    json_error_t error;
    *status = 400;
    if (body.len == 0) {
        snprintf(detail, size, "the body is empty; a JSON object is expected");
        return NULL;
    }
    json_t *value = json_loadb((const char *)body.data, body.len,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (value) return value;
    if (json_error_code(&error) == json_error_numeric_overflow) *status = 422;
    snprintf(detail, size, "the body is not JSON: line %d, column %d: %s", error.line, error.column, error.text);
    return NULL;
}

const json_t *field_get(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_null(v) ? NULL : v;
}

bool field_text(const json_t *object, const char *key, size_t min, size_t max, struct faults *f, struct nr_bytes *out)
{
    const json_t *v = field_get(object, key);
    if (!v) return false;
    if (!json_is_string(v)) {
        faults_add(f, key, "must be a string");
        return false;
    }
    struct nr_bytes s = nr_bytes(json_string_value(v), json_string_length(v));
    if (s.len < min || s.len > max)
        faults_add(f, key, "must have %zu to %zu bytes", min, max);
    else if (!nr_utf8_clean(s))
        faults_add(f, key, "must have no control characters");
    else {
        *out = s;
        return true;
    }
    return false;
}

bool field_object(const json_t *object, const char *key, struct faults *f, const json_t **out)
{
    const json_t *v = field_get(object, key);
    if (!v) return false;
    if (!json_is_object(v)) {
        faults_add(f, key, "must be an object");
        return false;
    }
    *out = v;
    return true;
}

static bool holds(const struct nr_bytes *list, size_t count, struct nr_bytes s)
{
    for (size_t i = 0; i < count; i++)
        if (nr_bytes_eq(list[i], s)) return true;
    return false;
}

bool field_labels(const json_t *object, const char *key, struct faults *f, struct nr_bytes out[static NR_LABELS_MAX],
                  size_t *count)
{
    const json_t *v = field_get(object, key);
    *count = 0;
    if (!v) return false;
    if (!json_is_array(v)) {
        faults_add(f, key, "must be an array of strings");
        return false;
    }
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *e = json_array_get(v, i);
        struct nr_bytes s =
            json_is_string(e) ? nr_bytes(json_string_value(e), json_string_length(e)) : nr_bytes(NULL, 0);
        if (s.len == 0 || s.len > NR_LABEL_MAX || !nr_utf8_clean(s)) {
            faults_add(f, key, "element %zu must be a string of 1 to %d bytes without control characters", i,
                       NR_LABEL_MAX);
            return false;
        }
        if (holds(out, *count, s)) continue;
        if (*count == NR_LABELS_MAX) {
            faults_add(f, key, "must have at most %d elements", NR_LABELS_MAX);
            return false;
        }
        out[(*count)++] = s;
    }
    return true;
}

bool field_encode(const json_t *object, const char *key, uint8_t *room, size_t max, struct faults *f,
                  struct nr_bytes *out)
{
    struct nr_writer w;
    nr_writer_init(&w, room, max);
    int err = convert_value(object, &w);
    if (err == NR_E_TOO_LARGE)
        faults_add(f, key, "must take at most %zu bytes (as msgpack)", max);
    else if (err == NR_E_INVALID)
        faults_add(f, key, "must not nest deeper than %d containers", CONVERT_DEPTH);
    else if (err)
        faults_add(f, key, "cannot be taken: out of memory");
    *out = nr_writer_bytes(&w);
    return !err;
}
