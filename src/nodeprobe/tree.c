#include "nodeprobe/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nodeprobe/text.h"

#define LOAD_STEP 65536

/* Opens without waiting for whoever writes into it, should it be a FIFO. */
static int open_file(const char *root, const char *path)
{
    char whole[TREE_PATH_MAX];
    int n = snprintf(whole, sizeof whole, "%s%s", root, path);
    if (n < 0 || (size_t)n >= sizeof whole) return -1;
    return open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static ssize_t read_some(int fd, void *into, size_t size)
{
    ssize_t n;
    do {
        n = read(fd, into, size);
    } while (n < 0 && errno == EINTR);
    return n;
}

static struct nr_bytes read_path(const char *root, char *into, size_t size, const char *path)
{
    size_t len = 0;
    ssize_t n = 1;
    int fd = open_file(root, path);
    if (fd < 0) return nr_bytes(into, 0);
    while (len < size && (n = read_some(fd, into + len, size - len)) > 0) len += (size_t)n;
    close(fd);
    return nr_bytes(into, n < 0 ? 0 : len);
}

struct nr_bytes tree_read(const char *root, char *into, size_t size, const char *path, ...)
{
    char text[TREE_PATH_MAX];
    va_list list;
    va_start(list, path);
    int n = vsnprintf(text, sizeof text, path, list);
    va_end(list);
    if (n < 0 || (size_t)n >= sizeof text) return nr_bytes(into, 0);
    return read_path(root, into, size, text);
}

int tree_load(const char *root, const char *path, struct nr_buf *into)
{
    ssize_t n = 0;
    uint8_t *room;
    int fd = open_file(root, path);
    if (fd < 0) return NR_E_NOT_FOUND;
    while ((room = nr_buf_room(into, LOAD_STEP)) && (n = read_some(fd, room, LOAD_STEP)) > 0)
        nr_buf_commit(into, (size_t)n);
    close(fd);
    return into->err ? into->err : n < 0 ? NR_E_IO : 0;
}

bool tree_number(const char *root, uint64_t *out, const char *path, ...)
{
    char name[TREE_PATH_MAX], text[64];
    va_list list;
    va_start(list, path);
    int n = vsnprintf(name, sizeof name, path, list);
    va_end(list);
    if (n < 0 || (size_t)n >= sizeof name) return false;
    return text_uint(text_trim(read_path(root, text, sizeof text, name)), out);
}

bool tree_exists(const char *root, const char *path)
{
    char whole[TREE_PATH_MAX];
    int n = snprintf(whole, sizeof whole, "%s%s", root, path);
    return n >= 0 && (size_t)n < sizeof whole && access(whole, F_OK) == 0;
}

static int by_version(const void *a, const void *b)
{
    return strverscmp(a, b);
}

size_t tree_names(const char *root, const char *path, bool (*wanted)(const char *name), char out[][TREE_NAME_MAX],
                  size_t max)
{
    char whole[TREE_PATH_MAX];
    size_t count = 0;
    int n = snprintf(whole, sizeof whole, "%s%s", root, path);
    DIR *dir = n >= 0 && (size_t)n < sizeof whole ? opendir(whole) : NULL;
    if (!dir) return 0;
    for (const struct dirent *e; count < max && (e = readdir(dir));) {
        size_t len = strlen(e->d_name);
        if (*e->d_name == '.' || len >= TREE_NAME_MAX || !wanted(e->d_name)) continue;
        memcpy(out[count++], e->d_name, len + 1);
    }
    closedir(dir);
    qsort(out, count, TREE_NAME_MAX, by_version);
    return count;
}
