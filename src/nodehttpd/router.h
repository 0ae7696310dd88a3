/* Which handler a request goes to: one table, which also feeds 405's Allow and the list of endpoints at GET /. */
#ifndef NODEHTTPD_ROUTER_H
#define NODEHTTPD_ROUTER_H

#include "nodehttpd/app.h"

struct route {
    const char *method;
    const char *path; /* a segment in braces stands for any */
    handler_fn *handle;
    bool is_write;
    const char *summary;
};

extern const struct route routes[];
extern const size_t route_count;

struct match {
    int status;                /* 200, 400 (the path is not percent-encoded text), 404 or 405 */
    const struct route *route; /* for 200 */
    struct nr_bytes param;     /* decoded into the caller's room */
    char allow[64];            /* for 405 */
};
/* `room` takes the decoded parameter: path.len bytes. */
void router_match(struct nr_bytes method, struct nr_bytes path, uint8_t *room, struct match *out);

/* The server's two callbacks; `arg` is the struct app. */
void router_handle(void *arg, struct nr_http_call *call, const struct nr_http_request *req);
void router_refuse(void *arg, struct nr_http_call *call, int status, const char *detail);

#endif
