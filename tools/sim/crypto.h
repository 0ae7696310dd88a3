/* Signatures in a simulated world: real Ed25519, each distinct record's checked once however many nodes hold it. What
 * is remembered is that this key, message and signature hold together; a signature that does not hold is checked anew.
 */
#ifndef SIM_CRYPTO_H
#define SIM_CRYPTO_H

#include "crypto/crypto.h"
#include "tools/sim/map.h"

struct sim_crypto {
    struct sim_map good;
    uint64_t asked;   /* by nodes, about records */
    uint64_t checked; /* by Ed25519 */
    uint8_t scratch[NR_RECORD_MAX + 256];
};

void sim_crypto_init(struct sim_crypto *c);
void sim_crypto_fini(struct sim_crypto *c);
int sim_crypto_verify(struct sim_crypto *c, const uint8_t key[static NR_KEY_SIZE], const char *domain,
                      struct nr_bytes msg, const uint8_t sig[static NR_SIG_SIZE]) NR_MUST_CHECK;

#endif
