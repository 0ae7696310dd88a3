#include "base/utf8.h"

#include <string.h>

static bool in(uint8_t b, uint8_t low, uint8_t high)
{
    return b >= low && b <= high;
}

/* The table of RFC 3629 section 4: the second byte's range is what shuts out overlong forms, surrogates and all above
 * U+10FFFF. */
size_t nr_utf8_char(struct nr_bytes s)
{
    if (s.len == 0) return 0;
    uint8_t b = s.data[0];
    if (b < 0x80) return 1;
    if (!in(b, 0xc2, 0xf4)) return 0;
    size_t len = b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
    if (len > s.len) return 0;
    uint8_t low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80;
    uint8_t high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
    if (!in(s.data[1], low, high)) return 0;
    for (size_t i = 2; i < len; i++)
        if (!in(s.data[i], 0x80, 0xbf)) return 0;
    return len;
}

/* How long the text begins in ASCII, in steps of eight bytes and then to its end: nearly all text is nothing else. */
static size_t ascii_run(struct nr_bytes s)
{
    size_t n = 0;
    uint8_t rest = 0;
    for (; s.len - n >= 8; n += 8) {
        uint64_t eight;
        memcpy(&eight, s.data + n, sizeof eight);
        if (eight & UINT64_C(0x8080808080808080)) return n;
    }
    for (size_t i = n; i < s.len; i++) rest |= s.data[i];
    return rest & 0x80 ? n : s.len;
}

bool nr_utf8_valid(struct nr_bytes s)
{
    for (size_t at = ascii_run(s); at < s.len;) {
        size_t n = nr_utf8_char(nr_bytes(s.data + at, s.len - at));
        if (n == 0) return false;
        at += n;
    }
    return true;
}

bool nr_utf8_clean(struct nr_bytes s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x20 || s.data[i] == 0x7f) return false;
    return nr_utf8_valid(s);
}
