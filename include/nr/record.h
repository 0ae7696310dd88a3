/* libnr: check a signed record without trusting whoever handed it over (proto/README.md A). */
#ifndef NR_RECORD_H
#define NR_RECORD_H

#include <nr/registry.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nr_record_facts {
    uint8_t kind;
    const char *kind_name;
    const uint8_t *signer; /* 32 bytes, within the record */
    struct nr_text subject;
    uint64_t stamp;
    int64_t stamp_ms;
    uint32_t lease_s;
    int64_t ends_ms;
    const void *body; /* msgpack, within the record */
    size_t body_len;
    uint64_t id;
    bool deleted;
    bool self;
};
/* Decodes and verifies. NR_ERR_INVALID (not a record), NR_ERR_SIGNATURE (then *out is filled all the same). */
NR_API int nr_record_check(const void *data, size_t len, struct nr_record_facts *out);

/* Writes a msgpack map or any item in canonical form as JSON into `out` (NUL-terminated, at most `size` bytes). Returns
 * the length, or NR_ERR_TOO_LARGE, NR_ERR_INVALID. bin is written as base64url. */
NR_API long nr_msgpack_to_json(const void *data, size_t len, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
