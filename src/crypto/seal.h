/* The envelope of a datagram (proto/README.md B.1) under a keyring of one or two cluster keys. */
#ifndef NR_CRYPTO_SEAL_H
#define NR_CRYPTO_SEAL_H

#include "base/bytes.h"
#include "base/err.h"
#include "proto/limits.h"

struct nr_keyring {
    uint8_t keys[NR_KEYRING_MAX][NR_CLUSTER_KEY_SIZE];
    size_t count; /* the first seals, all open */
};

/* Nonces are a random prefix of 16 bytes, drawn at init, and a counter: no two alike, without a system call each. */
struct nr_sealer {
    struct nr_keyring ring;
    uint8_t numbers[NR_KEYRING_MAX];
    uint8_t nonce_prefix[16];
    uint64_t nonce_counter;
};

void nr_sealer_init(struct nr_sealer *s, const struct nr_keyring *ring);
void nr_sealer_fini(struct nr_sealer *s); /* wipes */
/* plain.len <= NR_PLAIN_MAX; returns the datagram's length, plain.len + NR_ENVELOPE_SIZE. */
size_t nr_seal(struct nr_sealer *s, struct nr_bytes plain, uint8_t out[static NR_DATAGRAM_MAX]);
/* NR_E_TRUNCATED, NR_E_TOO_LARGE, NR_E_VERSION, NR_E_SIGNATURE (opens under no key). *plain_len on success. */
int nr_open_datagram(const struct nr_sealer *s, struct nr_bytes datagram, uint8_t out[static NR_PLAIN_MAX],
                     size_t *plain_len) NR_MUST_CHECK;

#endif
