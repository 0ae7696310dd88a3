/* Text as kernels, tools and files give it: borrowed, without an end that is sure, perhaps garbage. Nothing is
 * allocated, and every function takes every input. */
#ifndef NODEPROBE_TEXT_H
#define NODEPROBE_TEXT_H

#include "base/bytes.h"

/* Takes what stands before the next `end` off *rest, and that byte; the rest where there is none. False: nothing was
 * left. */
bool text_until(struct nr_bytes *rest, char end, struct nr_bytes *out);
bool text_line(struct nr_bytes *rest, struct nr_bytes *line);
/* Takes the next run of bytes that are not blank; false: there is none. */
bool text_word(struct nr_bytes *rest, struct nr_bytes *word);
/* Without blanks, newlines and NULs at either side. */
struct nr_bytes text_trim(struct nr_bytes s);
bool text_is(struct nr_bytes s, const char *word);
bool text_starts(struct nr_bytes s, const char *head);
bool text_ends(struct nr_bytes s, const char *tail);
/* The value of the first line "KEY<blanks><sep>VALUE", trimmed; false: there is none. */
bool text_value(struct nr_bytes text, const char *key, char sep, struct nr_bytes *value);

/* The whole of `s` as a number: digits, and nothing that does not fit. */
bool text_uint(struct nr_bytes s, uint64_t *out);
bool text_hex(struct nr_bytes s, uint32_t *out);   /* with or without 0x */
bool text_decimal(struct nr_bytes s, double *out); /* 12, 12.5 */

/* Copies what is valid UTF-8 and no control character, each run of blanks as one space and none at either side, cut
 * between two characters where it does not fit. Returns whether anything is left. */
bool text_copy(char *out, size_t size, struct nr_bytes s);

#endif
