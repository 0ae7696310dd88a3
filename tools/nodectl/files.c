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

int ctl_write_file(int dir, const char *name, struct nr_bytes content, mode_t mode, uid_t owner, gid_t group)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    int err = write_whole(fd, content);
    if (err == 0 && geteuid() == 0) err = fchown(fd, owner, group);
    if (err == 0) err = fchmod(fd, mode);
    if (err == 0) err = fsync(fd);
    int why = errno;
    if (close(fd) != 0 && err == 0) err = -1, why = errno;
    if (err) unlinkat(dir, name, 0);
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

int ctl_remove_tree(const char *path)
{
    return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
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
