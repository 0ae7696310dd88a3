#include "source_fixture.h"

#include <stdio.h>

#include "nr_test.h"
#include "proto/json_mp.h"
#include "proto/mp.h"

#define DEPTH 8

static uint8_t fragment[SOURCE_FRAGMENT_MAX];
static char json[2 * SOURCE_FRAGMENT_MAX];

int source_error(const struct source *s, const struct source_env *env)
{
    struct nr_writer w;
    nr_writer_init(&w, fragment, sizeof fragment);
    return s->run(env, &w);
}

const char *source_json(const struct source *s, const struct source_env *env)
{
    struct nr_writer w;
    struct nr_reader r;
    struct nr_buf text;
    struct nr_json j;
    nr_writer_init(&w, fragment, sizeof fragment);
    assert_int_equal(s->run(env, &w), 0);
    assert_int_equal(nr_mp_check(nr_writer_bytes(&w), DEPTH, true), 0);
    nr_buf_init(&text, sizeof json - 1);
    nr_json_init(&j, &text);
    nr_reader_init(&r, nr_writer_bytes(&w));
    nr_mp_to_json(&r, &j);
    assert_int_equal(nr_reader_end(&r), 0);
    assert_int_equal(text.err, 0);
    memcpy(json, text.data, text.len);
    json[text.len] = '\0';
    nr_buf_fini(&text);
    assert_int_equal(*json, '{');
    return json;
}

struct source_env source_machine(const char *name)
{
    static char root[4096];
    assert_true(snprintf(root, sizeof root, "%s/%s", MACHINES, name) < (int)sizeof root);
    return (struct source_env){
        .root = root, .ollama = "", .docker = "/run/docker.sock", .nvidia = "/nonexistent/nvidia-smi"
    };
}
