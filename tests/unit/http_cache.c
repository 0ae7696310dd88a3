#include <stdio.h>

#include "nodehttpd/cache.h"
#include "nr_test.h"

static struct cache c;
static const struct nr_generation now_g = { .registry = 5, .pulse = 7 };

static struct nr_http_blob *blob_of(size_t len)
{
    struct nr_buf b;
    uint8_t *zero = calloc(1, len);
    nr_buf_init(&b, 0);
    nr_buf_add(&b, zero, len);
    free(zero);
    return nr_http_blob_new(&b);
}

static void put(const char *key, size_t len)
{
    struct nr_http_blob *b = blob_of(len);
    cache_put(&c, nr_bytes_str(key), now_g, 1000, 2000, "X: 1\r\n", b);
    nr_http_blob_unref(b);
}

static const struct cache_entry *find(const char *key, struct nr_generation g, int64_t now_ms)
{
    return cache_find(&c, nr_bytes_str(key), g, now_ms);
}

static int setup(void **state)
{
    (void)state;
    cache_init(&c);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cache_fini(&c);
    return 0;
}

/* What was put is found under its own key only. */
static void test_found(void **state)
{
    (void)state;
    put("/a", 10);
    const struct cache_entry *e = find("/a", now_g, 1500);
    assert_non_null(e);
    assert_string_equal(e->headers, "X: 1\r\n");
    assert_int_equal(nr_http_blob_bytes(e->blob).len, 10);
    assert_null(find("/b", now_g, 1500));
    assert_int_equal(c.hits, 1);
    assert_int_equal(c.misses, 1);
}

/* Either half of the generation, the moment at which a status turns, and a clock set back end an answer's life. */
static void test_outdated(void **state)
{
    (void)state;
    put("/a", 1);
    assert_null(find("/a", (struct nr_generation){ 6, 7 }, 1500));
    put("/a", 1);
    assert_null(find("/a", (struct nr_generation){ 5, 8 }, 1500));
    put("/a", 1);
    assert_non_null(find("/a", now_g, 1999));
    assert_null(find("/a", now_g, 2000));
    put("/a", 1);
    assert_null(find("/a", now_g, 999));
    assert_int_equal(c.bytes, 0);
}

/* Another store's generations count from the start again: nothing of the old one's answers is kept. */
static void test_other_store(void **state)
{
    (void)state;
    cache_of_store(&c, 1);
    put("/a", 1);
    cache_of_store(&c, 1);
    assert_non_null(find("/a", now_g, 1500));
    cache_of_store(&c, 2);
    assert_null(find("/a", now_g, 1500));
    assert_int_equal(c.bytes, 0);
}

/* The least recently used leaves for the next. */
static void test_least_used_leaves(void **state)
{
    char key[16];
    (void)state;
    for (int i = 0; i < CACHE_ENTRIES; i++) {
        snprintf(key, sizeof key, "/%d", i);
        put(key, 1);
    }
    assert_non_null(find("/0", now_g, 1500));
    put("/new", 1);
    assert_non_null(find("/0", now_g, 1500));
    assert_null(find("/1", now_g, 1500));
    assert_non_null(find("/2", now_g, 1500));
}

/* The bytes that are kept stay within their bound; one answer that is too large for it is not kept at all. */
static void test_bytes_bounded(void **state)
{
    char key[16];
    (void)state;
    for (int i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "/%d", i);
        put(key, CACHE_BYTES / 4);
        assert_true(c.bytes <= CACHE_BYTES);
    }
    assert_null(find("/1", now_g, 1500));
    assert_non_null(find("/2", now_g, 1500));
    put("/huge", CACHE_BYTES / 2 + 1);
    assert_null(find("/huge", now_g, 1500));
    assert_non_null(find("/5", now_g, 1500));
}

/* A URI that is too long for a key is answered but not kept. */
static void test_long_key(void **state)
{
    char key[CACHE_KEY_MAX + 2];
    (void)state;
    memset(key, 'a', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    put(key, 1);
    assert_null(find(key, now_g, 1500));
    assert_int_equal(c.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outdated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_store, setup, teardown),
        cmocka_unit_test_setup_teardown(test_least_used_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_key, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
