/* Reading /proc, /sys and /etc, below a root. What stands there may be missing, huge or no regular file: reading is
 * bounded and never waits. */
#ifndef NODEPROBE_TREE_H
#define NODEPROBE_TREE_H

#include "base/buf.h"
#include "base/bytes.h"

#define TREE_PATH_MAX 512
#define TREE_FILE_MAX 4096 /* an attribute's file */
#define TREE_NAME_MAX 64

/* The first `size` bytes of root/path; empty where it cannot be read. Borrows `into`. */
struct nr_bytes tree_read(const char *root, char *into, size_t size, const char *path, ...)
    __attribute__((format(printf, 4, 5)));
/* The same of a large file, up to the buffer's maximum; what is there stays as it is. NR_E_NOT_FOUND, NR_E_IO,
 * NR_E_NOMEM, NR_E_TOO_LARGE. */
int tree_load(const char *root, const char *path, struct nr_buf *into) NR_MUST_CHECK;
bool tree_number(const char *root, uint64_t *out, const char *path, ...) __attribute__((format(printf, 3, 4)));
bool tree_exists(const char *root, const char *path);

/* The names in root/path that `wanted` takes, sorted as a person would (sda, sdb; card2, card10); names longer than
 * TREE_NAME_MAX - 1 are left out. Returns how many of at most `max`: the first ones met, where there are more. */
size_t tree_names(const char *root, const char *path, bool (*wanted)(const char *name), char out[][TREE_NAME_MAX],
                  size_t max);

#endif
