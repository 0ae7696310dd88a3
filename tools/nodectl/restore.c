/* nodectl restore. The archive is checked whole before anything is touched. What it holds is then written into a
 * directory of its own within the state directory and synced, and put into place by renames, cluster.keys last: a
 * restore that is cut short leaves what noded refuses to start on, never half a node. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "tools/nodectl/archive.h"
#include "tools/nodectl/command.h"
#include "tools/nodectl/files.h"

#define STAGE "restore.tmp"

struct target {
    const char *path;
    int dir; /* the state directory, locked */
    uid_t owner;
    gid_t group;
    mode_t mode;
    char aside[4200]; /* where the old one went; "": nowhere */
};

static int fail_at(const char *path)
{
    return ctl_fail("%s: %s", path, strerror(errno));
}

static int check_archive(const char *path, struct nr_bytes file, struct ctl_archive *archive)
{
    switch (ctl_archive_read(file, archive)) {
    case 0: return 0;
    case NR_E_VERSION: return ctl_fail("%s: a backup of another version: use the nodectl that wrote it", path);
    case NR_E_CORRUPT: return ctl_fail("%s: damaged, or cut short: nothing was changed", path);
    default: return ctl_fail("%s: not a backup", path);
    }
}

/* The lock, on a state directory that may be there. */
static int open_target(struct target *t)
{
    struct stat st;
    t->dir = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->dir < 0 && errno == ENOENT) {
        t->owner = geteuid();
        t->group = getegid();
        t->mode = 0750;
        return 0;
    }
    if (t->dir < 0 || fstat(t->dir, &st) != 0) return fail_at(t->path);
    t->owner = st.st_uid;
    t->group = st.st_gid;
    t->mode = st.st_mode & 0777;
    int held = ctl_lock_dir(t->dir);
    if (held > 0) return ctl_fail("%s: noded runs there: stop it first", t->path);
    return held < 0 ? fail_at(t->path) : 0;
}

static int move_aside(struct target *t)
{
    char path[4097], time[NR_TIME_TEXT];
    size_t len = strlen(t->path);
    if (len >= sizeof path) return ctl_fail("%s: %s", t->path, strerror(ENAMETOOLONG));
    while (len > 1 && t->path[len - 1] == '/') len--;
    snprintf(path, sizeof path, "%.*s", (int)len, t->path);
    nr_time_format(nr_wall_clock_ms(), time);
    time[19] = '\0'; /* seconds will do */
    snprintf(t->aside, sizeof t->aside, "%s.old-%sZ", path, time);
    if (access(t->aside, F_OK) == 0) return ctl_fail("%s: is there already", t->aside);
    if (rename(path, t->aside) != 0) {
        int why = errno;
        *t->aside = '\0';
        return ctl_fail("%s: cannot be moved aside: %s: empty it by hand", t->path, strerror(why));
    }
    close(t->dir);
    t->dir = -1;
    return 0;
}

static int make_target(struct target *t)
{
    if (mkdir(t->path, 0700) != 0) return fail_at(t->path);
    t->dir = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->dir < 0 || (geteuid() == 0 && fchown(t->dir, t->owner, t->group) != 0) || fchmod(t->dir, t->mode) != 0 ||
        ctl_lock_dir(t->dir) != 0)
        return fail_at(t->path);
    return 0;
}

static int prepare(struct target *t, bool force)
{
    int status = open_target(t);
    if (status) return status;
    int filled = t->dir < 0 ? 0 : ctl_dir_filled(t->dir);
    if (filled < 0) return fail_at(t->path);
    if (filled && !force) return ctl_fail("%s: is not empty: --force moves it aside and restores", t->path);
    if (filled) status = move_aside(t);
    if (status == 0 && t->dir < 0) status = make_target(t);
    return status;
}

static int make_dir(const struct target *t, int dir, const char *name)
{
    if (mkdirat(dir, name, 0750) != 0) return -1;
    return geteuid() == 0 ? fchownat(dir, name, t->owner, t->group, AT_SYMLINK_NOFOLLOW) : 0;
}

