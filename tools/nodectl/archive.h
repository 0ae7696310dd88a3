/* The backup file (nodectl(1), BACKUP FILE), writer beside reader.
 *
 *     magic     "dagi-backup 1\n"
 *     entry     length of the name (1 byte, 1–64), name, length of the data (8 bytes, big-endian), data
 *     …
 *     end       one byte 0
 *     trailer   BLAKE2b-256 over all that stands before it (32 bytes)
 *
 * A reader trusts nothing: the trailer is checked first, a name must stand in the list of ctl_archive_parts, no name
 * comes twice, a length keeps within its part's bound and within the file, and what is required is there. */
#ifndef NR_NODECTL_ARCHIVE_H
#define NR_NODECTL_ARCHIVE_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/err.h"

#define CTL_ARCHIVE_MAGIC    "dagi-backup 1\n"
#define CTL_ARCHIVE_TRAILER  32
#define CTL_ARCHIVE_NAME_MAX 64

/* One thing that a backup may hold. */
struct ctl_archive_part {
    const char *name; /* in the archive, and its path below the state directory */
    uint64_t max;     /* bytes */
    unsigned mode;    /* of the restored file */
    bool required;
    bool restored; /* false: words about the backup, not a file of the state directory */
};
extern const struct ctl_archive_part ctl_archive_parts[];
extern const size_t ctl_archive_part_count;
#define CTL_ARCHIVE_PARTS_MAX 16

#define CTL_PART_ABOUT    "about"
#define CTL_PART_REGISTRY "registry/data.mdb"

struct ctl_archive_entry {
    const struct ctl_archive_part *part;
    struct nr_bytes data; /* borrowed from the file */
};

struct ctl_archive {
    struct ctl_archive_entry entries[CTL_ARCHIVE_PARTS_MAX];
    size_t count;
};

/* Checks the whole file and lists what it holds. NR_E_INVALID (no backup at all, or not well-formed), NR_E_VERSION (of
 * another form), NR_E_CORRUPT (the trailer does not hold: damaged or cut short), NR_E_TOO_LARGE. */
int ctl_archive_read(struct nr_bytes file, struct ctl_archive *out) NR_MUST_CHECK;

/* Writing, to a seekable stream opened for reading too, at its start. Errors stick to the stream; ctl_archive_end
 * returns them. */
void ctl_archive_begin(FILE *f);
void ctl_archive_add(FILE *f, const char *name, struct nr_bytes data);
/* Copies `from` to its end. `size` is its length; NR_E_IO when it has another. */
int ctl_archive_add_stream(FILE *f, const char *name, FILE *from, uint64_t size) NR_MUST_CHECK;
/* Writes the end and the trailer, and flushes. NR_E_IO (errno). */
int ctl_archive_end(FILE *f) NR_MUST_CHECK;

#endif
