/* Code points are read one at a time by a small decoder that never trusts its input: a bad byte is one bad byte, and
 * the next is tried anew. */
#include "tools/nodectl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "base/utf8.h"

/* Length of the code point at the start of `s`, 0 where the bytes are not UTF-8. */
static size_t code_point(struct nr_bytes s, uint32_t *cp)
{
    uint8_t b = s.data[0];
    size_t n = b < 0x80 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
    if (n > s.len || !nr_utf8_valid(nr_bytes(s.data, n))) return 0;
    static const uint8_t lead_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    *cp = b & lead_mask[n];
    for (size_t i = 1; i < n; i++) *cp = *cp << 6 | (s.data[i] & 0x3f);
    return n;
}

struct span {
    uint32_t first, last;
};

static bool in_spans(const struct span *spans, size_t count, uint32_t cp)
{
    for (size_t i = 0; i < count; i++)
        if (cp >= spans[i].first && cp <= spans[i].last) return true;
    return false;
}
#define IN(spans, cp) in_spans(spans, sizeof(spans) / sizeof(spans)[0], cp)

/* Characters that show nothing of themselves and change how the rest is read. */
static const struct span deceptive[] = {
    { 0x80, 0x9f },     { 0xad, 0xad },     { 0x61c, 0x61c },   { 0x180e, 0x180e }, { 0x200b, 0x200f },
    { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
};
static const struct span combining[] = {
    { 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },   { 0x610, 0x61a },   { 0x64b, 0x65f },
    { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};
static const struct span wide[] = {
    { 0x1100, 0x115f }, { 0x2e80, 0x303e },   { 0x3041, 0x33ff },   { 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },
    { 0xa000, 0xa4cf }, { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
    { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

void ctl_escape(struct nr_buf *out, struct nr_bytes s)
{
    while (s.len > 0) {
        uint32_t cp = 0;
        size_t n = code_point(s, &cp);
        if (n == 0 || cp < 0x20 || cp == 0x7f)
            nr_buf_printf(out, "\\x%02x", s.data[0]);
        else if (IN(deceptive, cp))
            nr_buf_printf(out, "\\u{%" PRIx32 "}", cp);
        else
            nr_buf_add(out, s.data, n);
        n = n ? n : 1;
        s = nr_bytes(s.data + n, s.len - n);
    }
}

size_t ctl_width(struct nr_bytes s)
{
    size_t width = 0;
    while (s.len > 0) {
        uint32_t cp = 0;
        size_t n = code_point(s, &cp);
        if (n == 0)
            n = 1, width++;
        else
            width += IN(combining, cp) ? 0 : IN(wide, cp) ? 2 : 1;
        s = nr_bytes(s.data + n, s.len - n);
    }
    return width;
}

void ctl_duration_format(int64_t ms, char out[static CTL_TEXT])
{
    const char *sign = ms < 0 ? "-" : "";
    uint64_t m = ms < 0 ? (uint64_t)0 - (uint64_t)ms : (uint64_t)ms;
    uint64_t s = m / 1000;
    if (m != 0 && s == 0)
        snprintf(out, CTL_TEXT, "%s%" PRIu64 "ms", sign, m);
    else if (s < 60)
        snprintf(out, CTL_TEXT, "%s%" PRIu64 "s", sign, s);
    else if (s < 3600)
        snprintf(out, CTL_TEXT, "%s%" PRIu64 "m%02us", sign, s / 60, (unsigned)(s % 60));
    else if (s < 86400)
        snprintf(out, CTL_TEXT, "%s%" PRIu64 "h%02um", sign, s / 3600, (unsigned)(s / 60 % 60));
    else
        snprintf(out, CTL_TEXT, "%s%" PRIu64 "d%02uh", sign, s / 86400, (unsigned)(s / 3600 % 24));
}

void ctl_size_format(uint64_t bytes, char out[static CTL_TEXT])
{
    static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double v = (double)bytes;
    size_t u = 0;
    while (v >= 1023.95 && u + 1 < sizeof unit / sizeof unit[0]) v /= 1024, u++;
    snprintf(out, CTL_TEXT, u == 0 ? "%.0f %s" : "%.1f %s", v, unit[u]);
}

void ctl_age_format(int64_t at_ms, int64_t now_ms, char out[static CTL_TEXT])
{
    if (at_ms <= 0) {
        snprintf(out, CTL_TEXT, "never");
        return;
    }
    char d[CTL_TEXT];
    int64_t age = now_ms - at_ms;
    /* Ages are read at a glance: milliseconds would only flicker. */
    if (age > -1000 && age < 1000) age = 0;
    ctl_duration_format(age < 0 ? -age : age, d);
    if (age < 0)
        snprintf(out, CTL_TEXT, "in %.27s", d);
    else
        snprintf(out, CTL_TEXT, "%.26s ago", d);
}

void ctl_time_format(int64_t at_ms, char out[static CTL_TEXT])
{
    if (at_ms <= 0)
        snprintf(out, CTL_TEXT, "-");
    else
        nr_time_format(at_ms, out);
}

int ctl_count_parse(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (*text == '\0') return NR_E_INVALID;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9') return NR_E_INVALID;
        uint64_t digit = (uint64_t)(*p - '0');
        if (v > (UINT64_MAX - digit) / 10) return NR_E_INVALID;
        v = v * 10 + digit;
    }
    if (v > max) return NR_E_INVALID;
    *out = v;
    return 0;
}

int ctl_duration_parse(const char *text, int64_t *ms)
{
    char digits[12];
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n >= sizeof digits) return NR_E_INVALID;
    memcpy(digits, text, n);
    digits[n] = '\0';
    int64_t unit_s;
    if (strcmp(text + n, "") == 0 || strcmp(text + n, "s") == 0)
        unit_s = 1;
    else if (strcmp(text + n, "m") == 0)
        unit_s = 60;
    else if (strcmp(text + n, "h") == 0)
        unit_s = 3600;
    else if (strcmp(text + n, "d") == 0)
        unit_s = 86400;
    else
        return NR_E_INVALID;
    uint64_t v;
    int err = ctl_count_parse(digits, (uint64_t)(400 * 86400 / unit_s), &v);
    if (err == 0) *ms = (int64_t)v * unit_s * 1000;
    return err;
}

int ctl_when_parse(const char *text, int64_t now_ms, int64_t *at_ms)
{
    int64_t ago;
    if (ctl_duration_parse(text, &ago) == 0) {
        *at_ms = now_ms - ago;
        return 0;
    }
    struct tm tm = { 0 };
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    if (!end) return NR_E_INVALID;
    unsigned ms = 0;
    if (*end == 'T') {
        end = strptime(end, "T%H:%M:%S", &tm);
        if (!end) return NR_E_INVALID;
        if (*end == '.') {
            if (strspn(end + 1, "0123456789") != 3) return NR_E_INVALID;
            ms = (unsigned)strtoul(end + 1, NULL, 10);
            end += 4;
        }
        if (*end++ != 'Z') return NR_E_INVALID;
    }
    time_t s = timegm(&tm);
    if (*end != '\0' || s < 0) return NR_E_INVALID;
    *at_ms = (int64_t)s * 1000 + ms;
    return 0;
}

void ctl_hex(struct nr_bytes in, char *out)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < in.len; i++) {
        *out++ = digit[in.data[i] >> 4];
        *out++ = digit[in.data[i] & 15];
    }
    *out = '\0';
}

static void new_line(struct nr_buf *out, int levels)
{
    nr_buf_add(out, "\n", 1);
    for (int i = 0; i < levels; i++) nr_buf_add(out, "  ", 2);
}

void ctl_json_pretty(struct nr_buf *out, struct nr_bytes json, int indent)
{
    bool in_string = false;
    for (size_t i = 0; i < json.len; i++) {
        char c = (char)json.data[i];
        bool empty = i + 1 < json.len && (json.data[i + 1] == '}' || json.data[i + 1] == ']');
        if (in_string) {
            nr_buf_add(out, &c, 1);
            if (c == '\\' && i + 1 < json.len)
                nr_buf_add(out, &json.data[++i], 1);
            else if (c == '"')
                in_string = false;
            continue;
        }
        if (c == '}' || c == ']') {
            bool was_empty = i > 0 && (json.data[i - 1] == '{' || json.data[i - 1] == '[');
            if (indent > 0) indent--;
            if (!was_empty) new_line(out, indent);
        }
        nr_buf_add(out, &c, 1);
        in_string = c == '"';
        if (c == '{' || c == '[') {
            indent++;
            if (!empty) new_line(out, indent);
        } else if (c == ',') {
            new_line(out, indent);
        } else if (c == ':') {
            nr_buf_add(out, " ", 1);
        }
    }
}
