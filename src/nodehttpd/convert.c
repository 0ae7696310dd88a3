#include "nodehttpd/convert.h"

#include <stdlib.h>

#include "proto/mp.h"

static int write_value(const json_t *value, int depth, struct nr_writer *w);

struct member {
    struct nr_bytes key;
    const json_t *value;
};

static int by_key(const void *a, const void *b)
{
    return nr_bytes_cmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static int write_object(const json_t *object, int depth, struct nr_writer *w)
{
    size_t count = json_object_size(object), n = 0;
    struct member *members = NULL;
    int err = 0;
    /* A member takes two bytes at least: more than fit need no memory to be sorted in. */
    if (count > nr_writer_left(w) / 2) return NR_E_TOO_LARGE;
    nr_mp_write_map(w, (uint32_t)count);
    if (count == 0) return w->err;
    members = malloc(count * sizeof *members);
    if (!members) return NR_E_NOMEM;
    /* jansson's iterators take a pointer to what they do not change. */
    json_t *o = (json_t *)(uintptr_t)object;
    for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it)) {
        members[n].key = nr_bytes(json_object_iter_key(it), json_object_iter_key_len(it));
        members[n++].value = json_object_iter_value(it);
    }
    qsort(members, n, sizeof *members, by_key);
    for (size_t i = 0; i < n && !err; i++) {
        nr_mp_write_str(w, members[i].key);
        err = write_value(members[i].value, depth - 1, w);
    }
    free(members);
    return err;
}

static int write_array(const json_t *array, int depth, struct nr_writer *w)
{
    size_t count = json_array_size(array);
    int err = 0;
    if (count > nr_writer_left(w)) return NR_E_TOO_LARGE;
    nr_mp_write_array(w, (uint32_t)count);
    for (size_t i = 0; i < count && !err; i++) err = write_value(json_array_get(array, i), depth - 1, w);
    return err;
}

/* `depth` containers may still open. */
static int write_value(const json_t *value, int depth, struct nr_writer *w)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: return depth > 0 ? write_object(value, depth, w) : NR_E_INVALID;
    case JSON_ARRAY: return depth > 0 ? write_array(value, depth, w) : NR_E_INVALID;
    case JSON_STRING: nr_mp_write_str(w, nr_bytes(json_string_value(value), json_string_length(value))); break;
    case JSON_INTEGER: nr_mp_write_int(w, json_integer_value(value)); break;
    case JSON_REAL: nr_mp_write_double(w, json_real_value(value)); break;
    case JSON_TRUE:
    case JSON_FALSE: nr_mp_write_bool(w, json_is_true(value)); break;
    case JSON_NULL: nr_mp_write_nil(w); break;
    }
    return w->err;
}

int convert_value(const json_t *value, struct nr_writer *w)
{
    return write_value(value, CONVERT_DEPTH, w);
}
