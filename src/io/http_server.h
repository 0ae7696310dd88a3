/* A small HTTP/1.1 server on the loop: one thread, kept-alive connections, requests whole in memory (http_parse.h has
 * the bounds), replies at once or later.
 *
 * What it holds against strangers: a request must be complete `request_ms` after its first byte (and the first after
 * the connection was made), however it drips; an answer must be taken at 16 KiB a second; at most `connections_max`
 * connections, and when they are all taken the one that has waited longest without a complete request makes room for
 * the next. So whoever sends a whole request is served, whatever others hold open. */
#ifndef NR_IO_HTTP_SERVER_H
#define NR_IO_HTTP_SERVER_H

#include "base/buf.h"
#include "io/http_parse.h"
#include "io/loop.h"

struct nr_http_server;

/* One request that waits for its reply. Exactly one nr_http_reply must follow each call of `handle` or `refuse`, from
 * within it or later; after it the call is gone. It stays valid until then, also when the client has left. */
struct nr_http_call;

/* A body that several replies share. */
struct nr_http_blob;
struct nr_http_blob *
nr_http_blob_new(struct nr_buf *taken); /* takes its memory, leaves it empty; NULL: out of memory */
struct nr_http_blob *nr_http_blob_ref(struct nr_http_blob *b);
void nr_http_blob_unref(struct nr_http_blob *b); /* takes NULL */
struct nr_bytes nr_http_blob_bytes(const struct nr_http_blob *b);

struct nr_http_reply {
    int status;
    const char *content_type;  /* NULL: there is no body */
    const char *headers;       /* more header fields, each with CRLF behind it; or NULL */
    struct nr_bytes body;      /* borrowed for the call of nr_http_reply */
    struct nr_http_blob *blob; /* in place of `body`: a reference is taken while it is needed */
};

struct nr_http_server_options {
    /* `req` is borrowed for the call. */
    void (*handle)(void *arg, struct nr_http_call *call, const struct nr_http_request *req);
    /* What came is no request, or one beyond a bound; the connection is closed behind the reply. */
    void (*refuse)(void *arg, struct nr_http_call *call, int status, const char *detail);
    /* After nr_http_server_stop, when the last connection is closed; may be called from within it. May be NULL. */
    void (*drained)(void *arg);
    void *arg;
    uint32_t connections_max; /* 0: 1,024 */
    uint32_t request_ms;      /* 0: 10,000 */
    uint32_t idle_ms;         /* a kept-alive connection without a request; 0: 75,000 */
};

struct nr_http_stats {
    uint64_t connections; /* open now */
    uint64_t accepted;    /* ever */
    uint64_t timed_out;   /* dropped with a request begun and not complete, or an answer not taken */
    uint64_t evicted;     /* dropped to make room */
    uint64_t bytes_in, bytes_out;
};

/* NULL: out of memory. */
struct nr_http_server *nr_http_server_new(struct nr_loop *loop, const struct nr_http_server_options *options);
/* Resolves `NAME:PORT` (numbers need no resolver) and listens on each address found; may be called again for more.
 * NR_E_INVALID: does not resolve; NR_E_SYSTEM: errno says why; NR_E_NOMEM. */
int nr_http_server_listen(struct nr_http_server *s, const char *address) NR_MUST_CHECK;
/* The address of the first socket that listens, its port as the system gave it. */
struct nr_addr nr_http_server_address(const struct nr_http_server *s);
/* Takes no more connections and closes each behind the answer that it waits for. */
void nr_http_server_stop(struct nr_http_server *s);
/* Closes all. Takes NULL. No reply may be outstanding in others' hands. */
void nr_http_server_free(struct nr_http_server *s);

void nr_http_reply(struct nr_http_call *call, const struct nr_http_reply *reply);
void nr_http_server_stats(const struct nr_http_server *s, struct nr_http_stats *out);
/* "Not Found" for 404; "Unknown" for a number that is not in the list. */
const char *nr_http_status_text(int status);

#endif
