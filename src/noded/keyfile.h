/* Small files of the state directory: written whole or not at all, durable, mode 0600. Keys stand in them as
 * hexadecimal digits. */
#ifndef NODED_KEYFILE_H
#define NODED_KEYFILE_H

#include <sys/types.h>

#include "base/buf.h"

#define KEYFILE_MAX 8192

/* A file below an open directory. NR_E_NOT_FOUND, NR_E_TOO_LARGE, NR_E_SYSTEM (errno), NR_E_NOMEM. */
int keyfile_read(int dir, const char *name, struct nr_buf *out) NR_MUST_CHECK;
/* Under another name, synced, renamed, the directory synced. NR_E_SYSTEM (errno). */
int keyfile_write(int dir, const char *name, struct nr_bytes content, mode_t mode) NR_MUST_CHECK;
bool keyfile_exists(int dir, const char *name);

/* Reads 1 to `max` keys of `len` bytes. NR_E_CORRUPT: something else stands there. */
int keyfile_read_keys(int dir, const char *name, uint8_t *keys, size_t len, size_t max, size_t *count) NR_MUST_CHECK;

/* Several files that are worth nothing one by one: each is written whole or not at all, and they are durable when
 * keyfile_set_write has returned, for little more than what one costs to sync; the last one added is there only when
 * the others are durable. Zeroed but for `dir` at first; names are borrowed. After a failure `failed` names the file,
 * errno says why, and nothing is left under other names. */
#define KEYFILE_SET_MAX 8

struct keyfile_set {
    int dir;
    const char *names[KEYFILE_SET_MAX], *failed;
    size_t count;
};
int keyfile_set_add(struct keyfile_set *set, const char *name, struct nr_bytes content, mode_t mode) NR_MUST_CHECK;
/* `len` bytes as hexadecimal digits, one key a line. */
int keyfile_set_add_keys(struct keyfile_set *set, const char *name, const uint8_t *keys, size_t len,
                         size_t count) NR_MUST_CHECK;
int keyfile_set_write(struct keyfile_set *set) NR_MUST_CHECK;
void keyfile_set_drop(struct keyfile_set *set); /* what was added and is not written yet */

#endif
