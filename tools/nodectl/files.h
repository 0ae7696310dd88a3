/* Files of the state directory and beside it: what backup, restore and doctor share. Failures leave errno. */
#ifndef NR_NODECTL_FILES_H
#define NR_NODECTL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/bytes.h"

/* Whether noded (or a restore) holds the state directory's lock. `dir` is open for reading. When it is free it is
 * this process's until `dir` is closed. 1 held by another, 0 taken, -1. */
int ctl_lock_dir(int dir);

/* Makes a file of its own below `dir`, complete and synced, or none. */
int ctl_write_file(int dir, const char *name, struct nr_bytes content, mode_t mode, uid_t owner, gid_t group);

/* Whether a directory holds anything (lost+found aside). 1 yes, 0 no, -1. */
int ctl_dir_filled(int dir);

/* Removes a directory and all in it, without following links. */
int ctl_remove_tree(const char *path);

/* The directory that `path` stands in. */
void ctl_parent(const char *path, char *out, size_t size);
/* Syncs that directory, so that a name in it lasts. */
int ctl_sync_parent(const char *path);

#endif
