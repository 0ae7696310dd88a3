#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "fuzz.h"

/* Received bytes as they are, and as a plaintext that is sealed: that opens again, and is refused with a bit changed.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t sealed[NR_DATAGRAM_MAX], plain[NR_PLAIN_MAX];
    struct nr_keyring ring = { .keys = { { 1 }, { 2 } }, .count = 2 };
    struct nr_sealer s;
    size_t len;
    memset(ring.keys[0], 1, sizeof ring.keys[0]);
    nr_assert(nr_crypto_init() == 0);
    nr_sealer_init(&s, &ring);
    int rc = nr_open_datagram(&s, nr_bytes(data, size), plain, &len);
    nr_assert(rc != 0 || len + NR_ENVELOPE_SIZE == size);
    if (size > NR_PLAIN_MAX) return 0;
    size_t n = nr_seal(&s, nr_bytes(data, size), sealed);
    nr_assert(nr_open_datagram(&s, nr_bytes(sealed, n), plain, &len) == 0);
    nr_assert(nr_bytes_eq(nr_bytes(plain, len), nr_bytes(data, size)));
    sealed[size % n] ^= 0x10;
    nr_assert(nr_open_datagram(&s, nr_bytes(sealed, n), plain, &len) != 0);
    return 0;
}
