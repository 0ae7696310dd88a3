/* UTF-8 by RFC 3629. */
#ifndef NR_BASE_UTF8_H
#define NR_BASE_UTF8_H

#include "base/bytes.h"

bool nr_utf8_valid(struct nr_bytes s);
/* Valid, and no U+0000–U+001F or U+007F. */
bool nr_utf8_clean(struct nr_bytes s);
/* How many bytes the character at the start of `s` takes, 1–4; 0: none stands there, or `s` is empty. */
size_t nr_utf8_char(struct nr_bytes s);

#endif
