/* GET /: what this is, and what there is to call. */
#include "io/clock.h"
#include "nodehttpd/handlers.h"
#include "nodehttpd/router.h"

static void add_node_id(struct nr_json *j, struct app *app)
{
    const void *data;
    size_t len;
    nr_json_key(j, "node_id");
    if (reads_begin(&app->reads, nr_clock_now())) {
        nr_json_null(j);
        return;
    }
    if (nr_meta_get(app->reads.snapshot, "node_id", &data, &len) == 0)
        nr_json_str(j, nr_bytes(data, len));
    else
        nr_json_null(j);
    reads_end(&app->reads);
}

void index_get(const struct exchange *x, const struct request *rq)
{
    struct nr_json j;
    (void)rq;
    nr_json_init(&j, app_body(x->app));
    nr_json_object(&j);
    nr_json_kcstr(&j, "service", SERVICE_NAME);
    nr_json_kcstr(&j, "version", NR_VERSION);
    add_node_id(&j, x->app);
    nr_json_key(&j, "endpoints");
    nr_json_array(&j);
    for (size_t i = 0; i < route_count; i++) {
        nr_json_object(&j);
        nr_json_kcstr(&j, "method", routes[i].method);
        nr_json_kcstr(&j, "path", routes[i].path);
        nr_json_kcstr(&j, "summary", routes[i].summary);
        nr_json_object_end(&j);
    }
    nr_json_array_end(&j);
    nr_json_object_end(&j);
    respond_json(x, 200, NULL);
}
