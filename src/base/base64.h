/* base64url without padding (RFC 4648 section 5), one text for one run of bytes. */
#ifndef NR_BASE_BASE64_H
#define NR_BASE_BASE64_H

#include "base/buf.h"

void nr_base64url_encode(struct nr_bytes in, struct nr_buf *out); /* appends */
/* NR_E_INVALID: padding, white space, another alphabet, a length that no text has, or spare bits that are not zero.
 * NR_E_TOO_LARGE: more than `size` bytes. */
int nr_base64url_decode(struct nr_bytes text, uint8_t *out, size_t size, size_t *len) NR_MUST_CHECK;

#endif
