/* Hostile URIs: what is decoded must be clean text, and filters, paging, routes and times must keep within their
 * bounds. Input: a path, a '?', a query. */
#include "base/assert.h"
#include "base/utf8.h"
#include "nodehttpd/node_query.h"
#include "nodehttpd/router.h"
#include "nodehttpd/since.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_query(struct nr_bytes raw)
{
    static struct query q;
    static struct node_query n;
    struct nr_bytes text;
    struct faults f;
    int64_t ms;
    if (query_parse(&q, raw)) return;
    for (size_t i = 0; i < q.count; i++) nr_assert(nr_utf8_clean(q.pairs[i].key) && nr_utf8_clean(q.pairs[i].value));
    faults_init(&f);
    node_query_init(&n, VIEW_FLAT);
    node_query_paging(&n, &q, &f);
    node_query_discover(&n, &q, &f);
    nr_assert(n.limit >= 1 && n.limit <= NODE_QUERY_LIMIT);
    nr_assert(n.filter.label_count <= NR_LABELS_MAX);
    if (query_text(&q, "since", &f, &text)) nr_assert(!since_parse(text, &ms) || ms > INT64_MIN / 2);
    faults_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[NR_HTTP_TARGET_MAX];
    struct match m;
    if (size > NR_HTTP_TARGET_MAX) return 0;
    const uint8_t *mark = size ? memchr(data, '?', size) : NULL;
    size_t path_len = mark ? (size_t)(mark - data) : size;
    if (mark) check_query(nr_bytes(mark + 1, size - path_len - 1));
    if (path_len == 0) return 0;
    router_match(nr_bytes_str("GET"), nr_bytes(data, path_len), room, &m);
    nr_assert(m.status == 200 || m.status == 400 || m.status == 404 || m.status == 405);
    nr_assert(m.param.len == 0 || (m.status == 200 && nr_utf8_clean(m.param)));
    return 0;
}
