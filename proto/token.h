/* The join token (proto/README.md E): one line of text that lets a machine join a cluster. It holds the cluster key:
 * keep it like a password, wipe the struct when done. */
#ifndef NR_PROTO_TOKEN_H
#define NR_PROTO_TOKEN_H

#include "base/buf.h"
#include "proto/limits.h"

struct nr_token {
    uint8_t authority[NR_KEY_SIZE];
    uint8_t keys[NR_KEYRING_MAX][NR_CLUSTER_KEY_SIZE];
    size_t key_count;
    char seeds[NR_TOKEN_SEEDS_MAX][NR_SEED_TEXT_MAX + 1];
    size_t seed_count;
    int64_t expires_at_ms; /* 0: never */
};

/* `hash` is BLAKE2b-256 (this layer has no cryptography of its own). */
typedef void nr_hash_fn(struct nr_bytes in, uint8_t out[32]);

/* `HOST:PORT`, where the host is an IPv4 address, an IPv6 address in brackets, or a DNS name. */
bool nr_seed_valid(struct nr_bytes text);

/* Appends the token's text to `out`, without a newline. NR_E_INVALID (a seed that is none), NR_E_NOMEM, NR_E_TOO_LARGE.
 * The text is a secret: wipe the buffer. */
int nr_token_encode(const struct nr_token *t, nr_hash_fn *hash, struct nr_buf *out) NR_MUST_CHECK;
/* Surrounding white space is allowed. NR_E_INVALID (not a token, or damaged), NR_E_VERSION, NR_E_TOO_LARGE. */
int nr_token_decode(struct nr_bytes text, nr_hash_fn *hash, struct nr_token *out) NR_MUST_CHECK;

#endif
