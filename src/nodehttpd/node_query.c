#include "nodehttpd/node_query.h"

#include "nodehttpd/fields.h"

void node_query_init(struct node_query *q, enum view view)
{
    q->filter = (struct nr_node_filter){ .labels = q->label_list };
    q->view = view;
    q->limit = NODE_QUERY_LIMIT;
    q->offset = 0;
}

static void set_text(const char *key, struct nr_bytes s, char room[static NODE_QUERY_TEXT], const char **out,
                     struct faults *f)
{
    if (s.len >= NODE_QUERY_TEXT) {
        faults_add(f, key, "must have at most %d bytes", NODE_QUERY_TEXT - 1);
        return;
    }
    memcpy(room, s.data, s.len);
    room[s.len] = '\0';
    *out = room;
}

static void set_status(struct node_query *q, struct nr_bytes word, struct faults *f)
{
    if (nr_node_status_parse((const char *)word.data, word.len, &q->filter.status))
        faults_add(f, "status", "must be online, degraded, offline, maintenance, draining or left");
    else
        q->filter.by_status = true;
}

static void add_label(struct node_query *q, const char *key, struct nr_bytes s, struct faults *f)
{
    if (q->filter.label_count == NR_LABELS_MAX || s.len > NR_LABEL_MAX) {
        faults_add(f, key, "must be at most %d labels of at most %d bytes", NR_LABELS_MAX, NR_LABEL_MAX);
        return;
    }
    char *room = q->labels[q->filter.label_count];
    memcpy(room, s.data, s.len);
    room[s.len] = '\0';
    q->label_list[q->filter.label_count++] = room;
}

/* Under one key or another (NULL: none), in the order given. */
static void add_labels(struct node_query *q, const struct query *from, const char *key, const char *other,
                       struct faults *f)
{
    for (size_t i = 0; i < from->count; i++) {
        struct nr_bytes k = from->pairs[i].key;
        bool is_other = other && nr_bytes_eq(k, nr_bytes_str(other));
        if (from->pairs[i].value.len == 0 || (!is_other && !nr_bytes_eq(k, nr_bytes_str(key)))) continue;
        add_label(q, is_other ? other : key, from->pairs[i].value, f);
    }
}

void node_query_paging(struct node_query *q, const struct query *from, struct faults *f)
{
    query_number(from, "limit", 1, NODE_QUERY_LIMIT, f, &q->limit);
    query_number(from, "offset", 0, INT64_MAX, f, &q->offset);
}

static void read_role_and_status(struct node_query *q, const struct query *from, struct faults *f)
{
    struct nr_bytes s;
    if (query_text(from, "role", f, &s)) set_text("role", s, q->role, &q->filter.role, f);
    if (query_text(from, "status", f, &s)) set_status(q, s, f);
}

void node_query_list(struct node_query *q, const struct query *from, struct faults *f)
{
    read_role_and_status(q, from, f);
    add_labels(q, from, "label", NULL, f);
}

void node_query_discover(struct node_query *q, const struct query *from, struct faults *f)
{
    struct nr_bytes s;
    read_role_and_status(q, from, f);
    add_labels(q, from, "labels", "label", f);
    if (query_text(from, "type", f, &s)) set_text("type", s, q->type, &q->filter.type, f);
    if (query_text(from, "capability", f, &s)) set_text("capability", s, q->capability, &q->filter.capability, f);
}

static void body_text(const json_t *body, const char *key, char room[static NODE_QUERY_TEXT], const char **out,
                      struct faults *f)
{
    struct nr_bytes s;
    if (field_text(body, key, 0, NODE_QUERY_TEXT - 1, f, &s) && s.len > 0) set_text(key, s, room, out, f);
}

static void body_number(const json_t *body, const char *key, int64_t low, int64_t high, struct faults *f, uint64_t *out)
{
    const json_t *v = field_get(body, key);
    if (!v) return;
    if (json_is_integer(v) && json_integer_value(v) >= low && json_integer_value(v) <= high)
        *out = (uint64_t)json_integer_value(v);
    else
        faults_add(f, key, "must be a whole number from %lld to %lld", (long long)low, (long long)high);
}

void node_query_body(struct node_query *q, const json_t *body, struct faults *f)
{
    struct nr_bytes labels[NR_LABELS_MAX], s;
    size_t count;
    body_text(body, "role", q->role, &q->filter.role, f);
    body_text(body, "type", q->type, &q->filter.type, f);
    body_text(body, "capability", q->capability, &q->filter.capability, f);
    if (field_text(body, "status", 0, NODE_QUERY_TEXT, f, &s) && s.len > 0) set_status(q, s, f);
    field_labels(body, "labels", f, labels, &count);
    for (size_t i = 0; i < count; i++) add_label(q, "labels", labels[i], f);
    body_number(body, "limit", 1, NODE_QUERY_LIMIT, f, &q->limit);
    body_number(body, "offset", 0, INT64_MAX, f, &q->offset);
}

void node_query_json(const struct node_query *q, struct nr_json *j)
{
    nr_json_object(j);
    nr_json_kcstr(j, "role", q->filter.role);
    nr_json_kcstr(j, "type", q->filter.type);
    nr_json_kcstr(j, "status", q->filter.by_status ? nr_node_status_name(q->filter.status) : NULL);
    nr_json_kcstr(j, "capability", q->filter.capability);
    nr_json_key(j, "labels");
    nr_json_array(j);
    for (size_t i = 0; i < q->filter.label_count; i++) nr_json_cstr(j, q->filter.labels[i]);
    nr_json_array_end(j);
    nr_json_object_end(j);
}
