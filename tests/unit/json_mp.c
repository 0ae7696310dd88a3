#include "proto/json_mp.h"

#include "nr_test.h"
#include "proto/limits.h"

static struct nr_buf buf;

static int render(struct nr_bytes in)
{
    struct nr_json j;
    struct nr_reader r;
    nr_buf_reset(&buf);
    nr_json_init(&j, &buf);
    nr_reader_init(&r, in);
    nr_mp_to_json(&r, &j);
    assert_int_equal(buf.err, 0);
    assert_int_equal(j.depth, 0);
    return nr_reader_end(&r);
}

static void renders(const char *hex, const char *want)
{
    uint8_t bytes[256];
    assert_int_equal(render(test_unhex(hex, bytes, sizeof bytes)), 0);
    test_text_equal(nr_buf_bytes(&buf), want);
}

/* Every type has its JSON; bin is base64url. */
static void renders_every_type(void **state)
{
    (void)state;
    renders("c0", "null");
    renders("c2", "false");
    renders("c3", "true");
    renders("cfffffffffffffffff", "18446744073709551615");
    renders("d38000000000000000", "-9223372036854775808");
    renders("cb3fe0000000000000", "0.5");
    renders("a3220a61", "\"\\\"\\na\"");
    renders("c403fbffbf", "\"-_-_\"");
    renders("c400", "\"\"");
    renders("90", "[]");
    renders("80", "{}");
    renders("82a1619301c080a1629102", "{\"a\":[1,null,{}],\"b\":[2]}");
}

/* What is cut or not canonical fails the reader; the JSON is balanced all the same. */
static void bad_input_fails(void **state)
{
    uint8_t bytes[64];
    struct nr_bytes whole = test_unhex("82a1619301c081a178c401ffa1629102", bytes, sizeof bytes);
    (void)state;
    assert_int_equal(render(whole), 0);
    for (size_t n = 0; n < whole.len; n++) assert_true(render(nr_bytes(bytes, n)) < 0);
    assert_int_equal(render(test_unhex("82a161c0a161c0", bytes, sizeof bytes)), NR_E_NONCANONICAL);
    assert_int_equal(render(test_unhex("8101c0", bytes, sizeof bytes)), NR_E_INVALID);
    assert_int_equal(render(test_unhex("9201c1", bytes, sizeof bytes)), NR_E_INVALID);
}

/* Depth is bounded as in records. */
static void depth_is_bounded(void **state)
{
    uint8_t bytes[NR_DEPTH_MAX + 1];
    (void)state;
    memset(bytes, 0x91, sizeof bytes);
    bytes[NR_DEPTH_MAX - 1] = 0x90;
    assert_int_equal(render(nr_bytes(bytes, NR_DEPTH_MAX)), 0);
    bytes[NR_DEPTH_MAX - 1] = 0x91;
    bytes[NR_DEPTH_MAX] = 0x90;
    assert_int_equal(render(nr_bytes(bytes, NR_DEPTH_MAX + 1)), NR_E_TOO_LARGE);
}

static int fini(void **state)
{
    (void)state;
    nr_buf_fini(&buf);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders_every_type),
        cmocka_unit_test(bad_input_fails),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, fini);
}
