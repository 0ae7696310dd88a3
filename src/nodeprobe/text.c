#include "nodeprobe/text.h"

#include "base/utf8.h"

static bool blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool text_until(struct nr_bytes *rest, char end, struct nr_bytes *out)
{
    if (rest->len == 0) return false;
    const uint8_t *at = memchr(rest->data, end, rest->len);
    size_t len = at ? (size_t)(at - rest->data) : rest->len;
    *out = nr_bytes(rest->data, len);
    len += at != NULL;
    *rest = nr_bytes(rest->data + len, rest->len - len);
    return true;
}

bool text_line(struct nr_bytes *rest, struct nr_bytes *line)
{
    return text_until(rest, '\n', line);
}

bool text_word(struct nr_bytes *rest, struct nr_bytes *word)
{
    size_t from = 0, to;
    while (from < rest->len && blank(rest->data[from])) from++;
    for (to = from; to < rest->len && !blank(rest->data[to]);) to++;
    if (from == to) return false;
    *word = nr_bytes(rest->data + from, to - from);
    *rest = nr_bytes(rest->data + to, rest->len - to);
    return true;
}

struct nr_bytes text_trim(struct nr_bytes s)
{
    while (s.len > 0 && (blank(s.data[s.len - 1]) || s.data[s.len - 1] == 0)) s.len--;
    while (s.len > 0 && (blank(*s.data) || *s.data == 0)) s = nr_bytes(s.data + 1, s.len - 1);
    return s;
}

bool text_is(struct nr_bytes s, const char *word)
{
    return nr_bytes_eq(s, nr_bytes_str(word));
}

bool text_starts(struct nr_bytes s, const char *head)
{
    size_t len = strlen(head);
    return s.len >= len && memcmp(s.data, head, len) == 0;
}

bool text_ends(struct nr_bytes s, const char *tail)
{
    size_t len = strlen(tail);
    return s.len >= len && memcmp(s.data + s.len - len, tail, len) == 0;
}

bool text_value(struct nr_bytes text, const char *key, char sep, struct nr_bytes *value)
{
    struct nr_bytes line, name;
    while (text_line(&text, &line)) {
        size_t len = line.len;
        if (!text_until(&line, sep, &name) || name.len == len || !text_is(text_trim(name), key)) continue;
        *value = text_trim(line);
        return true;
    }
    return false;
}

bool text_uint(struct nr_bytes s, uint64_t *out)
{
    uint64_t v = 0;
    if (s.len == 0) return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = s.data[i] - (unsigned)'0';
        if (digit > 9 || v > (UINT64_MAX - digit) / 10) return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool text_hex(struct nr_bytes s, uint32_t *out)
{
    uint32_t v = 0;
    if (text_starts(s, "0x")) s = nr_bytes(s.data + 2, s.len - 2);
    if (s.len == 0 || s.len > 8) return false;
    for (size_t i = 0; i < s.len; i++) {
        int digit = hex_digit(s.data[i]);
        if (digit < 0) return false;
        v = v << 4 | (uint32_t)digit;
    }
    *out = v;
    return true;
}

bool text_decimal(struct nr_bytes s, double *out)
{
    struct nr_bytes whole = { 0 };
    uint64_t v = 0, part = 0;
    double scale = 1;
    if (!text_until(&s, '.', &whole) || !text_uint(whole, &v)) return false;
    if (s.len > 9 || (s.len > 0 && !text_uint(s, &part))) return false;
    for (size_t i = 0; i < s.len; i++) scale *= 10;
    *out = (double)v + (double)part / scale;
    return true;
}

bool text_copy(char *out, size_t size, struct nr_bytes s)
{
    size_t len = 0, n;
    bool gap = false;
    for (size_t i = 0; i < s.len; i += n) {
        size_t valid = nr_utf8_char(nr_bytes(s.data + i, s.len - i));
        n = valid ? valid : 1;
        if (valid == 1 && blank(s.data[i])) gap = len > 0;
        if (!valid || s.data[i] <= ' ' || s.data[i] == 0x7f) continue;
        if (len + gap + n >= size) break;
        if (gap) out[len++] = ' ';
        memcpy(out + len, s.data + i, n);
        len += n;
        gap = false;
    }
    out[len] = '\0';
    return len > 0;
}
