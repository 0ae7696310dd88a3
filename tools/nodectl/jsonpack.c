#include "tools/nodectl/jsonpack.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/mp.h"

static int pack(const json_t *v, int depth, struct nr_writer *out);

struct member {
    struct nr_bytes key;
    const json_t *value;
};

static int by_key(const void *a, const void *b)
{
    return nr_bytes_cmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static int pack_object(const json_t *v, int depth, struct nr_writer *out)
{
    size_t count = json_object_size(v), n = 0;
    struct member *members = calloc(count + 1, sizeof *members);
    if (!members) return NR_E_NOMEM;
    const char *key;
    json_t *value, *object = (json_t *)(uintptr_t)v; /* the walk changes nothing, its macro asks for more */
    json_object_foreach(object, key, value) members[n++] = (struct member){ nr_bytes_str(key), value };
    qsort(members, n, sizeof *members, by_key);
    nr_mp_write_map(out, (uint32_t)n);
    int err = 0;
    for (size_t i = 0; i < n && err == 0; i++) {
        nr_mp_write_str(out, members[i].key);
        err = pack(members[i].value, depth - 1, out);
    }
    free(members);
    return err;
}

static int pack_array(const json_t *v, int depth, struct nr_writer *out)
{
    size_t count = json_array_size(v);
    int err = 0;
    nr_mp_write_array(out, (uint32_t)count);
    for (size_t i = 0; i < count && err == 0; i++) err = pack(json_array_get(v, i), depth - 1, out);
    return err;
}

static int pack(const json_t *v, int depth, struct nr_writer *out)
{
    if ((json_is_object(v) || json_is_array(v)) && depth <= 0) return NR_E_INVALID;
    switch (json_typeof(v)) {
    case JSON_OBJECT: return pack_object(v, depth, out);
    case JSON_ARRAY: return pack_array(v, depth, out);
    case JSON_STRING: nr_mp_write_str(out, nr_bytes(json_string_value(v), json_string_length(v))); break;
    case JSON_INTEGER: nr_mp_write_int(out, json_integer_value(v)); break;
    case JSON_REAL: nr_mp_write_double(out, json_real_value(v)); break;
    case JSON_TRUE: nr_mp_write_bool(out, true); break;
    case JSON_FALSE: nr_mp_write_bool(out, false); break;
    case JSON_NULL: nr_mp_write_nil(out); break;
    }
    return out->err;
}

int ctl_json_pack(struct nr_bytes text, int depth, struct nr_writer *out, char fault[static CTL_JSON_FAULT])
{
    json_error_t why;
    json_t *root =
        json_loadb(text.len ? (const char *)text.data : "", text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (!root) {
        snprintf(fault, CTL_JSON_FAULT, "line %d, column %d: %s", why.line, why.column, why.text);
        return json_error_code(&why) == json_error_out_of_memory ? NR_E_NOMEM : NR_E_INVALID;
    }
    int err = NR_E_INVALID;
    if (!json_is_object(root)) {
        snprintf(fault, CTL_JSON_FAULT, "not an object");
    } else if ((err = pack(root, depth, out)) == NR_E_INVALID) {
        snprintf(fault, CTL_JSON_FAULT, "nested more than %d deep", depth);
    } else if (err) {
        snprintf(fault, CTL_JSON_FAULT, "%s", nr_strerror(err));
    }
    json_decref(root);
    return err;
}
