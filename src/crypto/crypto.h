/* Cryptography, by libsodium; the only layer that sees it. Call nr_crypto_init once before anything else. */
#ifndef NR_CRYPTO_CRYPTO_H
#define NR_CRYPTO_CRYPTO_H

#include "base/bytes.h"
#include "base/err.h"
#include "proto/limits.h"
#include "proto/record.h"

int nr_crypto_init(void) NR_MUST_CHECK;
void nr_random(void *out, size_t len);
void nr_wipe(void *p, size_t len);

/* BLAKE2b-256, and its first 8 bytes as a big-endian integer (`H8` of the spec). */
void nr_hash(struct nr_bytes in, uint8_t out[static 32]);
uint64_t nr_hash8(struct nr_bytes in);
/* SipHash-2-4 under a secret of 16 bytes: for cookies. */
uint64_t nr_keyed_hash8(const uint8_t key[static 16], struct nr_bytes in);

/* A signing key. Wipe it when done. */
struct nr_keypair {
    uint8_t pub[NR_KEY_SIZE];
    uint8_t secret[64];
};
void nr_keypair_new(struct nr_keypair *kp);
void nr_keypair_from_seed(struct nr_keypair *kp, const uint8_t seed[static 32]); /* same seed, same key */
void nr_keypair_seed(const struct nr_keypair *kp, uint8_t seed[static 32]);      /* what is written to a key file */

/* Ed25519 over domain || 00 || message. `domain` is at most 63 bytes. */
void nr_sign(const struct nr_keypair *kp, const char *domain, struct nr_bytes message, uint8_t sig[static NR_SIG_SIZE]);
int nr_verify(const uint8_t pub[static NR_KEY_SIZE], const char *domain, struct nr_bytes message,
              const uint8_t sig[static NR_SIG_SIZE]) NR_MUST_CHECK; /* NR_E_SIGNATURE */

/* The record's signature: NR_E_SIGNATURE. */
int nr_record_verify(const struct nr_record *r) NR_MUST_CHECK;
uint64_t nr_record_id(struct nr_bytes raw);
uint64_t nr_record_key_hash(uint8_t kind, const uint8_t signer[static NR_KEY_SIZE], struct nr_bytes subject);

/* A UUID (version 8, RFC 9562) made from a node_id: the same on every peer. Text of 36 characters and NUL. */
void nr_node_uuid(struct nr_bytes node_id, char out[static 37]);

#endif
