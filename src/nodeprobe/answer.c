#include "nodeprobe/answer.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "nodeprobe/text.h"

static struct nr_bytes string_of(const json_t *object, const char *key)
{
    const json_t *s = json_object_get(object, key);
    return json_is_string(s) ? nr_bytes(json_string_value(s), json_string_length(s)) : nr_bytes(NULL, 0);
}

int answer_docker(struct nr_bytes json, struct answer_docker *out)
{
    json_t *root = json_loadb((const char *)json.data, json.len, 0, NULL);
    *out = (struct answer_docker){ 0 };
    text_copy(out->version, sizeof out->version, string_of(root, "Version"));
    text_copy(out->api_version, sizeof out->api_version, string_of(root, "ApiVersion"));
    json_decref(root);
    return *out->version ? 0 : NR_E_INVALID;
}

static int by_bytes(const void *a, const void *b)
{
    return nr_bytes_cmp(*(const struct nr_bytes *)a, *(const struct nr_bytes *)b);
}

static void take_names(const struct nr_bytes *sorted, size_t count, struct answer_ollama *out)
{
    for (size_t i = 0; i < count && out->count < ANSWER_MODELS_MAX; i++) {
        if (i > 0 && nr_bytes_eq(sorted[i], sorted[i - 1])) continue;
        memcpy(out->models[out->count], sorted[i].data, sorted[i].len);
        out->models[out->count++][sorted[i].len] = '\0';
    }
}

int answer_ollama(struct nr_bytes json, struct answer_ollama *out)
{
    json_t *root = json_loadb((const char *)json.data, json.len, 0, NULL);
    const json_t *models = json_object_get(root, "models");
    struct nr_bytes *names = NULL;
    size_t count = 0;
    int err = json_is_array(models) ? 0 : NR_E_INVALID;
    *out = (struct answer_ollama){ .told = json_array_size(models) };
    if (err || out->told == 0) goto out;
    names = calloc(out->told, sizeof *names);
    err = names ? 0 : NR_E_NOMEM;
    for (size_t i = 0; !err && i < out->told; i++) {
        struct nr_bytes name = string_of(json_array_get(models, i), "name");
        if (name.len > 0 && name.len <= ANSWER_MODEL_MAX && nr_utf8_clean(name)) names[count++] = name;
    }
    if (count) qsort(names, count, sizeof *names, by_bytes);
    take_names(names, count, out);
out:
    free(names);
    json_decref(root);
    return err;
}
