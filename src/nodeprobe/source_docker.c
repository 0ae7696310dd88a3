/* Docker is there where its program is, or its socket: who may not use the socket is told no version. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nodeprobe/answer.h"
#include "nodeprobe/fetch.h"
#include "nodeprobe/part.h"
#include "nodeprobe/sources.h"
#include "nodeprobe/text.h"
#include "nodeprobe/tree.h"
#include "proto/mp.h"

#define PROGRAM     "docker"
#define ANSWER_MAX  65536
#define ASK_MS      3000
#define DEADLINE_MS 5000

static bool program_there(const char *root)
{
    const char *path = getenv("PATH");
    struct nr_bytes rest = nr_bytes_str(path ? path : "/usr/local/bin:/usr/bin:/bin"), folder;
    while (text_until(&rest, ':', &folder)) {
        char file[PATH_MAX];
        if (folder.len == 0 || folder.len > PATH_MAX / 2 || *folder.data != '/') continue;
        int n = snprintf(file, sizeof file, "%s%.*s/" PROGRAM, root, (int)folder.len, (const char *)folder.data);
        if (n > 0 && (size_t)n < sizeof file && access(file, X_OK) == 0) return true;
    }
    return false;
}

static int ask(const struct source_env *env, struct answer_docker *out)
{
    char path[TREE_PATH_MAX];
    struct nr_buf body;
    int n = snprintf(path, sizeof path, "%s%s", env->root, env->docker);
    nr_buf_init(&body, ANSWER_MAX);
    int err =
        n < 0 || (size_t)n >= sizeof path ? NR_E_NOT_FOUND : fetch_get("http://docker/version", path, ASK_MS, &body);
    if (!err) err = answer_docker(nr_buf_bytes(&body), out);
    nr_buf_fini(&body);
    return err;
}

static int run(const struct source_env *env, struct nr_writer *out)
{
    struct answer_docker version = { 0 };
    struct part p;
    bool told = ask(env, &version) == 0;
    if (!told && !tree_exists(env->root, env->docker) && !program_there(env->root)) return NR_E_NOT_FOUND;
    nr_mp_write_map(out, told ? 2 : 1);
    if (told) {
        part_init(&p, SOURCE_DOCKER_MAX);
        part_text(&p, "api_version", version.api_version);
        part_text(&p, "version", version.version);
        nr_mp_write_cstr(out, "docker");
        part_write_map(&p, out);
    }
    nr_mp_write_cstr(out, "features");
    nr_mp_write_array(out, 1);
    nr_mp_write_cstr(out, "docker");
    return out->err;
}

const struct source source_docker = {
    .name = "docker",
    .needs = SOURCE_NEEDS(NR_SOURCE_DOCKER),
    .interval_ms = SOURCE_INTERVAL_SERVICES,
    .deadline_ms = DEADLINE_MS,
    .run = run,
    .absent = SOURCE_SAYS("\x81\xa8"
                          "features\x90"),
};
