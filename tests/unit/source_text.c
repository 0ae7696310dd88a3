#include "nodeprobe/text.h"

#include "nodeprobe/part.h"
#include "nr_test.h"
#include "proto/mp.h"

/* Each part up to the separator, the last without one, and then nothing. */
static void splits(void **state)
{
    struct nr_bytes rest = nr_bytes_str("a,,b"), part;
    (void)state;
    assert_true(text_until(&rest, ',', &part));
    test_text_equal(part, "a");
    assert_true(text_until(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_true(text_until(&rest, ',', &part));
    test_text_equal(part, "b");
    assert_false(text_until(&rest, ',', &part));
    rest = nr_bytes_str(" \t one  two\n");
    assert_true(text_word(&rest, &part));
    test_text_equal(part, "one");
    assert_true(text_word(&rest, &part));
    test_text_equal(part, "two");
    assert_false(text_word(&rest, &part));
    test_text_equal(text_trim(nr_bytes(" \tx y \n\0", 8)), "x y");
}

/* The value of the first line with exactly that key. */
static void finds_values(void **state)
{
    struct nr_bytes text = nr_bytes_str("no separator\nMemTotalX: 1\nMemTotal :  2 kB \nMemTotal: 3\nEmpty:"), value;
    (void)state;
    assert_true(text_value(text, "MemTotal", ':', &value));
    test_text_equal(value, "2 kB");
    assert_true(text_value(text, "Empty", ':', &value));
    assert_int_equal(value.len, 0);
    assert_false(text_value(text, "no separator", ':', &value));
    assert_false(text_value(text, "Mem", ':', &value));
}

/* A number is all of the text, and fits. */
static void reads_numbers(void **state)
{
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "1x", "18446744073709551616", "99999999999999999999"
    };
    uint64_t v;
    uint32_t h;
    double d;
    (void)state;
    assert_true(text_uint(nr_bytes_str("18446744073709551615"), &v) && v == UINT64_MAX);
    assert_true(text_uint(nr_bytes_str("0"), &v) && v == 0);
    for (size_t i = 0; i < COUNT(bad); i++) assert_false(text_uint(nr_bytes_str(bad[i]), &v));
    assert_true(text_hex(nr_bytes_str("0x10DE"), &h) && h == 0x10de);
    assert_true(text_hex(nr_bytes_str("ffffffff"), &h) && h == UINT32_MAX);
    assert_false(text_hex(nr_bytes_str("0x"), &h) || text_hex(nr_bytes_str("0x1g"), &h) ||
                 text_hex(nr_bytes_str("123456789"), &h));
    assert_true(text_decimal(nr_bytes_str("12.25"), &d) && d > 12.2499 && d < 12.2501);
    assert_true(text_decimal(nr_bytes_str("7"), &d) && d > 6.9999 && d < 7.0001);
    assert_false(text_decimal(nr_bytes_str(".5"), &d) || text_decimal(nr_bytes_str("1.2.3"), &d) ||
                 text_decimal(nr_bytes_str("nan"), &d));
}

/* A copy is clean UTF-8, its blanks single, cut between characters. */
static void copies_clean(void **state)
{
    char out[8];
    (void)state;
    assert_true(text_copy(out, sizeof out, nr_bytes_str("  a \t\n b  ")));
    assert_string_equal(out, "a b");
    assert_true(text_copy(out, sizeof out, nr_bytes("x\0\x1b\x7f\xff\xc3y", 7)));
    assert_string_equal(out, "xy");
    assert_true(text_copy(out, sizeof out, nr_bytes_str("12345\xc3\xa9\xc3\xa9")));
    assert_string_equal(out, "12345\xc3\xa9");
    assert_true(text_copy(out, sizeof out, nr_bytes_str("123456\xc3\xa9")));
    assert_string_equal(out, "123456");
    assert_true(text_copy(out, sizeof out, nr_bytes_str("123456 789")));
    assert_string_equal(out, "123456");
    assert_false(text_copy(out, sizeof out, nr_bytes_str(" \n")));
    assert_string_equal(out, "");
}

static struct part p;

static void holds(const char *hex)
{
    uint8_t want[64], got[64];
    struct nr_writer w;
    nr_writer_init(&w, got, sizeof got);
    part_write_map(&p, &w);
    test_bytes_equal(nr_writer_bytes(&w), test_unhex(hex, want, sizeof want));
}

/* What does not fit, is empty or no number is left out whole, and what comes after it is not. */
static void leaves_out_what_does_not_fit(void **state)
{
    struct part array;
    (void)state;
    part_init(&p, 6);
    part_text(&p, "a", "too long for it");
    part_text(&p, "b", "");
    part_number(&p, "c", 0.0 / 0.0, 1);
    part_uint(&p, "d", 5);
    part_bool(&p, "e", true);
    part_bool(&p, "f", true); /* no room */
    holds("82 a164 05 a165 c3");
    part_init(&array, 5);
    assert_true(part_add_text(&array, "abc"));
    assert_false(part_add_text(&array, "d"));
    assert_int_equal(array.count, 1);
}

/* Percentages to one digit, gigabytes (of 2^30 bytes) to two. */
static void rounds(void **state)
{
    (void)state;
    part_init(&p, PART_MAX);
    part_number(&p, "a", 33.3499, 1);
    holds("81 a161 cb 4040a66666666666"); /* 33.3 */
    part_init(&p, PART_MAX);
    part_gib(&p, "a", 16655728640);       /* 15.5119… */
    holds("81 a161 cb 402f051eb851eb85"); /* 15.51 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),
        cmocka_unit_test(finds_values),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(copies_clean),
        cmocka_unit_test(leaves_out_what_does_not_fit),
        cmocka_unit_test(rounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
