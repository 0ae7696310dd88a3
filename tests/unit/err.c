#include "base/err.h"

#include "nr_test.h"

static const int codes[] = {
#define X(sym, num, word, text) sym,
    NR_ERRORS(X)
#undef X
};

/* Every code is negative, and has a text and a word that no other has. */
static void every_code_is_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        assert_true(codes[i] < 0);
        assert_string_not_equal(nr_strerror(codes[i]), "unknown error");
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(codes[i], codes[k]);
            assert_string_not_equal(nr_strerror(codes[i]), nr_strerror(codes[k]));
            assert_string_not_equal(nr_errname(codes[i]), nr_errname(codes[k]));
        }
    }
}

/* Scripts see words of lower-case letters and underscores. */
static void words_are_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++)
        assert_int_equal(strspn(nr_errname(codes[i]), "abcdefghijklmnopqrstuvwxyz_"), strlen(nr_errname(codes[i])));
}

/* 0 and numbers that are no code have texts too, never NULL. */
static void any_number_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(nr_errname(0), "ok");
    assert_string_equal(nr_strerror(0), "no error");
    assert_string_equal(nr_errname(-9999), "unknown");
    assert_string_equal(nr_strerror(7), "unknown error");
}

/* The word of a code leads back to it, any other to NR_E_IO. */
static void a_word_finds_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++)
        assert_int_equal(nr_err_of_name(nr_errname(codes[i]), strlen(nr_errname(codes[i]))), codes[i]);
    assert_int_equal(nr_err_of_name("no such word", 12), NR_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_is_told_apart),
        cmocka_unit_test(words_are_plain),
        cmocka_unit_test(any_number_has_a_text),
        cmocka_unit_test(a_word_finds_its_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
