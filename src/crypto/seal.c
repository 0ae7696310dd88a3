#include "crypto/seal.h"

#include <sodium.h>

#include "base/assert.h"
#include "crypto/crypto.h"

#define NUMBER_DOMAIN "dagi-registry key number v1" /* hashed with its NUL */
#define AD_SIZE       2                             /* version and key number */
#define NONCE_SIZE    (NR_ENVELOPE_HEAD - AD_SIZE)

static_assert(NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "B.1");
static_assert(NR_ENVELOPE_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES, "B.1");
static_assert(NR_CLUSTER_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "B.1");

static uint8_t key_number(const uint8_t key[static NR_CLUSTER_KEY_SIZE])
{
    uint8_t preimage[sizeof NUMBER_DOMAIN + NR_CLUSTER_KEY_SIZE], digest[32];
    memcpy(preimage, NUMBER_DOMAIN, sizeof NUMBER_DOMAIN);
    memcpy(preimage + sizeof NUMBER_DOMAIN, key, NR_CLUSTER_KEY_SIZE);
    nr_hash(nr_bytes(preimage, sizeof preimage), digest);
    nr_wipe(preimage, sizeof preimage);
    return digest[0];
}

void nr_sealer_init(struct nr_sealer *s, const struct nr_keyring *ring)
{
    nr_assert(ring->count >= 1 && ring->count <= NR_KEYRING_MAX);
    *s = (struct nr_sealer){ .ring = *ring };
    for (size_t i = 0; i < ring->count; i++) s->numbers[i] = key_number(ring->keys[i]);
    nr_random(s->nonce_prefix, sizeof s->nonce_prefix);
}

void nr_sealer_fini(struct nr_sealer *s)
{
    nr_wipe(s, sizeof *s);
}

size_t nr_seal(struct nr_sealer *s, struct nr_bytes plain, uint8_t out[static NR_DATAGRAM_MAX])
{
    unsigned long long sealed = 0;
    nr_assert(plain.len <= NR_PLAIN_MAX);
    nr_assert(s->ring.count >= 1);
    nr_assert(s->nonce_counter < UINT64_MAX);
    uint8_t *nonce = out + AD_SIZE;
    out[0] = NR_ENVELOPE_VERSION;
    out[1] = s->numbers[0];
    memcpy(nonce, s->nonce_prefix, sizeof s->nonce_prefix);
    nr_put_be64(nonce + sizeof s->nonce_prefix, s->nonce_counter++);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NR_ENVELOPE_HEAD, &sealed, plain.data, plain.len, out, AD_SIZE,
                                               NULL, nonce, s->ring.keys[0]);
    nr_assert(sealed == plain.len + NR_ENVELOPE_TAG);
    return NR_ENVELOPE_HEAD + (size_t)sealed;
}

int nr_open_datagram(const struct nr_sealer *s, struct nr_bytes datagram, uint8_t out[static NR_PLAIN_MAX],
                     size_t *plain_len)
{
    const uint8_t *d = datagram.data;
    unsigned long long len = 0;
    *plain_len = 0;
    if (datagram.len < NR_ENVELOPE_SIZE) return NR_E_TRUNCATED;
    if (datagram.len > NR_DATAGRAM_MAX) return NR_E_TOO_LARGE;
    if (d[0] != NR_ENVELOPE_VERSION) return NR_E_VERSION;
    for (size_t i = 0; i < s->ring.count; i++) {
        if (d[1] != s->numbers[i]) continue;
        int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(out, &len, NULL, d + NR_ENVELOPE_HEAD,
                                                            datagram.len - NR_ENVELOPE_HEAD, d, AD_SIZE, d + AD_SIZE,
                                                            s->ring.keys[i]);
        if (rc != 0) continue;
        *plain_len = (size_t)len;
        return 0;
    }
    return NR_E_SIGNATURE;
}
