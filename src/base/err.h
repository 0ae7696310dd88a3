/* Error codes of every layer, and their texts: one list.
 *
 * Functions return 0 or one of these (all negative). `nr_strerror` gives a text for people, `nr_errname` the stable
 * word that scripts see (control socket, JSON output, metrics). */
#ifndef NR_BASE_ERR_H
#define NR_BASE_ERR_H

#include <stddef.h>

#define NR_ERRORS(X)                                                                                                   \
    X(NR_E_NOMEM, -1, "no_memory", "out of memory")                                                                    \
    X(NR_E_IO, -2, "io", "input or output failed")                                                                     \
    X(NR_E_INVALID, -3, "invalid", "not valid")                                                                        \
    X(NR_E_TRUNCATED, -4, "truncated", "ends too early")                                                               \
    X(NR_E_NONCANONICAL, -5, "not_canonical", "not in canonical form")                                                 \
    X(NR_E_TOO_LARGE, -6, "too_large", "larger than its limit")                                                        \
    X(NR_E_NOT_FOUND, -7, "not_found", "not found")                                                                    \
    X(NR_E_EXISTS, -8, "exists", "already there")                                                                      \
    X(NR_E_STALE, -9, "stale", "a newer one is known")                                                                 \
    X(NR_E_EXPIRED, -10, "expired", "its lease has ended")                                                             \
    X(NR_E_AHEAD, -11, "ahead", "its stamp is too far ahead of the clock")                                             \
    X(NR_E_SIGNATURE, -12, "bad_signature", "the signature does not hold")                                             \
    X(NR_E_DENIED, -13, "denied", "not permitted")                                                                     \
    X(NR_E_BUSY, -14, "busy", "over a rate limit, try again")                                                          \
    X(NR_E_FULL, -15, "full", "the disk or the store is full")                                                         \
    X(NR_E_CORRUPT, -16, "corrupt", "the store is damaged")                                                            \
    X(NR_E_VERSION, -17, "version", "written by another version")                                                      \
    X(NR_E_UNAVAILABLE, -18, "unavailable", "noded cannot be reached")                                                 \
    X(NR_E_SYSTEM, -19, "system", "a system call failed")                                                              \
    X(NR_E_TIMEOUT, -20, "timeout", "took too long")

enum nr_err {
    NR_OK = 0,
#define X(sym, num, word, text) sym = num,
    NR_ERRORS(X)
#undef X
};

#define NR_MUST_CHECK __attribute__((warn_unused_result))

/* A text for people. Never NULL; "unknown error" for a number that is not in the list. */
const char *nr_strerror(int err);

/* The stable word, "ok" for 0. Never NULL. */
const char *nr_errname(int err);

/* The code of a stable word; NR_E_IO for one that is not in the list. */
int nr_err_of_name(const char *word, size_t len);

#endif
