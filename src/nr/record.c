/* Signed records, evidence, the change log, and what else the store says of itself. */
#include <nr/record.h>

#include "base/json.h"
#include "crypto/crypto.h"
#include "nr/impl.h"
#include "proto/body.h"
#include "proto/json_mp.h"

/* Whether the body says of itself that it deletes, and that its signer is the node. */
static void read_flags(const struct nr_record *rec, struct nr_record_facts *out)
{
    struct nr_node_body node;
    struct nr_profile_body profile;
    if (rec->kind == NR_KIND_NODE && nr_node_body_decode(rec->body, &node) == 0) {
        out->deleted = node.deleted;
        out->self = node.self;
    }
    if (rec->kind == NR_KIND_PROFILE && nr_profile_body_decode(rec->body, &profile) == 0)
        out->deleted = profile.deleted;
}

int nr_record_check(const void *data, size_t len, struct nr_record_facts *out)
{
    struct nr_record rec;
    if (nr_crypto_init()) return NR_ERR_SYSTEM;
    if (nr_record_decode(nr_bytes(data, len), &rec)) return NR_ERR_INVALID;
    *out = (struct nr_record_facts){
        .kind = rec.kind,
        .kind_name = nr_kind_name(rec.kind),
        .signer = rec.signer,
        .subject = nr_text_of(rec.subject),
        .stamp = rec.stamp,
        .stamp_ms = nr_stamp_ms(rec.stamp),
        .lease_s = rec.lease_s,
        .ends_ms = nr_record_ends_ms(rec.stamp, rec.lease_s),
        .body = rec.body.data,
        .body_len = rec.body.len,
        .id = nr_record_id(rec.raw),
    };
    read_flags(&rec, out);
    return nr_record_verify(&rec);
}

long nr_msgpack_to_json(const void *data, size_t len, char *out, size_t size)
{
    struct nr_buf text;
    struct nr_json j;
    struct nr_reader r;
    if (size == 0) return NR_ERR_TOO_LARGE;
    nr_buf_init(&text, size);
    nr_json_init(&j, &text);
    nr_reader_init(&r, nr_bytes(data, len));
    nr_mp_to_json(&r, &j);
    nr_buf_add(&text, "", 1);
    long n = nr_reader_end(&r) ? NR_ERR_INVALID : text.err ? text.err : (long)text.len - 1;
    if (n >= 0) memcpy(out, text.data, text.len);
    nr_buf_fini(&text);
    return n;
}
