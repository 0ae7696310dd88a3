/* Header fields of a request, and the few that say how the rest of it is to be read. */
#include "io/http_parse.h"

#include <strings.h>

static bool name_is(struct nr_bytes name, const char *lower)
{
    size_t n = strlen(lower);
    return name.len == n && strncasecmp((const char *)name.data, lower, n) == 0;
}

const struct nr_bytes *nr_http_header(const struct nr_http_request *req, const char *name)
{
    for (size_t i = 0; i < req->header_count; i++)
        if (name_is(req->headers[i].name, name)) return &req->headers[i].value;
    return NULL;
}

bool nr_http_method_is(const struct nr_http_request *req, const char *method)
{
    return nr_bytes_eq(req->method, nr_bytes_str(method));
}

/* RFC 9110 5.6.2. */
static bool is_token_char(uint8_t c)
{
    /* One bit a character. */
    static const uint8_t map[32] = {
        0, 0, 0, 0, 0xfa, 0x6c, 0xff, 0x03, 0xfe, 0xff, 0xff, 0xc7, 0xff, 0xff, 0xff, 0x57
    };
    return map[c >> 3] >> (c & 7) & 1;
}

static bool is_token(struct nr_bytes s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_char(s.data[i])) return false;
    return s.len > 0;
}

static struct nr_bytes trim(struct nr_bytes s)
{
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) s = nr_bytes(s.data + 1, s.len - 1);
    while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t')) s.len--;
    return s;
}

static bool is_field_value(struct nr_bytes s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.data[i] < 0x20 && s.data[i] != '\t') || s.data[i] == 0x7f) return false;
    return true;
}

static int reject(struct nr_http_parser *p, int status, const char *detail)
{
    p->detail = detail;
    return status;
}

static int read_length(struct nr_http_parser *p, struct nr_bytes v)
{
    if (p->has_length) return reject(p, 400, "Content-Length is given more than once");
    if (v.len == 0) return reject(p, 400, "Content-Length is not a number");
    size_t n = 0;
    for (size_t i = 0; i < v.len; i++) {
        if (v.data[i] < '0' || v.data[i] > '9') return reject(p, 400, "Content-Length is not a number");
        if (n <= NR_HTTP_BODY_MAX) n = n * 10 + (size_t)(v.data[i] - '0');
    }
    p->has_length = true;
    p->body_len = n;
    return 0;
}

static void read_connection(struct nr_http_parser *p, struct nr_bytes v)
{
    while (v.len > 0) {
        const uint8_t *comma = memchr(v.data, ',', v.len);
        size_t n = comma ? (size_t)(comma - v.data) : v.len;
        struct nr_bytes word = trim(nr_bytes(v.data, n));
        p->close |= name_is(word, "close");
        p->keep_alive |= name_is(word, "keep-alive");
        v = comma ? nr_bytes(comma + 1, v.len - n - 1) : nr_bytes(NULL, 0);
    }
}

static int read_coding(struct nr_http_parser *p, struct nr_bytes v)
{
    if (p->chunked || p->http_1_0) return reject(p, 400, "Transfer-Encoding cannot be used like this");
    if (!name_is(v, "chunked")) return reject(p, 501, "the only transfer coding that is understood is chunked");
    p->chunked = true;
    return 0;
}

/* What the field means for the parser itself. */
static int heed(struct nr_http_parser *p, const struct nr_http_header *f, unsigned *hosts)
{
    switch (f->name.len) {
    case 4:
        if (name_is(f->name, "host") && ++*hosts > 1) return reject(p, 400, "Host is given more than once");
        return 0;
    case 6:
        if (!name_is(f->name, "expect")) return 0;
        if (!name_is(f->value, "100-continue"))
            return reject(p, 417, "the only expectation that is met is 100-continue");
        p->expects_continue = true;
        return 0;
    case 10:
        if (name_is(f->name, "connection")) read_connection(p, f->value);
        return 0;
    case 14: return name_is(f->name, "content-length") ? read_length(p, f->value) : 0;
    case 17: return name_is(f->name, "transfer-encoding") ? read_coding(p, f->value) : 0;
    default: return 0;
    }
}

static int read_field(struct nr_http_parser *p, struct nr_bytes line, struct nr_http_header *out)
{
    if (line.data[0] == ' ' || line.data[0] == '\t') return reject(p, 400, "a header field is folded over lines");
    const uint8_t *colon = memchr(line.data, ':', line.len);
    if (!colon) return reject(p, 400, "a header field has no colon");
    size_t n = (size_t)(colon - line.data);
    out->name = nr_bytes(line.data, n);
    out->value = trim(nr_bytes(colon + 1, line.len - n - 1));
    if (!is_token(out->name)) return reject(p, 400, "a header field's name is malformed");
    if (!is_field_value(out->value)) return reject(p, 400, "a header field's value has a control character");
    return 0;
}

int nr_http_parse_fields(struct nr_http_parser *p, const uint8_t *data, struct nr_http_request *req)
{
    const uint8_t *pos = data + p->head, *end = data + p->body;
    unsigned hosts = 0;
    p->has_length = p->chunked = p->close = p->keep_alive = p->expects_continue = false;
    req->header_count = 0;
    for (;;) {
        const uint8_t *nl = memchr(pos, '\n', (size_t)(end - pos));
        struct nr_bytes line = nr_bytes(pos, (size_t)(nl - pos));
        if (line.len > 0 && line.data[line.len - 1] == '\r') line.len--;
        if (line.len == 0) break;
        if (req->header_count == NR_HTTP_HEADERS_MAX) return reject(p, 431, "more than 100 header fields");
        struct nr_http_header *f = &req->headers[req->header_count++];
        int status = read_field(p, line, f);
        if (!status) status = heed(p, f, &hosts);
        if (status) return status;
        pos = nl + 1;
    }
    if (hosts == 0 && !p->http_1_0) return reject(p, 400, "Host is missing");
    if (p->chunked && p->has_length) return reject(p, 400, "both Content-Length and Transfer-Encoding are given");
    return 0;
}
