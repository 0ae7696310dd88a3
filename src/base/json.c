#include "base/json.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/time.h"
#include "base/utf8.h"

#define LEVELS 64 /* bits of `nonempty`; the first stands for the top level */

static void put(struct nr_json *j, const char *s)
{
    nr_buf_add_str(j->out, s);
}

/* What stands before every key, and before every value that follows no key. */
static void comma(struct nr_json *j)
{
    uint64_t bit = UINT64_C(1) << j->depth;
    if (j->after_key) {
        j->after_key = false;
        return;
    }
    if (j->nonempty & bit) put(j, ",");
    j->nonempty |= bit;
}

static void open(struct nr_json *j, const char *bracket)
{
    comma(j);
    nr_assert(j->depth < LEVELS - 1);
    j->depth++;
    j->nonempty &= ~(UINT64_C(1) << j->depth);
    put(j, bracket);
}

static void close(struct nr_json *j, const char *bracket)
{
    nr_assert(j->depth > 0);
    nr_assert(!j->after_key);
    j->depth--;
    put(j, bracket);
}

void nr_json_init(struct nr_json *j, struct nr_buf *out)
{
    *j = (struct nr_json){ .out = out };
}

void nr_json_object(struct nr_json *j)
{
    open(j, "{");
}

void nr_json_object_end(struct nr_json *j)
{
    close(j, "}");
}

void nr_json_array(struct nr_json *j)
{
    open(j, "[");
}

void nr_json_array_end(struct nr_json *j)
{
    close(j, "]");
}

static void escape(struct nr_json *j, uint8_t c)
{
    switch (c) {
    case '"': put(j, "\\\""); break;
    case '\\': put(j, "\\\\"); break;
    case '\n': put(j, "\\n"); break;
    case '\r': put(j, "\\r"); break;
    case '\t': put(j, "\\t"); break;
    default: nr_buf_printf(j->out, "\\u%04x", c); break;
    }
}

static void quoted(struct nr_json *j, struct nr_bytes s)
{
    size_t done = 0, i = 0; /* done: what has been copied; runs are copied at once */
    put(j, "\"");
    while (i < s.len) {
        uint8_t c = s.data[i];
        size_t n = nr_utf8_char(nr_bytes(s.data + i, s.len - i));
        if (n > 0 && c >= 0x20 && c != 0x7f && c != '"' && c != '\\') {
            i += n;
            continue;
        }
        nr_buf_add(j->out, s.data + done, i - done);
        if (n)
            escape(j, c);
        else
            put(j, "\xef\xbf\xbd");
        done = ++i;
    }
    if (done < s.len) nr_buf_add(j->out, s.data + done, s.len - done);
    put(j, "\"");
}

void nr_json_key_bytes(struct nr_json *j, struct nr_bytes key)
{
    nr_assert(!j->after_key);
    comma(j);
    quoted(j, key);
    put(j, ":");
    j->after_key = true;
}

void nr_json_key(struct nr_json *j, const char *key)
{
    nr_json_key_bytes(j, nr_bytes_str(key));
}

void nr_json_str(struct nr_json *j, struct nr_bytes s)
{
    comma(j);
    quoted(j, s);
}

void nr_json_cstr(struct nr_json *j, const char *s)
{
    if (s)
        nr_json_str(j, nr_bytes_str(s));
    else
        nr_json_null(j);
}

void nr_json_int(struct nr_json *j, int64_t v)
{
    comma(j);
    nr_buf_printf(j->out, "%" PRId64, v);
}

void nr_json_uint(struct nr_json *j, uint64_t v)
{
    comma(j);
    nr_buf_printf(j->out, "%" PRIu64, v);
}

/* A process that uses us may have set a locale whose decimal mark is not a point. */
static void add_number(struct nr_json *j, const char *text)
{
    bool mark = false;
    for (const char *p = text; *p; p++) {
        bool plain = isdigit((unsigned char)*p) || *p == '-' || *p == '+' || *p == 'e';
        if (plain || !mark) nr_buf_add(j->out, plain ? p : ".", 1);
        mark = !plain;
    }
}

void nr_json_double(struct nr_json *j, double v)
{
    char text[40];
    if (!isfinite(v)) {
        nr_json_null(j);
        return;
    }
    comma(j);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        double back = strtod(text, NULL);
        if (memcmp(&back, &v, sizeof v) == 0) break;
    }
    add_number(j, text);
}

void nr_json_bool(struct nr_json *j, bool v)
{
    comma(j);
    put(j, v ? "true" : "false");
}

void nr_json_null(struct nr_json *j)
{
    comma(j);
    put(j, "null");
}

void nr_json_time(struct nr_json *j, int64_t wall_ms)
{
    char text[NR_TIME_TEXT];
    nr_time_format(wall_ms, text);
    nr_json_cstr(j, text);
}

void nr_json_raw(struct nr_json *j, struct nr_bytes text)
{
    if (text.len == 0) return;
    comma(j);
    nr_buf_add(j->out, text.data, text.len);
}

void nr_json_kstr(struct nr_json *j, const char *key, struct nr_bytes v)
{
    nr_json_key(j, key);
    nr_json_str(j, v);
}

void nr_json_kcstr(struct nr_json *j, const char *key, const char *v)
{
    nr_json_key(j, key);
    nr_json_cstr(j, v);
}

void nr_json_kuint(struct nr_json *j, const char *key, uint64_t v)
{
    nr_json_key(j, key);
    nr_json_uint(j, v);
}

void nr_json_kbool(struct nr_json *j, const char *key, bool v)
{
    nr_json_key(j, key);
    nr_json_bool(j, v);
}

void nr_json_ktime(struct nr_json *j, const char *key, int64_t wall_ms)
{
    nr_json_key(j, key);
    nr_json_time(j, wall_ms);
}
