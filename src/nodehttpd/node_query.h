/* Which nodes a list or a discovery asks for. */
#ifndef NODEHTTPD_NODE_QUERY_H
#define NODEHTTPD_NODE_QUERY_H

#include <jansson.h>

#include "nodehttpd/app.h"
#include "proto/limits.h"

#define NODE_QUERY_LIMIT 1000
#define NODE_QUERY_TEXT  256 /* a longer filter matches nothing that there can be */

struct node_query {
    struct nr_node_filter filter; /* points into this struct: do not copy it */
    enum view view;
    uint64_t limit, offset;
    char role[NODE_QUERY_TEXT], type[NODE_QUERY_TEXT], capability[NODE_QUERY_TEXT];
    char labels[NR_LABELS_MAX][NR_LABEL_MAX + 1];
    const char *label_list[NR_LABELS_MAX];
};

void node_query_init(struct node_query *q, enum view view);
/* Each adds what is wrong to `f`. */
void node_query_paging(struct node_query *q, const struct query *from, struct faults *f);   /* limit, offset */
void node_query_list(struct node_query *q, const struct query *from, struct faults *f);     /* role, label, status */
void node_query_discover(struct node_query *q, const struct query *from, struct faults *f); /* and type, capability */
void node_query_body(struct node_query *q, const json_t *body, struct faults *f);           /* the same from JSON */
/* "query" of a discovery's answer: what was asked for, null where nothing was. */
void node_query_json(const struct node_query *q, struct nr_json *j);

#endif
