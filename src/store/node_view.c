/* The values of NODES and PROFILES: a record's fields laid out for readers, with its JSON rendered once. */
#include "store/store_impl.h"

#include "crypto/crypto.h"
#include "proto/body.h"
#include "proto/json_mp.h"
#include "store/mpmap.h"

static void json_text(struct nr_json *j, const char *key, struct nr_bytes text, bool there)
{
    nr_json_key(j, key);
    if (there)
        nr_json_str(j, text);
    else
        nr_json_null(j);
}

static void json_moment(struct nr_json *j, const char *key, int64_t ms)
{
    nr_json_key(j, key);
    if (ms)
        nr_json_time(j, ms);
    else
        nr_json_null(j);
}

static void render_head(struct nr_json *j, const char *id, struct nr_bytes node_id, const struct nr_node_body *b)
{
    nr_json_kcstr(j, "id", id);
    nr_json_kstr(j, "node_id", node_id);
    nr_json_kstr(j, "hostname", b->hostname);
    json_text(j, "ip", b->ip, b->ip.len);
    nr_json_kstr(j, "role", b->role);
    nr_json_key(j, "labels");
    nr_json_array(j);
    for (size_t i = 0; i < b->label_count; i++) nr_json_str(j, b->labels[i]);
    nr_json_array_end(j);
}

static int json_map(struct nr_json *j, struct nr_bytes map)
{
    struct nr_reader r;
    nr_reader_init(&r, map);
    nr_mp_to_json(&r, j);
    return nr_reader_end(&r);
}

static int render_tail(struct nr_json *j, const struct nr_node_head *h, struct nr_bytes metadata)
{
    int err = 0;
    nr_json_key(j, "metadata");
    if (metadata.len) {
        err = json_map(j, metadata);
    } else {
        nr_json_object(j);
        nr_json_object_end(j);
    }
    json_moment(j, "created_at", h->created_at_ms);
    json_moment(j, "updated_at", h->updated_at_ms);
    return err;
}

static void render_full(struct nr_json *j, const struct nr_node_head *h, const struct nr_node_body *b)
{
    struct nr_bytes name = b->hostname, type = { 0 }, local_ip = { 0 };
    if (!nr_mp_find_str(b->metadata, "node_name", &name)) name = b->hostname;
    bool has_type = nr_mp_find_str(b->metadata, "node_type", &type);
    bool has_local_ip = nr_mp_find_str(b->metadata, "local_ip", &local_ip);
    nr_json_kstr(j, "node_name", name);
    nr_json_kstr(j, "node_role", b->role);
    json_text(j, "node_type", type, has_type);
    json_text(j, "ip_address", b->ip, b->ip.len);
    json_text(j, "local_ip", local_ip, has_local_ip);
    json_moment(j, "registered_at", h->created_at_ms);
}

static void add(struct nr_buf *out, struct nr_bytes b)
{
    if (b.len) nr_buf_add(out, b.data, b.len);
}

static uint16_t add_labels(struct nr_buf *out, const struct nr_node_body *b)
{
    size_t before = out->len;
    for (size_t i = 0; i < b->label_count; i++) {
        uint8_t len = (uint8_t)b->labels[i].len;
        nr_buf_add(out, &len, 1);
        add(out, b->labels[i]);
    }
    return (uint16_t)(out->len - before);
}

static void fill_head(struct nr_node_head *h, const struct nr_record *rec, const struct nr_node_body *b)
{
    *h = (struct nr_node_head){
        .created_at_ms = b->created_at_ms ? b->created_at_ms : b->updated_at_ms,
        .updated_at_ms = b->updated_at_ms ? b->updated_at_ms : b->created_at_ms,
        .ends_ms = nr_record_ends_ms(rec->stamp, rec->lease_s),
        .stamp = rec->stamp,
        .metadata_len = (uint32_t)b->metadata.len,
        .hostname_len = (uint16_t)b->hostname.len,
        .role_len = (uint16_t)b->role.len,
        .label_count = (uint16_t)b->label_count,
        .ip_len = (uint8_t)b->ip.len,
        .state = (uint8_t)b->state,
        .self = b->self,
    };
    nr_node_uuid(rec->subject, h->id);
    memcpy(h->signer, rec->signer, NR_KEY_SIZE);
}

/* Renders into `text` one after another, each an object whose braces are then left out. */
static int render(struct nr_buf *text, struct nr_node_head *h, const struct nr_record *rec,
                  const struct nr_node_body *b, size_t ends[3])
{
    int err = 0;
    for (int part = 0; part < 3 && !err; part++) {
        struct nr_json j;
        nr_json_init(&j, text);
        nr_json_object(&j);
        if (part == 0) render_head(&j, h->id, rec->subject, b);
        if (part == 1) err = render_tail(&j, h, b->metadata);
        if (part == 2) render_full(&j, h, b);
        nr_json_object_end(&j);
        ends[part] = text->len;
    }
    return err ? err : text->err;
}

int nr_node_value(struct nr_buf *out, const struct nr_record *rec)
{
    struct nr_node_body b;
    struct nr_node_head h;
    struct nr_buf text;
    size_t ends[3];
    nr_buf_init(&text, 0);
    int err = nr_node_body_decode(rec->body, &b);
    if (err) goto out;
    fill_head(&h, rec, &b);
    err = render(&text, &h, rec, &b, ends);
    if (err) goto out;
    h.json_head_len = (uint32_t)(ends[0] - 2);
    h.json_tail_len = (uint32_t)(ends[1] - ends[0] - 2);
    h.json_full_len = (uint32_t)(ends[2] - ends[1] - 2);

    nr_buf_reset(out);
    nr_buf_add(out, &h, sizeof h);
    add(out, b.hostname);
    add(out, b.ip);
    add(out, b.role);
    h.labels_len = add_labels(out, &b);
    add(out, b.metadata);
    add(out, nr_bytes(text.data + 1, h.json_head_len));
    add(out, nr_bytes(text.data + ends[0] + 1, h.json_tail_len));
    add(out, nr_bytes(text.data + ends[1] + 1, h.json_full_len));
    err = out->err;
    if (!err) memcpy(out->data, &h, sizeof h);
out:
    nr_buf_fini(&text);
    return err;
}

int nr_profile_value(struct nr_buf *out, const struct nr_record *rec)
{
    struct nr_profile_body b;
    struct nr_buf text;
    struct nr_json j;
    nr_buf_init(&text, 0);
    int err = nr_profile_body_decode(rec->body, &b);
    if (err) goto out;
    nr_json_init(&j, &text);
    err = json_map(&j, b.config);
    if (!err) err = text.err;
    if (err) goto out;
    struct nr_profile_head h = { .created_at_ms = b.created_at_ms ? b.created_at_ms : b.updated_at_ms,
                                 .updated_at_ms = b.updated_at_ms ? b.updated_at_ms : b.created_at_ms,
                                 .ends_ms = nr_record_ends_ms(rec->stamp, rec->lease_s),
                                 .stamp = rec->stamp,
                                 .config_len = (uint32_t)b.config.len,
                                 .json_len = (uint32_t)text.len };
    memcpy(h.signer, rec->signer, NR_KEY_SIZE);
    nr_buf_reset(out);
    nr_buf_add(out, &h, sizeof h);
    add(out, b.config);
    add(out, nr_buf_bytes(&text));
    err = out->err;
out:
    nr_buf_fini(&text);
    return err;
}
