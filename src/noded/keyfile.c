#include "noded/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "crypto/crypto.h"

int keyfile_read(int dir, const char *name, struct nr_buf *out)
{
    uint8_t chunk[1024];
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), err = 0;
    if (fd < 0) return errno == ENOENT ? NR_E_NOT_FOUND : NR_E_SYSTEM;
    while (!err) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) err = NR_E_SYSTEM;
        if (n <= 0) break;
        nr_buf_add(out, chunk, (size_t)n);
        err = out->err;
    }
    nr_wipe(chunk, sizeof chunk);
    close(fd);
    return err;
}

static int write_all(int fd, struct nr_bytes content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.data, content.len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return NR_E_SYSTEM;
        content = nr_bytes(content.data + n, content.len - (size_t)n);
    }
    return 0;
}

struct temporary {
    char name[64];
};

static struct temporary temporary_of(const char *name)
{
    struct temporary t;
    snprintf(t.name, sizeof t.name, ".%s.new", name);
    return t;
}

void keyfile_set_drop(struct keyfile_set *set)
{
    int saved = errno;
    for (size_t i = 0; i < set->count; i++) (void)unlinkat(set->dir, temporary_of(set->names[i]).name, 0);
    set->count = 0;
    errno = saved;
}

static int set_failed(struct keyfile_set *set, const char *name)
{
    set->failed = name;
    keyfile_set_drop(set);
    return NR_E_SYSTEM;
}

/* Its pages are on their way to the disk while the next file is written, so that the first file to be synced takes the
 * others with it. */
int keyfile_set_add(struct keyfile_set *set, const char *name, struct nr_bytes content, mode_t mode)
{
    struct temporary t = temporary_of(name);
    nr_assert(set->count < KEYFILE_SET_MAX);
    (void)unlinkat(set->dir, t.name, 0);
    int fd = openat(set->dir, t.name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return set_failed(set, name);
    set->names[set->count++] = name;
    int err = write_all(fd, content);
    if (!err && fchmod(fd, mode) != 0) err = NR_E_SYSTEM;
    if (!err) (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* only for speed */
    int saved = errno;
    if (close(fd) != 0 && !err) {
        err = NR_E_SYSTEM;
        saved = errno;
    }
    errno = saved;
    return err ? set_failed(set, name) : 0;
}

static int sync_file(int dir, const char *name)
{
    int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return NR_E_SYSTEM;
    int err = fsync(fd) != 0 ? NR_E_SYSTEM : 0, saved = errno;
    close(fd);
    errno = saved;
    return err;
}

int keyfile_set_write(struct keyfile_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (sync_file(set->dir, temporary_of(set->names[i]).name) != 0) return set_failed(set, set->names[i]);
    }
    for (size_t i = 0; i < set->count; i++) {
        const char *name = set->names[i];
        bool last = i > 0 && i + 1 == set->count;
        if (last && fsync(set->dir) != 0) return set_failed(set, name);
        if (renameat(set->dir, temporary_of(name).name, set->dir, name) != 0) return set_failed(set, name);
    }
    if (set->count && fsync(set->dir) != 0) return set_failed(set, set->names[0]);
    set->count = 0;
    return 0;
}

int keyfile_write(int dir, const char *name, struct nr_bytes content, mode_t mode)
{
    struct keyfile_set set = { .dir = dir };
    int err = keyfile_set_add(&set, name, content, mode);
    return err ? err : keyfile_set_write(&set);
}

bool keyfile_exists(int dir, const char *name)
{
    return faccessat(dir, name, F_OK, AT_EACCESS) == 0;
}

int keyfile_set_add_keys(struct keyfile_set *set, const char *name, const uint8_t *keys, size_t len, size_t count)
{
    struct nr_buf text;
    nr_buf_init(&text, KEYFILE_MAX);
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < len; i++) nr_buf_printf(&text, "%02x", keys[k * len + i]);
        nr_buf_add_str(&text, "\n");
    }
    int err = text.err ? text.err : keyfile_set_add(set, name, nr_buf_bytes(&text), 0600);
    if (text.data) nr_wipe(text.data, text.cap);
    nr_buf_fini(&text);
    return err;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One line of 2 * len digits from the start of `*in`. */
static bool take_key(struct nr_bytes *in, uint8_t *key, size_t len)
{
    if (in->len < 2 * len + 1 || in->data[2 * len] != '\n') return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(in->data[2 * i]), low = hex_digit(in->data[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    *in = nr_bytes(in->data + 2 * len + 1, in->len - 2 * len - 1);
    return true;
}

int keyfile_read_keys(int dir, const char *name, uint8_t *keys, size_t len, size_t max, size_t *count)
{
    struct nr_buf text;
    nr_buf_init(&text, KEYFILE_MAX);
    int err = keyfile_read(dir, name, &text);
    struct nr_bytes left = nr_buf_bytes(&text);
    for (*count = 0; !err && left.len > 0; ++*count) {
        if (*count == max || !take_key(&left, keys + *count * len, len)) err = NR_E_CORRUPT;
    }
    if (!err && *count == 0) err = NR_E_CORRUPT;
    if (text.data) nr_wipe(text.data, text.cap);
    nr_buf_fini(&text);
    return err;
}
