/* JSON, as people write it, into canonical msgpack (proto/README.md A.2). */
#ifndef NR_NODECTL_JSONPACK_H
#define NR_NODECTL_JSONPACK_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/err.h"

#define CTL_JSON_FAULT 256

/* Writes the object that `text` holds. Strict: one object and nothing after it, no key twice, integers of at most 64
 * bits (signed), valid UTF-8, nested at most `depth` deep. On failure `fault` says where and what: NR_E_INVALID,
 * NR_E_TOO_LARGE (the writer is full), NR_E_NOMEM. */
int ctl_json_pack(struct nr_bytes text, int depth, struct nr_writer *out,
                  char fault[static CTL_JSON_FAULT]) NR_MUST_CHECK;

#endif
