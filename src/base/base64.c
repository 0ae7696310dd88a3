#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void nr_base64url_encode(struct nr_bytes in, struct nr_buf *out)
{
    for (size_t i = 0; i < in.len; i += 3) {
        size_t n = in.len - i < 3 ? in.len - i : 3;
        uint32_t v = 0;
        char quad[4];
        for (size_t k = 0; k < 3; k++) v = v << 8 | (k < n ? in.data[i + k] : 0);
        for (size_t k = 0; k < 4; k++) quad[k] = alphabet[v >> (18 - 6 * k) & 63];
        nr_buf_add(out, quad, n + 1);
    }
}

static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int nr_base64url_decode(struct nr_bytes text, uint8_t *out, size_t size, size_t *len)
{
    uint32_t v = 0;
    unsigned bits = 0;
    size_t n = 0;
    if (text.len % 4 == 1) return NR_E_INVALID;
    if (text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0) > size) return NR_E_TOO_LARGE;
    for (size_t i = 0; i < text.len; i++) {
        int d = value_of(text.data[i]);
        if (d < 0) return NR_E_INVALID;
        v = v << 6 | (uint32_t)d;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out[n++] = (uint8_t)(v >> bits);
        v &= (1U << bits) - 1;
    }
    if (v != 0) return NR_E_INVALID;
    *len = n;
    return 0;
}
