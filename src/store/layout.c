#include "store/layout.h"

#include "base/cursor.h"

int nr_head_read(struct nr_bytes value, void *head, size_t size, struct nr_bytes *rest)
{
    if (value.len < size) return NR_E_CORRUPT;
    memcpy(head, value.data, size);
    *rest = nr_bytes(value.data + size, value.len - size);
    return 0;
}

int nr_live_read(struct nr_bytes value, struct nr_live *out)
{
    if (value.len < NR_LIVE_SIZE_MIN) return NR_E_CORRUPT;
    *out = (struct nr_live){ 0 };
    memcpy(out, value.data, value.len < sizeof *out ? NR_LIVE_SIZE_MIN : sizeof *out);
    return 0;
}

/* Takes `len` bytes off the front of *rest; an overlong length marks the value as damaged. */
static struct nr_bytes take(struct nr_bytes *rest, size_t len, int *err)
{
    if (len > rest->len) {
        *err = NR_E_CORRUPT;
        return nr_bytes(NULL, 0);
    }
    struct nr_bytes out = nr_bytes(rest->data, len);
    rest->data += len;
    rest->len -= len;
    return out;
}

int nr_node_view_read(struct nr_bytes value, struct nr_node_view *out)
{
    struct nr_bytes rest;
    int err = nr_head_read(value, &out->head, sizeof out->head, &rest);
    if (err) return err;
    const struct nr_node_head *h = &out->head;
    const uint8_t *start = rest.data;
    out->hostname = take(&rest, h->hostname_len, &err);
    out->ip = take(&rest, h->ip_len, &err);
    out->role = take(&rest, h->role_len, &err);
    out->labels = take(&rest, h->labels_len, &err);
    out->metadata = take(&rest, h->metadata_len, &err);
    out->said = nr_bytes(start, (size_t)(rest.data - start));
    out->json_head = take(&rest, h->json_head_len, &err);
    out->json_tail = take(&rest, h->json_tail_len, &err);
    out->json_full = take(&rest, h->json_full_len, &err);
    return err ? err : rest.len ? NR_E_CORRUPT : 0;
}

struct nr_bytes nr_label_at(struct nr_bytes labels, uint32_t i)
{
    struct nr_bytes rest = labels;
    while (rest.len) {
        int err = 0;
        size_t len = rest.data[0];
        rest = nr_bytes(rest.data + 1, rest.len - 1);
        struct nr_bytes label = take(&rest, len, &err);
        if (err) break;
        if (i-- == 0) return label;
    }
    return nr_bytes(NULL, 0);
}

bool nr_label_in(struct nr_bytes labels, struct nr_bytes label)
{
    struct nr_bytes have;
    for (uint32_t i = 0; (have = nr_label_at(labels, i)).len; i++) {
        if (nr_bytes_eq(have, label)) return true;
    }
    return false;
}

int nr_profile_view_read(struct nr_bytes value, struct nr_profile_view *out)
{
    struct nr_bytes rest;
    int err = nr_head_read(value, &out->head, sizeof out->head, &rest);
    if (err) return err;
    out->config = take(&rest, out->head.config_len, &err);
    out->json = take(&rest, out->head.json_len, &err);
    return err ? err : rest.len ? NR_E_CORRUPT : 0;
}

int nr_evidence_view_read(struct nr_bytes value, struct nr_evidence_view *out)
{
    struct nr_bytes rest;
    int err = nr_head_read(value, &out->head, sizeof out->head, &rest);
    if (err) return err;
    out->a = take(&rest, out->head.len_a, &err);
    out->b = take(&rest, out->head.len_b, &err);
    return err ? err : rest.len ? NR_E_CORRUPT : 0;
}
