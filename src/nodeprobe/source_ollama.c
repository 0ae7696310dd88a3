#include <limits.h>
#include <stdio.h>

#include "nodeprobe/answer.h"
#include "nodeprobe/fetch.h"
#include "nodeprobe/part.h"
#include "nodeprobe/sources.h"
#include "proto/mp.h"

#define ANSWER_MAX  (1 << 20)
#define ASK_MS      4000
#define DEADLINE_MS 6000

static int ask(const char *server, struct answer_ollama *out)
{
    char url[PATH_MAX];
    struct nr_buf body;
    int n = snprintf(url, sizeof url, "%s/api/tags", server);
    if (!*server || n < 0 || (size_t)n >= sizeof url) return NR_E_NOT_FOUND;
    nr_buf_init(&body, ANSWER_MAX);
    int err = fetch_get(url, NULL, ASK_MS, &body);
    if (!err) err = answer_ollama(nr_buf_bytes(&body), out);
    nr_buf_fini(&body);
    return err;
}

static int run(const struct source_env *env, struct nr_writer *out)
{
    static struct answer_ollama answer;
    struct part models, p;
    int err = ask(env->ollama, &answer);
    if (err) return err;
    part_init(&models, SOURCE_OLLAMA_MAX - 64);
    for (size_t i = 0; i < answer.count && part_add_text(&models, answer.models[i]); i++) {
    }
    part_init(&p, SOURCE_OLLAMA_MAX);
    part_bool(&p, "available", true);
    part_uint(&p, "count", answer.told);
    part_array(&p, "models", &models);
    nr_mp_write_map(out, 2);
    nr_mp_write_cstr(out, "ollama");
    part_write_map(&p, out);
    nr_mp_write_cstr(out, "services");
    nr_mp_write_array(out, 1);
    nr_mp_write_cstr(out, "ollama");
    return out->err;
}

const struct source source_ollama = {
    .name = "ollama",
    .needs = SOURCE_NEEDS(NR_SOURCE_OLLAMA),
    .interval_ms = SOURCE_INTERVAL_SERVICES,
    .deadline_ms = DEADLINE_MS,
    .run = run,
    .absent = SOURCE_SAYS("\x82\xa6"
                          "ollama\x81\xa9"
                          "available\xc2\xa8"
                          "services\x90"),
};
