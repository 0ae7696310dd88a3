/* Cryptography in a simulated world: the real thing, once for each distinct input however many nodes ask. What is
 * remembered, in tables of fixed size, is that this key, message and signature hold together (they were checked, or
 * made here, and then checked too one time in sixteen), and what the hash of these bytes is; inputs are told apart by
 * 128 bits made of all their bytes. A signature that does not hold is checked anew. */
#ifndef SIM_CRYPTO_H
#define SIM_CRYPTO_H

#include "crypto/crypto.h"

struct sim_print {
    uint64_t a, b;
};

struct sim_hashed {
    struct sim_print of;
    uint64_t hash;
};

struct sim_crypto {
    struct sim_print *good;    /* each at the place that it names; what comes there later takes it */
    struct sim_hashed *hashed; /* likewise */
    uint64_t made;             /* signatures */
    uint64_t asked;            /* by nodes, about signatures */
    uint64_t checked;          /* by Ed25519 */
};

void sim_crypto_init(struct sim_crypto *c);
void sim_crypto_fini(struct sim_crypto *c);
void sim_crypto_sign(struct sim_crypto *c, const struct nr_keypair *key, const char *domain, struct nr_bytes msg,
                     uint8_t sig[static NR_SIG_SIZE]);
int sim_crypto_verify(struct sim_crypto *c, const uint8_t key[static NR_KEY_SIZE], const char *domain,
                      struct nr_bytes msg, const uint8_t sig[static NR_SIG_SIZE]) NR_MUST_CHECK;
/* H8 of proto/README.md, and the key hash and id made with it. */
uint64_t sim_crypto_hash8(struct sim_crypto *c, struct nr_bytes in);
uint64_t sim_crypto_key_hash(struct sim_crypto *c, const struct nr_record *rec);
static inline uint64_t sim_crypto_id(struct sim_crypto *c, const struct nr_record *rec)
{
    return sim_crypto_hash8(c, rec->raw);
}

#endif
