#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tools/nodectl/table.h"

static void expect_printed(struct ctl_table *t, bool colour, const char *expected)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    assert_int_equal(ctl_table_print(t, f, colour), 0);
    fclose(f);
    assert_string_equal(text, expected);
    free(text);
    ctl_table_fini(t);
}

/* Columns are as wide as their widest cell by what a terminal shows, numbers stand at the right, the last column is not
 * padded. */
static void columns_align(void **state)
{
    (void)state;
    struct ctl_table t;
    ctl_table_init(&t, "NAME,>SIZE,LAST");
    ctl_table_str(&t, CTL_PLAIN, "名前");
    ctl_table_printf(&t, CTL_PLAIN, "%d", 12345);
    ctl_table_str(&t, CTL_PLAIN, "x");
    ctl_table_str(&t, CTL_PLAIN, "abcdef");
    ctl_table_printf(&t, CTL_PLAIN, "%d", 7);
    ctl_table_str(&t, CTL_PLAIN, "");
    assert_int_equal(ctl_table_rows(&t), 2);
    expect_printed(&t, false, "NAME     SIZE  LAST\n名前    12345  x\nabcdef      7  -\n");
}

/* Colour stands around the text and never changes a column's place. */
static void colour_takes_no_columns(void **state)
{
    (void)state;
    struct ctl_table t;
    ctl_table_init(&t, "A,B");
    ctl_table_str(&t, CTL_GOOD, "on");
    ctl_table_str(&t, CTL_PLAIN, "x");
    expect_printed(&t, true, "\033[1mA\033[0m   \033[1mB\033[0m\n\033[32mon\033[0m  x\n");
}

/* A cell cannot break out of its line, and its escapes count as the columns that they take. */
static void cells_are_escaped(void **state)
{
    (void)state;
    struct ctl_table t;
    ctl_table_init(&t, "A,B");
    ctl_table_str(&t, CTL_PLAIN, "a\nb\033");
    ctl_table_str(&t, CTL_PLAIN, "x");
    expect_printed(&t, false, "A           B\na\\x0ab\\x1b  x\n");
}

/* Without rows the header alone is printed; without a header the rows alone. */
static void header_is_printed_or_left_out(void **state)
{
    (void)state;
    struct ctl_table t;
    ctl_table_init(&t, "A,B");
    expect_printed(&t, false, "A  B\n");
    ctl_table_init(&t, "LONG HEADER,");
    t.headless = true;
    ctl_table_str(&t, CTL_PLAIN, "a");
    ctl_table_str(&t, CTL_PLAIN, "b");
    expect_printed(&t, false, "a  b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_align),
        cmocka_unit_test(colour_takes_no_columns),
        cmocka_unit_test(cells_are_escaped),
        cmocka_unit_test(header_is_printed_or_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
