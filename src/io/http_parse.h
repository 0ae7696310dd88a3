/* HTTP/1.1 requests out of bytes (RFC 9110, RFC 9112): a resumable parser without sockets, memory or time of its own.
 *
 * Hand it all bytes of the connection that are not consumed yet, again with more behind them while it answers
 * NR_HTTP_MORE; the bytes may move between calls. It remembers the lines that it has looked through, however slowly
 * they come. On NR_HTTP_DONE the request borrows from those bytes. On NR_HTTP_REJECT `status` and `detail` say why, and
 * the connection cannot be used further: where the next request begins is not known.
 *
 * Strict where two readers could differ (a length given twice, both length and chunks, white space before a colon,
 * folded lines: 400), lenient where they cannot (a bare line feed ends a line). */
#ifndef NR_IO_HTTP_PARSE_H
#define NR_IO_HTTP_PARSE_H

#include "base/addr.h"

#define NR_HTTP_METHOD_MAX  32
#define NR_HTTP_TARGET_MAX  8192
#define NR_HTTP_HEAD_MAX    16384 /* header fields, without the request line */
#define NR_HTTP_HEADERS_MAX 100
#define NR_HTTP_BODY_MAX    65536
#define NR_HTTP_CHUNKED_MAX (2 * NR_HTTP_BODY_MAX) /* of a chunked body as it travels */
/* The most that a parser may need to see at once. */
#define NR_HTTP_REQUEST_MAX                                                                                            \
    (NR_HTTP_METHOD_MAX + NR_HTTP_TARGET_MAX + 64 + NR_HTTP_HEAD_MAX + NR_HTTP_CHUNKED_MAX + NR_HTTP_HEAD_MAX)

struct nr_http_header {
    struct nr_bytes name;
    struct nr_bytes value; /* without the white space around it */
};

struct nr_http_request {
    struct nr_bytes method;
    struct nr_bytes target; /* path and query as sent; an absolute form has lost its scheme and authority */
    struct nr_bytes path;   /* begins with '/'; not percent-decoded */
    struct nr_bytes query;  /* behind the '?', may be empty; not percent-decoded */
    struct nr_bytes body;   /* chunks joined */
    struct nr_addr remote;  /* filled in by the server */
    bool keep_alive;
    size_t header_count;
    struct nr_http_header headers[NR_HTTP_HEADERS_MAX];
};

/* The first header field of that name (lower case), or NULL. */
const struct nr_bytes *nr_http_header(const struct nr_http_request *req, const char *name);
bool nr_http_method_is(const struct nr_http_request *req, const char *method);

enum nr_http_phase { NR_HTTP_IN_LINE, NR_HTTP_IN_HEAD, NR_HTTP_IN_BODY, NR_HTTP_IN_CHUNKS };

/* All zero: ready for a request. */
struct nr_http_parser {
    enum nr_http_phase phase;
    size_t start;    /* the request line, behind empty lines */
    size_t head;     /* the header fields */
    size_t body;     /* the body; 0: not known yet */
    size_t scanned;  /* up to here the current phase has been looked through */
    size_t body_len; /* Content-Length, or the joined length of the chunks so far */
    size_t consumed; /* on NR_HTTP_DONE: bytes that the request took */
    bool http_1_0;
    bool has_length;
    bool chunked;
    bool last_chunk; /* behind it only trailer fields */
    bool close;
    bool keep_alive;
    bool expects_continue; /* a body is to come, and the client waits for a word first */
    int status;            /* on NR_HTTP_REJECT */
    const char *detail;
};

enum nr_http_result { NR_HTTP_MORE, NR_HTTP_DONE, NR_HTTP_REJECT };

/* Chunks are joined in place: `data` is written to. */
enum nr_http_result nr_http_parse(struct nr_http_parser *p, uint8_t *data, size_t len, struct nr_http_request *req);

/* For http_parse.c only: the header fields between p->head and p->body into `req` and p. 0, or the status to reject
 * with (then p->detail is set). */
int nr_http_parse_fields(struct nr_http_parser *p, const uint8_t *data, struct nr_http_request *req) NR_MUST_CHECK;

#endif
