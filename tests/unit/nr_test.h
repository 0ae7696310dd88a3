/* What every unit test needs: cmocka with its own prerequisites, bytes from hex, and a way to see an assertion fail. */
#ifndef NR_TEST_H
#define NR_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline int test_hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes from lower-case hex; spaces between bytes are skipped. Borrows `out`. */
static inline struct nr_bytes test_unhex(const char *hex, uint8_t *out, size_t size)
{
    size_t n = 0;
    for (; *hex; hex += 2) {
        while (*hex == ' ') hex++;
        if (!*hex) break;
        assert_true(n < size && test_hex_digit(hex[0]) >= 0 && test_hex_digit(hex[1]) >= 0);
        out[n++] = (uint8_t)(test_hex_digit(hex[0]) << 4 | test_hex_digit(hex[1]));
    }
    return nr_bytes(out, n);
}

static inline void test_bytes_equal(struct nr_bytes got, struct nr_bytes want)
{
    assert_int_equal(got.len, want.len);
    if (want.len) assert_memory_equal(got.data, want.data, want.len);
}

static inline void test_text_equal(struct nr_bytes got, const char *want)
{
    test_bytes_equal(got, nr_bytes_str(want));
}

/* Whether fn ends in an assertion of ours. It runs in a child, whose words are thrown away. */
static inline bool test_aborts(void (*fn)(void))
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        fn();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