/* What restore renames: the registry as the directory that it stands in. */
static const char *place_of(const struct ctl_archive_part *part)
{
    return strcmp(part->name, CTL_PART_REGISTRY) == 0 ? "registry" : part->name;
}

static int stage(const struct target *t, const struct ctl_archive *archive)
{
    if (make_dir(t, t->dir, STAGE) != 0 || make_dir(t, t->dir, STAGE "/registry") != 0) return -1;
    int dir = openat(t->dir, STAGE, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = dir < 0 ? -1 : 0;
    for (size_t i = 0; i < archive->count && err == 0; i++) {
        const struct ctl_archive_entry *e = &archive->entries[i];
        if (e->part->restored)
            err = ctl_write_file(dir, e->part->name, e->data, (mode_t)e->part->mode, t->owner, t->group);
    }
    int registry = err ? -1 : openat(dir, "registry", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (err == 0 && (registry < 0 || fsync(registry) != 0 || fsync(dir) != 0)) err = -1;
    int why = errno;
    if (registry >= 0) close(registry);
    if (dir >= 0) close(dir);
    errno = why;
    return err;
}

static const struct ctl_archive_entry *entry_of(const struct ctl_archive *archive, const struct ctl_archive_part *part)
{
    for (size_t i = 0; i < archive->count; i++)
        if (archive->entries[i].part == part) return &archive->entries[i];
    return NULL;
}

static int put_into_place(const struct target *t, const struct ctl_archive *archive)
{
    int dir = openat(t->dir, STAGE, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = dir < 0 ? -1 : 0;
    for (size_t i = 0; i < ctl_archive_part_count && err == 0; i++) {
        const struct ctl_archive_part *part = &ctl_archive_parts[i];
        if (!part->restored || !entry_of(archive, part)) continue;
        err = renameat(dir, place_of(part), t->dir, place_of(part));
        /* cluster.keys must not be there before the rest is for good. */
        if (err == 0) err = fsync(t->dir);
    }
    if (err == 0) err = unlinkat(t->dir, STAGE, AT_REMOVEDIR);
    int why = errno;
    if (dir >= 0) close(dir);
    errno = why;
    return err;
}

static void say_done(const char *from, const struct target *t, const struct ctl_archive *archive)
{
    char q[CTL_QUOTED];
    const struct ctl_archive_entry *about = entry_of(archive, &ctl_archive_parts[0]);
    if (about) ctl_say("%s: %s", from, ctl_quoted(about->data, q));
    if (*t->aside) ctl_say("the old state directory is now %s", t->aside);
    ctl_say("%s: restored; heartbeats come back from the peers when noded starts", t->path);
}

static int restore(const char *from, struct nr_bytes file, const char *state_dir, bool force)
{
    struct ctl_archive archive;
    struct target t = { .path = state_dir, .dir = -1 };
    int status = check_archive(from, file, &archive);
    if (status == 0) status = prepare(&t, force);
    if (status == 0 && (stage(&t, &archive) != 0 || put_into_place(&t, &archive) != 0 || ctl_sync_parent(t.path) != 0))
        status = fail_at(t.path);
    if (status == 0) say_done(from, &t, &archive);
    if (status && *t.aside) ctl_say("the old state directory is now %s", t.aside);
    if (t.dir >= 0) close(t.dir);
    return status;
}

int ctl_restore(struct ctl *ctl, const struct ctl_args *args)
{
    const char *from = args->operand[0];
    struct stat st;
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int status = fail_at(from);
        if (fd >= 0) close(fd);
        return status;
    }
    size_t len = (size_t)st.st_size;
    void *map = S_ISREG(st.st_mode) && len > 0 ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (map == MAP_FAILED) return ctl_fail("%s: not a backup: expected a file", from);
    int status = restore(from, nr_bytes(map, len), ctl->state_dir, ctl_has(args, "force"));
    munmap(map, len);
    return status;
}
