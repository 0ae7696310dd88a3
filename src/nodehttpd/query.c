#include "nodehttpd/query.h"

#include "base/utf8.h"

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int percent_decode(struct nr_bytes in, bool plus, uint8_t *out, struct nr_bytes *text)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.data[i];
        if (c == '+' && plus) c = ' ';
        if (c == '%') {
            int a = i + 2 < in.len ? hex(in.data[i + 1]) : -1, b = a < 0 ? -1 : hex(in.data[i + 2]);
            if (b < 0) return NR_E_INVALID;
            c = (uint8_t)(a << 4 | b);
            i += 2;
        }
        out[n++] = c;
    }
    *text = nr_bytes(out, n);
    return nr_utf8_clean(*text) ? 0 : NR_E_INVALID;
}

static struct nr_bytes until(struct nr_bytes *rest, char mark)
{
    const uint8_t *end = rest->len ? memchr(rest->data, mark, rest->len) : NULL;
    struct nr_bytes part = nr_bytes(rest->data, end ? (size_t)(end - rest->data) : rest->len);
    *rest = end ? nr_bytes(end + 1, rest->len - part.len - 1) : nr_bytes(rest->data + rest->len, 0);
    return part;
}

int query_parse(struct query *q, struct nr_bytes raw)
{
    size_t used = 0;
    q->count = 0;
    if (raw.len > sizeof q->room) return NR_E_TOO_LARGE;
    while (raw.len > 0) {
        struct nr_bytes value = until(&raw, '&'), key = until(&value, '=');
        if (key.len == 0 && value.len == 0) continue;
        if (q->count == QUERY_PAIRS_MAX) return NR_E_TOO_LARGE;
        int err = percent_decode(key, true, q->room + used, &q->pairs[q->count].key);
        if (err) return err;
        used += key.len;
        err = percent_decode(value, true, q->room + used, &q->pairs[q->count].value);
        if (err) return err;
        used += value.len;
        q->count++;
    }
    return 0;
}

bool query_text(const struct query *q, const char *key, struct faults *f, struct nr_bytes *out)
{
    struct nr_bytes name = nr_bytes_str(key);
    size_t found = 0;
    for (size_t i = 0; i < q->count; i++) {
        if (!nr_bytes_eq(q->pairs[i].key, name) || q->pairs[i].value.len == 0) continue;
        *out = q->pairs[i].value;
        found++;
    }
    if (found > 1) faults_add(f, key, "is given more than once");
    return found == 1;
}

void query_number(const struct query *q, const char *key, uint64_t low, uint64_t high, struct faults *f, uint64_t *out)
{
    struct nr_bytes text;
    uint64_t n = 0;
    if (!query_text(q, key, f, &text)) return;
    bool good = text.len <= 19;
    for (size_t i = 0; i < text.len && good; i++) {
        good = text.data[i] >= '0' && text.data[i] <= '9';
        n = n * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (!good || n < low || n > high)
        faults_add(f, key, "must be a whole number from %llu to %llu", (unsigned long long)low,
                   (unsigned long long)high);
    else
        *out = n;
}
