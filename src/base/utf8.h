/* UTF-8 by RFC 3629. */
#ifndef NR_BASE_UTF8_H
#define NR_BASE_UTF8_H

#include "base/bytes.h"

bool nr_utf8_valid(struct nr_bytes s);
/* Valid, and no U+0000–U+001F or U+007F. */
bool nr_utf8_clean(struct nr_bytes s);

#endif
