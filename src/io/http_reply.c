/* What stands before a reply's body, and bodies that are shared. */
#include <stdlib.h>
#include <time.h>

#include "base/assert.h"
#include "io/http_conn.h"

struct nr_http_blob {
    unsigned refs;
    struct nr_buf buf;
};

struct nr_http_blob *nr_http_blob_new(struct nr_buf *taken)
{
    struct nr_http_blob *b = malloc(sizeof *b);
    if (!b) return NULL;
    *b = (struct nr_http_blob){ .refs = 1, .buf = *taken };
    nr_buf_init(taken, taken->max);
    return b;
}

struct nr_http_blob *nr_http_blob_ref(struct nr_http_blob *b)
{
    b->refs++;
    return b;
}

void nr_http_blob_unref(struct nr_http_blob *b)
{
    if (!b) return;
    nr_assert(b->refs > 0);
    if (--b->refs > 0) return;
    nr_buf_fini(&b->buf);
    free(b);
}

struct nr_bytes nr_http_blob_bytes(const struct nr_http_blob *b)
{
    return nr_buf_bytes(&b->buf);
}

const char *nr_http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } list[] = {
        { 200, "OK" },
        { 204, "No Content" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 417, "Expectation Failed" },
        { 422, "Unprocessable Content" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
        { 505, "HTTP Version Not Supported" },
        { 507, "Insufficient Storage" },
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i].status == status) return list[i].text;
    return "Unknown";
}

static void renew_date(struct nr_http_server *s)
{
    time_t t = (time_t)(s->now.wall_ms / 1000);
    struct tm tm;
    if (s->date_s == t) return;
    s->date_s = t;
    gmtime_r(&t, &tm);
    /* The daemon never calls setlocale: names of days and months are those of RFC 9110 5.6.7. */
    strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static void add_number(struct nr_buf *b, size_t n)
{
    char text[24];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    nr_buf_add(b, text + at, sizeof text - at);
}

void nr_http_write_head(struct nr_http_call *c, const struct nr_http_reply *reply, size_t body_len)
{
    struct nr_http_server *s = c->server;
    struct nr_buf *b = &s->head;
    renew_date(s);
    nr_buf_reset(b);
    if (reply->status == 200) {
        nr_buf_add_str(b, "HTTP/1.1 200 OK\r\nDate: ");
    } else {
        nr_buf_add_str(b, "HTTP/1.1 ");
        add_number(b, (size_t)reply->status);
        nr_buf_add_str(b, " ");
        nr_buf_add_str(b, nr_http_status_text(reply->status));
        nr_buf_add_str(b, "\r\nDate: ");
    }
    nr_buf_add_str(b, s->date);
    if (reply->content_type) {
        nr_buf_add_str(b, "\r\nContent-Type: ");
        nr_buf_add_str(b, reply->content_type);
    }
    if (reply->status != 204) {
        nr_buf_add_str(b, "\r\nContent-Length: ");
        add_number(b, body_len);
    }
    nr_buf_add_str(b, "\r\n");
    if (reply->headers) nr_buf_add_str(b, reply->headers);
    if (c->close_after)
        nr_buf_add_str(b, "Connection: close\r\n");
    else if (c->http_1_0)
        nr_buf_add_str(b, "Connection: keep-alive\r\n");
    nr_buf_add_str(b, "\r\n");
}
