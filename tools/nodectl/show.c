#include "tools/nodectl/show.h"

#include <stdarg.h>

#include "tools/nodectl/text.h"

void ctl_listing_init(struct ctl_listing *l, const struct ctl *ctl, const char *headers)
{
    l->ctl = ctl;
    ctl_table_init(&l->table, headers);
    nr_buf_init(&l->text, 0);
    nr_json_init(&l->json, &l->text);
    nr_json_array(&l->json);
}

int ctl_listing_end(struct ctl_listing *l, int err)
{
    int status = 0;
    nr_json_array_end(&l->json);
    if (err && err != NR_ERR_NOT_FOUND)
        status = ctl_fail("%s: %s", l->ctl->state_dir, ctl_read_trouble(err));
    else if (l->ctl->format == CTL_JSON)
        status = ctl_put_json(&l->text);
    else
        status = ctl_put_table(l->ctl, &l->table);
    ctl_table_fini(&l->table);
    nr_buf_fini(&l->text);
    return status;
}

void ctl_json_node_members(struct nr_json *j, const struct nr_node *node)
{
    nr_json_raw(j, ctl_text(node->json_head));
    nr_json_kcstr(j, "status", nr_node_status_name(node->status));
    ctl_json_when(j, "last_heartbeat", node->last_heartbeat_ms);
    nr_json_raw(j, ctl_text(node->json_tail));
}

void ctl_add_labels(struct nr_buf *out, const struct nr_node *node)
{
    for (uint32_t i = 0; i < node->label_count; i++) {
        struct nr_text label = nr_node_label(node, i);
        if (i > 0) nr_buf_add(out, ",", 1);
        nr_buf_add(out, label.data, label.len);
    }
}

const char *ctl_signer_text(const struct ctl *ctl, const struct ctl_names *names, const uint8_t *key,
                            char out[static CTL_KEY_TEXT])
{
    const char *name = ctl->format == CTL_WIDE ? NULL : ctl_name_of(names, key);
    return name ? name : ctl_key_text(ctl, key, out);
}

void ctl_json_signer(struct nr_json *j, const struct ctl_names *names, const uint8_t *key)
{
    ctl_json_key(j, "signer", key);
    nr_json_kcstr(j, "signer_node_id", ctl_name_of(names, key));
}

void ctl_facts_init(struct ctl_facts *f)
{
    ctl_table_init(&f->table, ",");
    f->table.headless = true;
}

void ctl_fact(struct ctl_facts *f, const char *name, enum ctl_style style, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0) n = 0;
    ctl_table_str(&f->table, CTL_BOLD, name);
    ctl_table_add(&f->table, style, nr_bytes(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1));
}

void ctl_fact_bytes(struct ctl_facts *f, const char *name, struct nr_bytes value)
{
    ctl_table_str(&f->table, CTL_BOLD, name);
    ctl_table_add(&f->table, CTL_PLAIN, value);
}

int ctl_facts_end(struct ctl_facts *f, const struct ctl *ctl)
{
    return ctl_put_table(ctl, &f->table);
}
