/* The phases of a request: line, header fields, then a body by length or in chunks. Each phase remembers how far it has
 * looked, so that a request that drips in costs no more than one that comes at once. */
#include "io/http_parse.h"

#include "base/assert.h"

#define EMPTY_LINES_MAX 16 /* bytes of line ends before a request that are overlooked (RFC 9112 2.2) */

static enum nr_http_result reject(struct nr_http_parser *p, int status, const char *detail)
{
    p->status = status;
    p->detail = detail;
    return NR_HTTP_REJECT;
}

/* The method, target and version out of one line. */
static enum nr_http_result split_line(struct nr_http_parser *p, struct nr_bytes line, struct nr_http_request *req)
{
    const uint8_t *a = memchr(line.data, ' ', line.len);
    size_t method_len = a ? (size_t)(a - line.data) : 0;
    if (method_len == 0 || method_len > NR_HTTP_METHOD_MAX) return reject(p, 400, "the request line is malformed");
    for (size_t i = 0; i < method_len; i++)
        if (line.data[i] < 'A' || line.data[i] > 'Z') return reject(p, 400, "the method is malformed");
    struct nr_bytes rest = nr_bytes(a + 1, line.len - method_len - 1);
    const uint8_t *b = memchr(rest.data, ' ', rest.len);
    if (!b || b == rest.data) return reject(p, 400, "the request line is malformed");
    struct nr_bytes version = nr_bytes(b + 1, rest.len - (size_t)(b - rest.data) - 1);
    req->method = nr_bytes(line.data, method_len);
    req->target = nr_bytes(rest.data, (size_t)(b - rest.data));
    if (version.len != 8 || memcmp(version.data, "HTTP/", 5) != 0 || version.data[6] != '.')
        return reject(p, 400, "the request line is malformed");
    if (version.data[5] != '1') return reject(p, 505, "the version of HTTP that is spoken here is 1.1");
    p->http_1_0 = version.data[7] == '0';
    return NR_HTTP_DONE;
}

/* What stands behind scheme and authority of an absolute form ("http://host/path", RFC 9112 3.2.2); may be empty or
 * begin with a '?'. */
static struct nr_bytes behind_authority(struct nr_bytes t)
{
    size_t i = 7;
    if (t.len < 7 || memcmp(t.data, "http://", 7) != 0) return t;
    while (i < t.len && t.data[i] != '/' && t.data[i] != '?') i++;
    return nr_bytes(t.data + i, t.len - i);
}

static enum nr_http_result split_target(struct nr_http_parser *p, struct nr_http_request *req)
{
    if (req->target.len > NR_HTTP_TARGET_MAX) return reject(p, 414, "the URI is longer than 8192 bytes");
    struct nr_bytes t = behind_authority(req->target);
    bool empty = t.len < req->target.len && (t.len == 0 || t.data[0] == '?');
    if (!empty && t.data[0] != '/') return reject(p, 400, "the request target does not begin with a slash");
    for (size_t i = 0; i < t.len; i++)
        if (t.data[i] <= 0x20 || t.data[i] >= 0x7f)
            return reject(p, 400, "the URI has a character that must be encoded");
    const uint8_t *q = t.len ? memchr(t.data, '?', t.len) : NULL;
    size_t path_len = q ? (size_t)(q - t.data) : t.len;
    req->target = t;
    req->path = empty ? nr_bytes("/", 1) : nr_bytes(t.data, path_len);
    req->query = q ? nr_bytes(q + 1, t.len - path_len - 1) : nr_bytes(t.data + t.len, 0);
    return NR_HTTP_DONE;
}

static enum nr_http_result parse_line(struct nr_http_parser *p, const uint8_t *data, struct nr_http_request *req)
{
    struct nr_bytes line = nr_bytes(data + p->start, p->head - p->start - 1);
    if (line.len > 0 && line.data[line.len - 1] == '\r') line.len--;
    enum nr_http_result r = split_line(p, line, req);
    return r == NR_HTTP_DONE ? split_target(p, req) : r;
}

static enum nr_http_result find_line(struct nr_http_parser *p, const uint8_t *data, size_t len,
                                     struct nr_http_request *req)
{
    while (p->start < len && (data[p->start] == '\r' || data[p->start] == '\n'))
        if (++p->start > EMPTY_LINES_MAX) return reject(p, 400, "the request line is empty");
    if (p->scanned < p->start) p->scanned = p->start;
    const uint8_t *nl = memchr(data + p->scanned, '\n', len - p->scanned);
    if (!nl) {
        p->scanned = len;
        if (len - p->start > NR_HTTP_METHOD_MAX + NR_HTTP_TARGET_MAX + 16)
            return reject(p, 414, "the URI is longer than 8192 bytes");
        return NR_HTTP_MORE;
    }
    p->head = p->scanned = (size_t)(nl - data) + 1;
    p->phase = NR_HTTP_IN_HEAD;
    return parse_line(p, data, req);
}

/* Finds the empty line that ends the header fields; p->scanned stands at a line's beginning. Returns the position
 * behind it, 0 when it is not there yet. */
static size_t find_empty_line(struct nr_http_parser *p, const uint8_t *data, size_t len)
{
    while (p->scanned < len) {
        const uint8_t *line = data + p->scanned, *nl = memchr(line, '\n', len - p->scanned);
        if (!nl) return 0;
        size_t n = (size_t)(nl - line);
        p->scanned += n + 1;
        if (n == 0 || (n == 1 && line[0] == '\r')) return p->scanned;
    }
    return 0;
}

