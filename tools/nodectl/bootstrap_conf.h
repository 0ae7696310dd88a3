/* Keys set in a configuration file that people have written: all else in it stays as it is, byte for byte. */
#ifndef NR_NODECTL_BOOTSTRAP_CONF_H
#define NR_NODECTL_BOOTSTRAP_CONF_H

#include "conf/conf.h"

/* What a key is to be: one item, or as many as a list has; none: the key is not to stand there. */
struct ctl_setting {
    enum nr_conf_key key;
    const char *const *items;
    size_t count;
};

#define CTL_CONF_FILE_MAX (1024 * 1024)

/* Appends to `out` the text of the file `name` with these settings in it. A key that has its value already keeps its
 * lines; else the first of them is rewritten, with its indentation and comment, and the others go; a new one is put
 * behind its commented-out example, or behind the last key of its section, or into a new section at the end. *changed:
 * anything is different. The result was read back and says what was asked for.
 *
 * NR_E_INVALID: the file as it is, or a value, cannot be read so; `faults` has a line for each reason. NR_E_NOMEM. */
int ctl_conf_edit(const char *name, struct nr_bytes text, const struct ctl_setting *settings, size_t count,
                  struct nr_buf *out, bool *changed, struct nr_buf *faults) NR_MUST_CHECK;

/* The same on the file itself: written whole and at once, mode and owner kept, links followed; made with mode 0644
 * where there is none, its directory too; not touched when nothing changes. Errors as above, and NR_E_SYSTEM (errno).
 */
int ctl_conf_edit_file(const char *path, const struct ctl_setting *settings, size_t count, bool *changed,
                       struct nr_buf *faults) NR_MUST_CHECK;

#endif
