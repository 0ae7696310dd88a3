#include "nodeprobe/answer.h"

#include <stdio.h>

#include "nr_test.h"

/* The version and that of the API; other members do not matter. */
static void reads_dockers(void **state)
{
    static const char *const bad[] = { "",
                                       "null",
                                       "[]",
                                       "{}",
                                       "{\"Version\":7}",
                                       "{\"Version\":\"\"}",
                                       "{\"Version\":\"1\"",
                                       "{\"version\":\"1\"}",
                                       "<html>" };
    struct answer_docker d;
    (void)state;
    assert_int_equal(answer_docker(nr_bytes_str("{\"Platform\":{\"Name\":\"Docker Engine\"},\"Version\":\"24.0.7\","
                                                "\"ApiVersion\":\"1.43\",\"Os\":\"linux\"}"),
                                   &d),
                     0);
    assert_string_equal(d.version, "24.0.7");
    assert_string_equal(d.api_version, "1.43");
    assert_int_equal(answer_docker(nr_bytes_str("{\"Version\":\"4.9.4\"}"), &d), 0);
    assert_string_equal(d.api_version, "");
    for (size_t i = 0; i < COUNT(bad); i++) assert_int_equal(answer_docker(nr_bytes_str(bad[i]), &d), NR_E_INVALID);
}

static struct answer_ollama models;

/* The names, sorted, each once; one that could be shown only cut or garbled is left out, and counted. */
static void reads_models(void **state)
{
    static const char json[] =
        "{\"models\":[{\"name\":\"qwen2:7b\",\"size\":4431},{\"name\":\"llama3:8b\"},{\"name\":\"qwen2:7b\"},{"
        "\"model\":\"x\"},"
        "{\"name\":7},\"y\",{\"name\":\"\"},{\"name\":\"a\\nb\"},{\"name\":\"0123456789012345678901234567890123456789"
        "01234567890123456789012345678901234567890123456789012345678901\"}]}";
    (void)state;
    assert_int_equal(answer_ollama(nr_bytes_str(json), &models), 0);
    assert_int_equal(models.told, 9);
    assert_int_equal(models.count, 2);
    assert_string_equal(models.models[0], "llama3:8b");
    assert_string_equal(models.models[1], "qwen2:7b");
    assert_int_equal(answer_ollama(nr_bytes_str("{\"models\":[]}"), &models), 0);
    assert_int_equal(models.told, 0);
    assert_int_equal(models.count, 0);
}

/* Of many the first by their names. */
static void bounds_models(void **state)
{
    static char json[8192] = "{\"models\":[";
    size_t len = strlen(json);
    (void)state;
    for (int i = 199; i >= 0; i--)
        len += (size_t)snprintf(json + len, sizeof json - len, "{\"name\":\"m%03d\"}%s", i, i ? "," : "]}");
    assert_int_equal(answer_ollama(nr_bytes_str(json), &models), 0);
    assert_int_equal(models.told, 200);
    assert_int_equal(models.count, ANSWER_MODELS_MAX);
    assert_string_equal(models.models[0], "m000");
    assert_string_equal(models.models[ANSWER_MODELS_MAX - 1], "m063");
}

/* What is no list of models is no Ollama. */
static void refuses_other_answers(void **state)
{
    static const char *const bad[] = { "",   "{}",      "[]", "{\"models\":{}}", "{\"models\":null}", "{\"models\":[",
                                       "ok", "\xff\xfe" };
    static char deep[100001];
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(answer_ollama(nr_bytes_str(bad[i]), &models), NR_E_INVALID);
    memset(deep, '[', sizeof deep - 1);
    assert_int_equal(answer_ollama(nr_bytes_str(deep), &models), NR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_dockers),
        cmocka_unit_test(reads_models),
        cmocka_unit_test(bounds_models),
        cmocka_unit_test(refuses_other_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
