#include "base/base64.h"

#include "nr_test.h"

/* RFC 4648 section 10, without the padding, and the two letters that base64url has of its own. */
static void encodes_the_rfc_s_examples(void **state)
{
    static const char *const pairs[][2] = {
        { "", "" },           { "f", "Zg" },          { "fo", "Zm8" },          { "foo", "Zm9v" },
        { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbf", "-_-_" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct nr_buf b;
        uint8_t out[8];
        size_t len = 99;
        nr_buf_init(&b, 0);
        nr_base64url_encode(nr_bytes_str(pairs[i][0]), &b);
        test_text_equal(nr_buf_bytes(&b), pairs[i][1]);
        assert_int_equal(nr_base64url_decode(nr_buf_bytes(&b), out, strlen(pairs[i][0]), &len), 0);
        test_text_equal(nr_bytes(out, len), pairs[i][0]);
        nr_buf_fini(&b);
    }
}

/* One text for one run of bytes: padding, other alphabets, white space, odd lengths and spare bits are refused. */
static void refuses_other_texts(void **state)
{
    static const char *const bad[] = { "Z", "Zg==", "Zg=", "Zh", "Zm9", "Zm 9v", "Zm9v\n", "+/+/", "Zm9vY", "Zm9\xc3" };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t out[16];
        size_t len;
        assert_int_equal(nr_base64url_decode(nr_bytes_str(bad[i]), out, sizeof out, &len), NR_E_INVALID);
    }
}

/* One byte less than is needed is refused before anything is written. */
static void respects_the_output_s_size(void **state)
{
    uint8_t out[6] = { 0 };
    size_t len;
    (void)state;
    assert_int_equal(nr_base64url_decode(nr_bytes_str("Zm9vYmFy"), out, 5, &len), NR_E_TOO_LARGE);
    assert_int_equal(nr_base64url_decode(nr_bytes_str("Zm9vYmE"), out, 4, &len), NR_E_TOO_LARGE);
    assert_memory_equal(out, "\0\0\0\0\0\0", 6);
    assert_int_equal(nr_base64url_decode(nr_bytes_str("Zm9vYmFy"), out, 6, &len), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_the_rfc_s_examples),
        cmocka_unit_test(refuses_other_texts),
        cmocka_unit_test(respects_the_output_s_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
