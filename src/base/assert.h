/* Assertions on our own bugs. They stay on in release builds; input from outside is never asserted on. */
#ifndef NR_BASE_ASSERT_H
#define NR_BASE_ASSERT_H

_Noreturn void nr_assert_failed(const char *expr, const char *file, int line);

#define nr_assert(expr) ((expr) ? (void)0 : nr_assert_failed(#expr, __FILE__, __LINE__))

#endif
