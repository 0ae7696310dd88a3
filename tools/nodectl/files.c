#include "tools/nodectl/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int ctl_lock_dir(int dir)
{
    if (flock(dir, LOCK_EX | LOCK_NB) == 0) return 0;
    return errno == EWOULDBLOCK ? 1 : -1;
}

static int write_whole(int fd, struct nr_bytes content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.data, content.len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        content = nr_bytes(content.data + n, content.len - (size_t)n);
    }
    return 0;
}

/* Only root may give a file away; others may have to, and then must fail. */
static int give_to(int fd, uid_t owner, gid_t group, bool must)
{
    struct stat st;
    if (geteuid() == 0) return fchown(fd, owner, group);
    if (!must) return 0;
    if (fstat(fd, &st) != 0) return -1;
    return st.st_uid == owner && st.st_gid == group ? 0 : fchown(fd, owner, group);
}

static int write_new(int dir, const char *name, struct nr_bytes content, const struct stat *as, bool must)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    int err = write_whole(fd, content);
    if (err == 0) err = give_to(fd, as->st_uid, as->st_gid, must);
    if (err == 0) err = fchmod(fd, as->st_mode & 07777);
    if (err == 0) err = fsync(fd);
    int why = errno;
    if (close(fd) != 0 && err == 0) err = -1, why = errno;
    if (err) unlinkat(dir, name, 0);
    errno = why;
    return err;
}

int ctl_write_file(int dir, const char *name, struct nr_bytes content, mode_t mode, uid_t owner, gid_t group)
{
    const struct stat as = { .st_mode = mode, .st_uid = owner, .st_gid = group };
    return write_new(dir, name, content, &as, false);
}

int ctl_replace_file(int dir, const char *name, struct nr_bytes content, mode_t mode)
{
    char fresh[300];
    struct stat as = { .st_mode = mode, .st_uid = geteuid(), .st_gid = getegid() };
    bool there = fstatat(dir, name, &as, AT_SYMLINK_NOFOLLOW) == 0;
    errno = there ? EINVAL : errno;
    if (there ? !S_ISREG(as.st_mode) : errno != ENOENT) return -1;
    if (snprintf(fresh, sizeof fresh, ".%s.new", name) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return -1;
    }
    (void)unlinkat(dir, fresh, 0); /* of a write that was cut short */
    if (write_new(dir, fresh, content, &as, there) != 0) return -1;
    if (renameat(dir, fresh, dir, name) == 0) return fsync(dir);
    int why = errno;
    unlinkat(dir, fresh, 0);
    errno = why;
    return -1;
}

int ctl_read_file(const char *path, size_t max, struct nr_buf *out)
{
    uint8_t chunk[4096];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), why = 0;
    if (fd < 0) return -1;
    if (fstat(fd, &st) != 0) why = errno;
    if (!why && !S_ISREG(st.st_mode)) why = EINVAL;
    for (size_t total = 0; !why;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0) break;
        if (n < 0 && errno != EINTR) why = errno;
        if (n > 0 && (total += (size_t)n) > max) why = EFBIG;
        if (n > 0 && !why) nr_buf_add(out, chunk, (size_t)n);
        if (out->err) why = ENOMEM;
    }
    close(fd);
    errno = why;
    return why ? -1 : 0;
}

bool ctl_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int ctl_make_dirs(const char *path, mode_t mode)
{
    char copy[4096];
    struct stat st;
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy) {
        errno = ENAMETOOLONG;
        return -1;
    }
    mode_t mask = umask(0022);
    int err = 0;
    for (char *p = copy + 1; err == 0 && *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST) err = -1;
        *p = '/';
    }
    if (err == 0 && mkdir(copy, mode) != 0 && errno != EEXIST) err = -1;
    int why = errno;
    umask(mask);
    if (err == 0 && stat(copy, &st) == 0 && !S_ISDIR(st.st_mode)) err = -1, why = ENOTDIR;
    errno = why;
    return err;
}

int ctl_dir_filled(int dir)
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    if (!d) {
        if (copy >= 0) close(copy);
        return -1;
    }
    int filled = 0;
    for (struct dirent *e; !filled && (e = readdir(d)) != NULL;)
        filled = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && strcmp(e->d_name, "lost+found") != 0;
    closedir(d);
    return filled;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

/* Not FTW_MOUNT: on an overlay, as containers have, files and their directory are of different devices. */
int ctl_remove_tree(const char *path)
{
    return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void ctl_parent(const char *path, char *out, size_t size)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    while (len > 0 && path[len - 1] != '/') len--;
    while (len > 1 && path[len - 1] == '/') len--;
    if (len == 0)
        snprintf(out, size, ".");
    else
        snprintf(out, size, "%.*s", (int)len, path);
}

int ctl_sync_parent(const char *path)
{
    char parent[4096];
    ctl_parent(path, parent, sizeof parent);
    int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return -1;
    int err = fsync(dir), why = errno;
    close(dir);
    errno = why;
    return err;
}
