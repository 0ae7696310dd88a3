#include "crypto/crypto.h"

#include <sodium.h>
#include <stdio.h>

#include "base/assert.h"

#define DOMAIN_MAX  63
#define MESSAGE_MAX NR_RECORD_MAX
#define UUID_DOMAIN "dagi-registry node uuid v1" /* hashed with its NUL (A.8) */

static_assert(crypto_sign_PUBLICKEYBYTES == NR_KEY_SIZE, "the spec's key is libsodium's");
static_assert(crypto_sign_BYTES == NR_SIG_SIZE, "the spec's signature is libsodium's");
static_assert(crypto_sign_SECRETKEYBYTES == sizeof((struct nr_keypair *)0)->secret, "a secret is seed and public key");

int nr_crypto_init(void)
{
    return sodium_init() < 0 ? NR_E_SYSTEM : 0;
}

void nr_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}

void nr_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}

void nr_hash(struct nr_bytes in, uint8_t out[static 32])
{
    nr_assert(crypto_generichash(out, 32, in.data, in.len, NULL, 0) == 0);
}

uint64_t nr_hash8(struct nr_bytes in)
{
    uint8_t digest[32];
    nr_hash(in, digest);
    return nr_be64(digest);
}

uint64_t nr_keyed_hash8(const uint8_t key[static 16], struct nr_bytes in)
{
    uint8_t out[crypto_shorthash_BYTES];
    static_assert(sizeof out == 8 && crypto_shorthash_KEYBYTES == 16, "SipHash-2-4");
    nr_assert(crypto_shorthash(out, in.data, in.len, key) == 0);
    return nr_be64(out);
}

void nr_keypair_new(struct nr_keypair *kp)
{
    nr_assert(crypto_sign_keypair(kp->pub, kp->secret) == 0);
}

void nr_keypair_from_seed(struct nr_keypair *kp, const uint8_t seed[static 32])
{
    nr_assert(crypto_sign_seed_keypair(kp->pub, kp->secret, seed) == 0);
}

void nr_keypair_seed(const struct nr_keypair *kp, uint8_t seed[static 32])
{
    nr_assert(crypto_sign_ed25519_sk_to_seed(seed, kp->secret) == 0);
}

/* domain || 00 || message in one piece, as libsodium wants it. Returns the length. */
static size_t join(const char *domain, struct nr_bytes message, uint8_t out[static DOMAIN_MAX + 1 + MESSAGE_MAX])
{
    size_t n = strlen(domain) + 1;
    nr_assert(n <= DOMAIN_MAX + 1);
    nr_assert(message.len <= MESSAGE_MAX);
    memcpy(out, domain, n);
    if (message.len) memcpy(out + n, message.data, message.len);
    return n + message.len;
}

void nr_sign(const struct nr_keypair *kp, const char *domain, struct nr_bytes message, uint8_t sig[static NR_SIG_SIZE])
{
    uint8_t whole[DOMAIN_MAX + 1 + MESSAGE_MAX];
    size_t len = join(domain, message, whole);
    nr_assert(crypto_sign_detached(sig, NULL, whole, len, kp->secret) == 0);
}

int nr_verify(const uint8_t pub[static NR_KEY_SIZE], const char *domain, struct nr_bytes message,
              const uint8_t sig[static NR_SIG_SIZE])
{
    uint8_t whole[DOMAIN_MAX + 1 + MESSAGE_MAX];
    if (message.len > MESSAGE_MAX) return NR_E_SIGNATURE; /* nobody signs that */
    size_t len = join(domain, message, whole);
    return crypto_sign_verify_detached(sig, whole, len, pub) == 0 ? 0 : NR_E_SIGNATURE;
}

int nr_record_verify(const struct nr_record *r)
{
    return nr_verify(r->signer, NR_RECORD_DOMAIN, nr_record_signed_part(r), r->sig);
}

uint64_t nr_record_id(struct nr_bytes raw)
{
    return nr_hash8(raw);
}

uint64_t nr_record_key_hash(uint8_t kind, const uint8_t signer[static NR_KEY_SIZE], struct nr_bytes subject)
{
    uint8_t preimage[NR_KEY_PREIMAGE_MAX];
    struct nr_writer w;
    nr_writer_init(&w, preimage, sizeof preimage);
    nr_record_key_preimage(&w, kind, signer, subject);
    nr_assert(!w.err);
    return nr_hash8(nr_writer_bytes(&w));
}

void nr_node_uuid(struct nr_bytes node_id, char out[static 37])
{
    uint8_t preimage[sizeof UUID_DOMAIN + NR_SUBJECT_MAX], h[32];
    struct nr_writer w;
    nr_writer_init(&w, preimage, sizeof preimage);
    nr_write_bytes(&w, nr_bytes(UUID_DOMAIN, sizeof UUID_DOMAIN));
    nr_write_bytes(&w, node_id);
    nr_assert(!w.err);
    nr_hash(nr_writer_bytes(&w), h);
    h[6] = (uint8_t)((h[6] & 0x0f) | 0x80); /* version 8: made by a rule of our own */
    h[8] = (uint8_t)((h[8] & 0x3f) | 0x80); /* the variant of RFC 9562 */
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", h[0], h[1], h[2], h[3],
             h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12], h[13], h[14], h[15]);
}
