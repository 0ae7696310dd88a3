#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/limits.h"
#include "proto/mp.h"
#include "tools/nodectl/jsonpack.h"

static int pack_text(const char *text, int depth, uint8_t *out, size_t size, size_t *len, char *fault)
{
    struct nr_writer w;
    nr_writer_init(&w, out, size);
    int err = ctl_json_pack(nr_bytes_str(text), depth, &w, fault);
    *len = nr_writer_len(&w);
    return err;
}

/* What comes out is canonical, with keys in the order of their bytes and not of the text. */
static void objects_become_canonical(void **state)
{
    (void)state;
    static const uint8_t expected[] = { 0x83, 0xa1, 'B', 0x93, 0xc0, 0xc3, 0xff, 0xa1, 'a',  0xcb, 0x3f, 0xf8, 0,   0,
                                        0,    0,    0,   0,    0xa2, 'a',  'b',  0x81, 0xa1, 'x',  0xcd, 0x01, 0x00 };
    uint8_t out[128];
    char fault[CTL_JSON_FAULT];
    size_t len;
    assert_int_equal(pack_text("{\"ab\":{\"x\":256},\"a\":1.5,\"B\":[null,true,-1]}", 8, out, sizeof out, &len, fault),
                     0);
    assert_int_equal(len, sizeof expected);
    assert_memory_equal(out, expected, len);
    assert_int_equal(nr_mp_check(nr_bytes(out, len), NR_DEPTH_MAX, true), 0);
}

/* What is not one strict JSON object is refused, with the place. */
static void loose_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "",
                                       "{",
                                       "[]",
                                       "1",
                                       "{} {}",
                                       "{\"a\":1,\"a\":2}",
                                       "{a:1}",
                                       "{\"a\":01}",
                                       "{\"a\":1,}",
                                       "{\"a\":NaN}",
                                       "{\"a\":1e999}",
                                       "{\"a\":9223372036854775808}",
                                       "{\"a\":\"\xff\"}",
                                       "{\"a\":\"\\ud800\"}" };
    uint8_t out[128];
    char fault[CTL_JSON_FAULT];
    size_t len;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        *fault = '\0';
        assert_int_equal(pack_text(bad[i], 8, out, sizeof out, &len, fault), NR_E_INVALID);
        assert_true(*fault != '\0');
    }
}

/* Depth and size are bounded, and the fault says which. */
static void bounds_hold(void **state)
{
    (void)state;
    uint8_t out[16];
    char fault[CTL_JSON_FAULT];
    size_t len;
    assert_int_equal(pack_text("{\"a\":[[]]}", 3, out, sizeof out, &len, fault), 0);
    assert_int_equal(pack_text("{\"a\":[[]]}", 2, out, sizeof out, &len, fault), NR_E_INVALID);
    assert_non_null(strstr(fault, "nested"));
    assert_int_equal(pack_text("{\"a\":\"0123456789abc\"}", 3, out, sizeof out, &len, fault), NR_E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_become_canonical),
        cmocka_unit_test(loose_json_is_refused),
        cmocka_unit_test(bounds_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
