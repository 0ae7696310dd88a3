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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_route), cmocka_unit_test(test_allow),   cmocka_unit_test(test_literal_first),
        cmocka_unit_test(test_head),        cmocka_unit_test(test_unknown), cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
