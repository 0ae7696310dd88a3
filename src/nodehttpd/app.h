/* The facade as a whole, and one exchange with a client. Each part that a handler needs is reached from here. */
#ifndef NODEHTTPD_APP_H
#define NODEHTTPD_APP_H

#include <jansson.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "io/control_client.h"
#include "io/http_server.h"
#include "nodehttpd/cache.h"
#include "nodehttpd/census.h"
#include "nodehttpd/metrics.h"
#include "nodehttpd/query.h"
#include "nodehttpd/reads.h"

#define SERVICE_NAME "node-registry"

enum view { VIEW_FLAT, VIEW_FULL };

struct pending;

struct app {
    struct nr_loop *loop;
    struct nr_http_server *server;
    struct nr_control_client *control;
    struct reads reads;
    struct cache cache;
    struct census census;
    struct metrics metrics;
    struct nr_now started;
    enum view default_view;
    LIST_HEAD(pending_list, pending) pending; /* writes and questions that noded has not answered yet */
    struct nr_buf body;                       /* where a handler builds its answer; one at a time */
    struct query query;                       /* of the request that is being handled */
};

struct route;

/* Of one request, until its reply: small, copied into what waits for an answer of noded. */
struct exchange {
    struct app *app;
    struct nr_http_call *call;
    const struct route *route; /* NULL: none was found */
    int64_t started_us;
};

/* What a handler gets; borrowed for its call. */
struct request {
    const struct nr_http_request *http;
    struct nr_bytes param; /* what stands in the path's braces, decoded */
};

typedef void handler_fn(const struct exchange *x, const struct request *rq);

#define TYPE_JSON    "application/json"
#define TYPE_PROBLEM "application/problem+json"

/* Each ends the exchange. */
void respond(const struct exchange *x, const struct nr_http_reply *reply);
/* app->body as JSON; 500 when memory ran out while it was built. */
void respond_json(const struct exchange *x, int status, const char *headers);
void respond_empty(const struct exchange *x, int status);

/* An empty app->body. */
struct nr_buf *app_body(struct app *app);
/* The request's query, parsed into app->query. False: answered 400. */
bool app_query(const struct exchange *x, const struct request *rq);
/* The request's body, an object. NULL: answered 400 or 422. The caller's to release. */
json_t *app_object(const struct exchange *x, const struct request *rq);
/* The view that `view` asks for, or the default. */
enum view app_view(const struct app *app, struct faults *f);

#endif
