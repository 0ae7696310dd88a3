/* libnr: error codes. */
#ifndef NR_ERROR_H
#define NR_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#ifndef NR_API
#define NR_API __attribute__((visibility("default")))
#endif

enum nr_error {
    NR_ERR_NO_MEMORY = -1,
    NR_ERR_IO = -2,
    NR_ERR_INVALID = -3,
    NR_ERR_TOO_LARGE = -6,
    NR_ERR_NOT_FOUND = -7,
    NR_ERR_EXISTS = -8,
    NR_ERR_SIGNATURE = -12,
    NR_ERR_DENIED = -13,
    NR_ERR_BUSY = -14,
    NR_ERR_FULL = -15,
    NR_ERR_CORRUPT = -16,
    NR_ERR_VERSION = -17,
    NR_ERR_UNAVAILABLE = -18,
    NR_ERR_SYSTEM = -19,
    NR_ERR_TIMEOUT = -20,
};

/* A text for people; never NULL. */
NR_API const char *nr_error_text(int error);

#ifdef __cplusplus
}
#endif
#endif
