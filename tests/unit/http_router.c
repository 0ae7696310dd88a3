#include "nodehttpd/router.h"
#include <stdio.h>

#include "nr_test.h"

static struct match m;
static uint8_t room[256];

static void match(const char *method, const char *path)
{
    router_match(nr_bytes_str(method), nr_bytes_str(path), room, &m);
}

/* Each row of the table is found by its own method and path, with whatever stands in the braces decoded. */
static void test_every_route(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        char path[128];
        const char *brace = strchr(routes[i].path, '{');
        int front = brace ? (int)(brace - routes[i].path) : (int)strlen(routes[i].path);
        const char *back = brace ? strchr(brace, '}') + 1 : "";
        snprintf(path, sizeof path, "%.*s%s%s", front, routes[i].path, brace ? "a%20b" : "", back);
        match(routes[i].method, path);
        assert_int_equal(m.status, 200);
        assert_ptr_equal(m.route, &routes[i]);
        if (brace) test_text_equal(m.param, "a b");
    }
}

/* A known path with another method is 405 and names all that it takes. */
static void test_allow(void **state)
{
    (void)state;
    match("PATCH", "/api/v1/profiles/x");
    assert_int_equal(m.status, 405);
    assert_string_equal(m.allow, "GET, HEAD, PUT, DELETE");
    match("DELETE", "/api/v1/nodes");
    assert_int_equal(m.status, 405);
    assert_string_equal(m.allow, "GET, HEAD");
}

/* A path of its own goes before one with braces that it would match too. */
static void test_literal_first(void **state)
{
    (void)state;
    match("GET", "/api/v1/nodes/register");
    assert_int_equal(m.status, 405);
    assert_string_equal(m.allow, "POST");
    match("GET", "/api/v1/nodes/discover");
    assert_int_equal(m.status, 200);
    assert_string_equal(m.route->path, "/api/v1/nodes/discover");
}

/* HEAD goes where GET goes. */
static void test_head(void **state)
{
    (void)state;
    match("HEAD", "/health");
    assert_int_equal(m.status, 200);
    assert_string_equal(m.route->method, "GET");
    match("HEAD", "/api/v1/nodes/register");
    assert_int_equal(m.status, 405);
}

/* What is no path of the table is 404, an empty segment too. */
static void test_unknown(void **state)
{
    static const char *const paths[] = { "/x",
                                         "//",
                                         "/api/v1/nodes/",
                                         "/api/v1/nodes//records",
                                         "/api/v1/nodes/a/b",
                                         "/api/v1/nodes/a/records/",
                                         "/API/v1/nodes",
                                         "/health/" };
    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        match("GET", paths[i]);
        assert_int_equal(m.status, 404);
    }
}

/* A parameter that is not percent-encoded text is 400. An encoded slash stays within it. */
static void test_encoding(void **state)
{
    (void)state;
    match("GET", "/api/v1/nodes/%zz");
    assert_int_equal(m.status, 400);
    match("GET", "/api/v1/nodes/%00");
    assert_int_equal(m.status, 400);
    match("GET", "/api/v1/profiles/a%2Fb");
    assert_int_equal(m.status, 200);
    test_text_equal(m.param, "a/b");
}

/* The calls that change something are the ones that the contract counts as writes. */
static void test_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        bool reads = strcmp(routes[i].method, "GET") == 0 || strstr(routes[i].path, "/discover");
        assert_int_equal(routes[i].is_write, !reads);
    }
}

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s cannot be opened", path);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, f) > 0);
    fclose(f);
    return text;
}

/* The description for programs has each call under its path; the manual page names each path. */
static void test_documented(void **state)
{
    char *openapi = read_file(SOURCE_DIR "/deploy/openapi.yaml"),
         *manual = read_file(SOURCE_DIR "/deploy/man/nodehttpd.8");
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        char path[80], method[16] = "\n    ";
        snprintf(path, sizeof path, "\n  %s:\n", routes[i].path);
        for (size_t k = 0; routes[i].method[k]; k++) method[5 + k] = (char)(routes[i].method[k] | 0x20);
        strcat(method, ":\n");
        const char *at = strstr(openapi, path);
        if (!at) fail_msg("%s is not in openapi.yaml", routes[i].path);
        const char *end = strstr(at + 1, "\n\n"), *found = strstr(at, method);
        if (!found || found > end) fail_msg("%s %s is not in openapi.yaml", routes[i].method, routes[i].path);
        snprintf(path, sizeof path, "%.*s", (int)strcspn(routes[i].path, "{"), routes[i].path);
        if (!strstr(manual, path)) fail_msg("%s is not in nodehttpd(8)", routes[i].path);
    }
    free(openapi);
    free(manual);
}

/* The manual page has every flag of the program. */
static void test_flags_documented(void **state)
{
    char *manual = read_file(SOURCE_DIR "/deploy/man/nodehttpd.8"), flag[64];
    (void)state;
    for (int key = 0; key < NR_CONF_KEY_COUNT; key++) {
        const struct nr_conf_row *row = nr_conf_row((enum nr_conf_key)key);
        snprintf(flag, sizeof flag, "\\-\\-%s", row->flag);
        if (row->used_by & NR_CONF_NODEHTTPD && !strstr(manual, flag))
            fail_msg("--%s is not in nodehttpd(8)", row->flag);
    }
    free(manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_route), cmocka_unit_test(test_allow),      cmocka_unit_test(test_literal_first),
        cmocka_unit_test(test_head),        cmocka_unit_test(test_unknown),    cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_writes),      cmocka_unit_test(test_documented), cmocka_unit_test(test_flags_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