static enum nr_http_result find_head(struct nr_http_parser *p, const uint8_t *data, size_t len,
                                     struct nr_http_request *req)
{
    size_t end = find_empty_line(p, data, len);
    if ((end ? end : len) - p->head > NR_HTTP_HEAD_MAX)
        return reject(p, 431, "the header fields take more than 16384 bytes");
    if (!end) return NR_HTTP_MORE;
    p->body = p->scanned = end;
    int status = nr_http_parse_fields(p, data, req);
    if (status) return reject(p, status, p->detail);
    if (p->body_len > NR_HTTP_BODY_MAX) return reject(p, 413, "the body is larger than 65536 bytes");
    p->phase = p->chunked ? NR_HTTP_IN_CHUNKS : NR_HTTP_IN_BODY;
    return NR_HTTP_DONE;
}

/* A chunk's size line: hexadecimal digits, extensions ignored. */
static bool read_chunk_size(struct nr_bytes line, size_t *out)
{
    size_t n = 0, i = 0;
    for (; i < line.len; i++) {
        uint8_t c = line.data[i], lower = c | 0x20;
        int v = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
        if (v < 0) break;
        if (n <= NR_HTTP_BODY_MAX) n = n * 16 + (size_t)v;
    }
    if (i == 0 || (i < line.len && line.data[i] != ';' && line.data[i] != ' ' && line.data[i] != '\t')) return false;
    *out = n;
    return true;
}

/* One chunk at p->scanned, moved up to the joined ones. NR_HTTP_DONE: taken; *size is 0 for the last. */
static enum nr_http_result take_chunk(struct nr_http_parser *p, uint8_t *data, size_t len, size_t *size)
{
    uint8_t *line = data + p->scanned;
    const uint8_t *nl = memchr(line, '\n', len - p->scanned);
    if (!nl) return len - p->scanned > 1024 ? reject(p, 400, "a chunk's size is malformed") : NR_HTTP_MORE;
    size_t line_len = (size_t)(nl - line), at = p->scanned + line_len + 1;
    if (line_len > 0 && line[line_len - 1] == '\r') line_len--;
    if (!read_chunk_size(nr_bytes(line, line_len), size)) return reject(p, 400, "a chunk's size is malformed");
    if (*size > NR_HTTP_BODY_MAX - p->body_len) return reject(p, 413, "the body is larger than 65536 bytes");
    if (*size == 0) {
        p->scanned = at;
        return NR_HTTP_DONE;
    }
    if (len - at < *size + 2) return NR_HTTP_MORE;
    if (data[at + *size] != '\r' || data[at + *size + 1] != '\n')
        return reject(p, 400, "a chunk does not end where it says");
    memmove(data + p->body + p->body_len, data + at, *size);
    p->body_len += *size;
    p->scanned = at + *size + 2;
    return NR_HTTP_DONE;
}

/* The trailer fields behind the last chunk are read over. */
static enum nr_http_result skip_trailers(struct nr_http_parser *p, const uint8_t *data, size_t len)
{
    for (;;) {
        const uint8_t *line = data + p->scanned, *nl = memchr(line, '\n', len - p->scanned);
        if (!nl)
            return len - p->scanned > NR_HTTP_HEAD_MAX ? reject(p, 431, "the trailer fields are too long")
                                                       : NR_HTTP_MORE;
        size_t n = (size_t)(nl - line);
        p->scanned += n + 1;
        if (n == 0 || (n == 1 && line[0] == '\r')) return NR_HTTP_DONE;
    }
}

static enum nr_http_result find_chunks(struct nr_http_parser *p, uint8_t *data, size_t len)
{
    if (p->scanned - p->body > NR_HTTP_CHUNKED_MAX) return reject(p, 413, "the chunks take too much room");
    while (!p->last_chunk) {
        size_t size = 0;
        enum nr_http_result r = take_chunk(p, data, len, &size);
        if (r != NR_HTTP_DONE) return r;
        if (p->scanned - p->body > NR_HTTP_CHUNKED_MAX) return reject(p, 413, "the chunks take too much room");
        p->last_chunk = size == 0;
    }
    enum nr_http_result r = skip_trailers(p, data, len);
    if (r == NR_HTTP_DONE) p->consumed = p->scanned;
    if (r == NR_HTTP_MORE && len - p->body > NR_HTTP_CHUNKED_MAX)
        return reject(p, 431, "the trailer fields are too long");
    return r;
}

static enum nr_http_result find_body(struct nr_http_parser *p, uint8_t *data, size_t len)
{
    if (p->phase == NR_HTTP_IN_CHUNKS) return find_chunks(p, data, len);
    if (len - p->body < p->body_len) return NR_HTTP_MORE;
    p->consumed = p->body + p->body_len;
    return NR_HTTP_DONE;
}

enum nr_http_result nr_http_parse(struct nr_http_parser *p, uint8_t *data, size_t len, struct nr_http_request *req)
{
    bool parsed_line = false, parsed_head = false;
    enum nr_http_result r = NR_HTTP_DONE;
    if (p->phase == NR_HTTP_IN_LINE) {
        r = find_line(p, data, len, req);
        parsed_line = true;
    }
    if (r == NR_HTTP_DONE && p->phase == NR_HTTP_IN_HEAD) {
        r = find_head(p, data, len, req);
        parsed_head = true;
    }
    if (r == NR_HTTP_DONE) r = find_body(p, data, len);
    if (r != NR_HTTP_DONE) return r;
    /* What an earlier call has parsed may have moved since, or `req` was another's. */
    if (!parsed_line) r = parse_line(p, data, req);
    nr_assert(r == NR_HTTP_DONE);
    int status = parsed_head ? 0 : nr_http_parse_fields(p, data, req);
    nr_assert(status == 0);
    req->body = nr_bytes(data + p->body, p->body_len);
    req->keep_alive = p->http_1_0 ? p->keep_alive && !p->close : !p->close;
    return NR_HTTP_DONE;
}
