#include "store/oplog.h"

#include "base/assert.h"

struct head {
    uint32_t key_len, value_len;
    uint8_t table, put, reserved[2];
};

#define KEEP_BYTES (1u << 20) /* memory above this is given back when the list empties */

void nr_oplog_init(struct nr_oplog *l)
{
    nr_buf_init(&l->bytes, 0);
}

void nr_oplog_fini(struct nr_oplog *l)
{
    nr_buf_fini(&l->bytes);
}

int nr_oplog_add(struct nr_oplog *l, const struct nr_op *op)
{
    struct head h = { .key_len = (uint32_t)op->key.len,
                      .value_len = (uint32_t)op->value.len,
                      .table = (uint8_t)op->table,
                      .put = op->put };
    size_t before = l->bytes.len;
    nr_buf_add(&l->bytes, &h, sizeof h);
    if (op->key.len) nr_buf_add(&l->bytes, op->key.data, op->key.len);
    if (op->value.len) nr_buf_add(&l->bytes, op->value.data, op->value.len);
    int err = l->bytes.err;
    if (err) {
        l->bytes.err = 0;
        l->bytes.len = before;
    }
    return err;
}

void nr_oplog_truncate(struct nr_oplog *l, size_t len)
{
    nr_assert(len <= l->bytes.len);
    l->bytes.len = len;
    if (len == 0 && l->bytes.cap > KEEP_BYTES) {
        nr_buf_fini(&l->bytes);
        nr_buf_init(&l->bytes, 0);
    }
}

bool nr_oplog_next(const struct nr_oplog *l, size_t *at, struct nr_op *op)
{
    struct head h;
    if (*at >= l->bytes.len) return false;
    memcpy(&h, l->bytes.data + *at, sizeof h);
    const uint8_t *p = l->bytes.data + *at + sizeof h;
    *op = (struct nr_op){ .table = (enum nr_table)h.table,
                          .put = h.put,
                          .key = nr_bytes(p, h.key_len),
                          .value = nr_bytes(p + h.key_len, h.value_len) };
    *at += sizeof h + h.key_len + h.value_len;
    return true;
}
