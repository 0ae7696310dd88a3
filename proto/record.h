/* Records (proto/README.md A): the bytes that were signed, and a view of their fields.
 *
 * Decoding borrows: a struct nr_record points into the bytes it was made from and lives as long as they do. Signatures
 * are not checked here (src/crypto does); everything of A.1 to A.4 is. */
#ifndef NR_PROTO_RECORD_H
#define NR_PROTO_RECORD_H

#include "base/cursor.h"
#include "proto/limits.h"

enum nr_kind {
    NR_KIND_NODE = 1,
    NR_KIND_PROFILE = 2,
    NR_KIND_CERT = 3,
    NR_KIND_REVOKE = 4,
    NR_KIND_HEARTBEAT = 64,
    NR_KIND_VERDICT = 96,
};

enum nr_plane { NR_PLANE_COLD, NR_PLANE_HOT, NR_PLANE_BRIEF };

struct nr_record {
    uint8_t kind;
    const uint8_t *signer; /* NR_KEY_SIZE bytes */
    struct nr_bytes subject;
    uint64_t stamp;
    uint32_t lease_s;
    struct nr_bytes body; /* canonical msgpack map */
    const uint8_t *sig;   /* NR_SIG_SIZE bytes */
    struct nr_bytes raw;  /* the whole record */
};

#define NR_RECORD_DOMAIN "dagi-registry record v1" /* signed with its NUL, before the record's bytes */
#define NR_KEY_DOMAIN    "dagi-registry key v1"    /* hashed with its NUL */

static inline enum nr_plane nr_kind_plane(uint8_t kind)
{
    return kind < 64 ? NR_PLANE_COLD : kind < 96 ? NR_PLANE_HOT : NR_PLANE_BRIEF;
}

/* "node", "profile", …; "unknown" for a kind that has no name. */
const char *nr_kind_name(uint8_t kind);

#define NR_STAMP_MAX_MS ((INT64_C(1) << 48) - 1)
static inline int64_t nr_stamp_ms(uint64_t stamp)
{
    return (int64_t)(stamp >> 16);
}
static inline uint64_t nr_stamp_make(int64_t ms, uint16_t counter)
{
    return (uint64_t)ms << 16 | counter;
}
/* The moment from which the record is dead (A.6.3). */
static inline int64_t nr_record_ends_ms(uint64_t stamp, uint32_t lease_s)
{
    return nr_stamp_ms(stamp) + (int64_t)lease_s * 1000;
}
/* Further ahead of this clock than a peer takes (A.6.2). */
static inline bool nr_stamp_is_ahead(uint64_t stamp, int64_t wall_ms)
{
    return nr_stamp_ms(stamp) > wall_ms + NR_STAMP_AHEAD_MS;
}

/* Decodes and checks all of A.1–A.4, the bodies of known kinds included.
 * NR_E_TOO_LARGE, NR_E_TRUNCATED, NR_E_NONCANONICAL, NR_E_VERSION (another record version), NR_E_INVALID. On failure
 * *out is zero. */
int nr_record_decode(struct nr_bytes raw, struct nr_record *out) NR_MUST_CHECK;

/* The same of bytes that were decoded before and have not changed since: nothing is checked again, and all that is read
 * is what stands before the body. */
void nr_record_reread(struct nr_bytes raw, struct nr_record *out);

/* What a new record says; all borrowed. */
struct nr_record_draft {
    uint8_t kind;
    const uint8_t *signer;
    struct nr_bytes subject;
    uint64_t stamp;
    uint32_t lease_s;
    struct nr_bytes body;
};

/* Writes all but the signature element. What is written is what is signed. Fails by the writer's sticky error. */
void nr_record_encode_unsigned(struct nr_writer *w, const struct nr_record_draft *draft);
/* Appends the signature element. */
void nr_record_encode_signature(struct nr_writer *w, const uint8_t sig[static NR_SIG_SIZE]);
/* What the signature covers, without the domain. */
static inline struct nr_bytes nr_record_signed_part(const struct nr_record *r)
{
    return nr_bytes(r->raw.data, r->raw.len - NR_SIG_ELEMENT);
}

/* Writes what the key hash is taken over (A.3): at most NR_KEY_PREIMAGE_MAX bytes. */
#define NR_KEY_PREIMAGE_MAX (sizeof NR_KEY_DOMAIN + 1 + NR_KEY_SIZE + NR_SUBJECT_MAX)
void nr_record_key_preimage(struct nr_writer *w, uint8_t kind, const uint8_t signer[static NR_KEY_SIZE],
                            struct nr_bytes subject);

bool nr_node_id_valid(struct nr_bytes id);                    /* 1–255 bytes of [A-Za-z0-9._-] */
bool nr_subject_valid(uint8_t kind, struct nr_bytes subject); /* A.3 */

#endif
