/* Files of the state directory and beside it: what backup, restore, doctor and bootstrap share. Failures leave errno.
 */
#ifndef NR_NODECTL_FILES_H
#define NR_NODECTL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/buf.h"

/* Whether noded (or a restore) holds the state directory's lock. `dir` is open for reading. When it is free it is
 * this process's until `dir` is closed. 1 held by another, 0 taken, -1. */
int ctl_lock_dir(int dir);

/* Makes a file of its own below `dir`, complete and synced, or none. */
int ctl_write_file(int dir, const char *name, struct nr_bytes content, mode_t mode, uid_t owner, gid_t group);

/* The same under the name of one that may be there: it is replaced at once and whole, and keeps mode and owner; `mode`
 * is for a new one, which is this process's user's. What is there under that name and is no file stays: EINVAL. */
int ctl_replace_file(int dir, const char *name, struct nr_bytes content, mode_t mode);

/* A file of at most `max` bytes, appended to `out`. EFBIG beyond, EINVAL for what is no file. */
int ctl_read_file(const char *path, size_t max, struct nr_buf *out);

/* Whether both are there, and the same. */
bool ctl_same_file(const char *a, const char *b);

/* As mkdir -p, whatever the umask; `mode` is the last one's, the others' is 0755. */
int ctl_make_dirs(const char *path, mode_t mode);

/* Whether a directory holds anything (lost+found aside). 1 yes, 0 no, -1. */
int ctl_dir_filled(int dir);

/* Removes a directory and all in it, without following links. */
int ctl_remove_tree(const char *path);

/* The directory that `path` stands in. */
void ctl_parent(const char *path, char *out, size_t size);
/* Syncs that directory, so that a name in it lasts. */
int ctl_sync_parent(const char *path);

#endif
