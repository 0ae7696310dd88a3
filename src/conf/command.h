/* A command line as it stands in a configuration file, split into words. No shell: no variables, patterns, pipes. */
#ifndef NR_CONF_COMMAND_H
#define NR_CONF_COMMAND_H

#include "base/bytes.h"
#include "base/err.h"

#define NR_COMMAND_WORDS_MAX 64
#define NR_COMMAND_TEXT_MAX  1064 /* a check's longest target, and a NUL a word */

struct nr_command {
    char *argv[NR_COMMAND_WORDS_MAX + 1]; /* into `text`; NULL behind the last */
    size_t argc;
    char text[NR_COMMAND_TEXT_MAX];
};

/* Words are separated by blanks. '…' takes what is inside as it is; "…" too, but \" is a quote in it and \\ a
 * backslash; outside of both, \ takes the next character as it is. NR_E_INVALID: no word or an empty first one, a quote
 * that is not closed, a backslash at the end, a NUL; NR_E_TOO_LARGE: too many words or bytes. `out` must not be moved.
 */
int nr_command_split(struct nr_bytes line, struct nr_command *out) NR_MUST_CHECK;

#endif
