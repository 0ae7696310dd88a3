#include "proto/record.h"

#include "base/assert.h"
#include "base/utf8.h"
#include "proto/body.h"
#include "proto/mp.h"

#define ELEMENTS 8

const char *nr_kind_name(uint8_t kind)
{
    switch (kind) {
    case NR_KIND_NODE: return "node";
    case NR_KIND_PROFILE: return "profile";
    case NR_KIND_CERT: return "cert";
    case NR_KIND_REVOKE: return "revoke";
    case NR_KIND_HEARTBEAT: return "heartbeat";
    case NR_KIND_VERDICT: return "verdict";
    default: return "unknown";
    }
}

bool nr_node_id_valid(struct nr_bytes id)
{
    if (id.len == 0 || id.len > NR_SUBJECT_MAX) return false;
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') return false;
    }
    return true;
}

bool nr_subject_valid(uint8_t kind, struct nr_bytes subject)
{
    switch (kind) {
    case NR_KIND_NODE:
    case NR_KIND_CERT:
    case NR_KIND_REVOKE:
    case NR_KIND_HEARTBEAT:
    case NR_KIND_VERDICT: return nr_node_id_valid(subject);
    case NR_KIND_PROFILE: return subject.len >= 1 && subject.len <= NR_ROLE_MAX && nr_utf8_clean(subject);
    default: return subject.len >= 1 && subject.len <= NR_SUBJECT_MAX && nr_utf8_clean(subject);
    }
}

static uint64_t read_between(struct nr_reader *r, uint64_t least, uint64_t most)
{
    uint64_t v = nr_mp_read_uint(r);
    if (!r->err && (v < least || v > most)) nr_reader_fail(r, NR_E_INVALID);
    return v;
}

static const uint8_t *read_fixed_bin(struct nr_reader *r, size_t size)
{
    struct nr_bytes b = nr_mp_read_bin(r);
    if (!r->err && b.len != size) nr_reader_fail(r, NR_E_INVALID);
    return b.data;
}

/* The version comes before the number of elements: another version may have more. */
static void read_head(struct nr_reader *r)
{
    uint32_t count = nr_mp_read_array(r);
    if (count == 0) nr_reader_fail(r, NR_E_INVALID);
    uint64_t version = nr_mp_read_uint(r);
    if (version != NR_RECORD_VERSION) nr_reader_fail(r, NR_E_VERSION);
    if (count != ELEMENTS) nr_reader_fail(r, NR_E_INVALID);
}

static struct nr_bytes read_body(struct nr_reader *r)
{
    struct nr_reader head = *r;
    (void)nr_mp_read_map(&head);
    if (head.err) nr_reader_fail(r, head.err);
    return nr_mp_skip(r, NR_DEPTH_MAX - 1, false); /* the record's array is the first container (A.2.6) */
}

static int check_body(const struct nr_record *rec)
{
    union {
        struct nr_node_body node;
        struct nr_profile_body profile;
        struct nr_heartbeat_body heartbeat;
        struct nr_verdict_body verdict;
    } b;
    switch (rec->kind) {
    case NR_KIND_NODE: return nr_node_body_decode(rec->body, &b.node);
    case NR_KIND_PROFILE: return nr_profile_body_decode(rec->body, &b.profile);
    case NR_KIND_HEARTBEAT: return nr_heartbeat_body_decode(rec->body, &b.heartbeat);
    case NR_KIND_VERDICT: return nr_verdict_body_decode(rec->body, &b.verdict);
    default: return 0;
    }
}

int nr_record_decode(struct nr_bytes raw, struct nr_record *out)
{
    struct nr_record rec = { .raw = raw };
    struct nr_reader r;
    *out = (struct nr_record){ 0 };
    if (raw.len > NR_RECORD_MAX) return NR_E_TOO_LARGE;
    nr_reader_init(&r, raw);
    read_head(&r);
    rec.kind = (uint8_t)read_between(&r, 1, 127);
    rec.signer = read_fixed_bin(&r, NR_KEY_SIZE);
    rec.subject = nr_mp_read_str(&r);
    if (!r.err && !nr_subject_valid(rec.kind, rec.subject)) nr_reader_fail(&r, NR_E_INVALID);
    rec.stamp = read_between(&r, 1, UINT64_MAX);
    rec.lease_s = (uint32_t)read_between(&r, 1, NR_LEASE_MAX_S);
    rec.body = read_body(&r);
    rec.sig = read_fixed_bin(&r, NR_SIG_SIZE);
    int rc = nr_reader_end(&r);
    if (!rc) rc = check_body(&rec);
    if (!rc) *out = rec;
    return rc;
}

void nr_record_reread(struct nr_bytes raw, struct nr_record *out)
{
    struct nr_record rec = { .raw = raw };
    struct nr_reader r;
    nr_reader_init(&r, raw);
    read_head(&r);
    rec.kind = (uint8_t)nr_mp_read_uint(&r);
    rec.signer = nr_mp_read_bin(&r).data;
    rec.subject = nr_mp_read_str(&r);
    rec.stamp = nr_mp_read_uint(&r);
    rec.lease_s = (uint32_t)nr_mp_read_uint(&r);
    nr_assert(nr_reader_left(&r) > NR_SIG_ELEMENT);
    rec.body = nr_read_bytes(&r, nr_reader_left(&r) - NR_SIG_ELEMENT);
    rec.sig = raw.data + raw.len - NR_SIG_SIZE;
    *out = rec;
}

void nr_record_encode_unsigned(struct nr_writer *w, const struct nr_record_draft *draft)
{
    nr_assert(draft->kind >= 1 && draft->kind <= 127);
    nr_assert(draft->stamp >= 1);
    nr_assert(draft->lease_s >= 1 && draft->lease_s <= NR_LEASE_MAX_S);
    nr_mp_write_array(w, ELEMENTS);
    nr_mp_write_uint(w, NR_RECORD_VERSION);
    nr_mp_write_uint(w, draft->kind);
    nr_mp_write_bin(w, nr_bytes(draft->signer, NR_KEY_SIZE));
    nr_mp_write_str(w, draft->subject);
    nr_mp_write_uint(w, draft->stamp);
    nr_mp_write_uint(w, draft->lease_s);
    nr_write_bytes(w, draft->body);
}

void nr_record_encode_signature(struct nr_writer *w, const uint8_t sig[static NR_SIG_SIZE])
{
    nr_mp_write_bin(w, nr_bytes(sig, NR_SIG_SIZE));
}

void nr_record_key_preimage(struct nr_writer *w, uint8_t kind, const uint8_t signer[static NR_KEY_SIZE],
                            struct nr_bytes subject)
{
    nr_write_bytes(w, nr_bytes(NR_KEY_DOMAIN, sizeof NR_KEY_DOMAIN));
    nr_write_u8(w, kind);
    nr_write_bytes(w, nr_bytes(signer, NR_KEY_SIZE));
    nr_write_bytes(w, subject);
}
