#include "proto/body.h"
#include "proto/json_mp.h"
#include "proto/mp.h"
#include "vec.h"

#define STAMP (UINT64_C(1795444200123) << 16 | 7)

static uint8_t bytes[2 * NR_RECORD_MAX];

/* Encodes and signs into `bytes`. */
static struct nr_bytes sign(const struct nr_record_draft *draft, uint8_t seed)
{
    struct nr_keypair kp = vec_keypair(seed);
    struct nr_record_draft d = *draft;
    uint8_t sig[NR_SIG_SIZE];
    struct nr_writer w;
    d.signer = kp.pub;
    nr_writer_init(&w, bytes, sizeof bytes);
    nr_record_encode_unsigned(&w, &d);
    nr_sign(&kp, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    return nr_writer_bytes(&w);
}

static struct nr_record_draft draft_of(uint8_t kind, const char *subject, struct nr_bytes body)
{
    return (struct nr_record_draft){
        .kind = kind, .subject = nr_bytes_str(subject), .stamp = STAMP, .lease_s = 259200, .body = body
    };
}

static void accepted(struct vec *v, const char *name, struct nr_record_draft draft)
{
    struct nr_record rec;
    struct nr_reader r;
    struct nr_bytes raw = sign(&draft, draft.kind);
    vec_must(nr_record_decode(raw, &rec) == 0 && nr_record_verify(&rec) == 0, name, "is refused");
    vec_begin(v, name);
    vec_hex(v, "hex", raw);
    nr_json_kuint(&v->json, "kind", rec.kind);
    vec_hex(v, "signer", nr_bytes(rec.signer, NR_KEY_SIZE));
    nr_json_kstr(&v->json, "subject", rec.subject);
    vec_u64(v, "stamp", rec.stamp);
    nr_json_kuint(&v->json, "lease", rec.lease_s);
    nr_json_key(&v->json, "body");
    nr_reader_init(&r, rec.body);
    nr_mp_to_json(&r, &v->json);
    vec_must(nr_reader_end(&r) == 0, name, "has no JSON");
    vec_u64(v, "id", nr_record_id(raw));
    vec_u64(v, "key_hash", nr_record_key_hash(rec.kind, rec.signer, rec.subject));
    vec_end(v);
}

static void refused(struct vec *v, const char *name, struct nr_bytes raw, int err)
{
    struct nr_record rec;
    int rc = nr_record_decode(raw, &rec);
    if (!rc) rc = nr_record_verify(&rec);
    vec_must(rc == err, name, nr_errname(rc));
    vec_begin(v, name);
    vec_hex(v, "hex", raw);
    nr_json_kcstr(&v->json, "error", nr_errname(err));
    vec_end(v);
}

static struct nr_bytes full_node(struct nr_writer *w)
{
    struct nr_node_body b = {
        .self = true,
        .state = NR_STATE_DRAINING,
        .hostname = nr_bytes_str("h\xc3\xb4te"),
        .ip = nr_bytes_str("192.0.2.7"),
        .role = nr_bytes_str("worker"),
        .labels = { nr_bytes_str("gpu"), nr_bytes_str("eu") },
        .label_count = 2,
        .metadata = nr_bytes_str("\x83\xa3"
                                 "f64\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a\xa3neg\xd0\xdf\xa4nest\x92\xc0\xc3"),
        .gossip_count = 2,
        .created_at_ms = 1795444200000,
        .updated_at_ms = 1795444200123,
    };
    vec_must(nr_addr_parse(nr_bytes_str("192.0.2.7:9206"), &b.gossip[0]) == 0, "node", "address");
    vec_must(nr_addr_parse(nr_bytes_str("[2001:db8::7]:9206"), &b.gossip[1]) == 0, "node", "address");
    nr_node_body_encode(w, &b);
    return nr_writer_bytes(w);
}

static void accepted_known(struct vec *v)
{
    uint8_t body[1024];
    struct nr_writer w;
    nr_writer_init(&w, body, sizeof body);
    accepted(v, "node, every member", draft_of(NR_KIND_NODE, "node-1", full_node(&w)));
    accepted(v, "node, sponsored, the least there is",
             draft_of(NR_KIND_NODE, "a", nr_bytes_str("\x82\xa8hostname\xa1h\xa4role\xa1r")));
    accepted(v, "node, deleted",
             draft_of(NR_KIND_NODE, "node-1",
                      nr_bytes_str("\x81\xa7"
                                   "deleted\xc3")));
    accepted(v, "node, sponsored, given up on",
             draft_of(NR_KIND_NODE, "a", nr_bytes_str("\x83\xa8hostname\xa1h\xa4role\xa1r\xa5state\xa7offline")));
    accepted(v, "node, members that nobody knows",
             draft_of(NR_KIND_NODE, "node-1",
                      nr_bytes_str("\x84\xa3gpu\x92\xc4\x02\x01\x02\x80\xa8hostname\xa1h\xa4role\xa1r\xa4zone\xc0")));
    nr_writer_init(&w, body, sizeof body);
    struct nr_heartbeat_body beat = { .has_status = true,
                                      .status = NR_STATE_DEGRADED,
                                      .interval_ms = 10000,
                                      .metrics = nr_bytes_str("\x81\xa3"
                                                              "cpu\xcb\x40\x45\x80\0\0\0\0\0") };
    beat.metrics.len = 14;
    nr_heartbeat_body_encode(&w, &beat);
    accepted(v, "heartbeat, every member", draft_of(NR_KIND_HEARTBEAT, "node-1", nr_writer_bytes(&w)));
    accepted(v, "heartbeat, empty", draft_of(NR_KIND_HEARTBEAT, "node-1", nr_bytes("\x80", 1)));
    nr_writer_init(&w, body, sizeof body);
    struct nr_profile_body profile = { .config = nr_bytes_str("\x81\xa5model\xa4tiny"),
                                       .created_at_ms = 1,
                                       .updated_at_ms = 2 };
    nr_profile_body_encode(&w, &profile);
    accepted(v, "profile", draft_of(NR_KIND_PROFILE, "r\xc3\xb4le/1", nr_writer_bytes(&w)));
    accepted(v, "profile, deleted",
             draft_of(NR_KIND_PROFILE, "worker",
                      nr_bytes_str("\x81\xa7"
                                   "deleted\xc3")));
}

static void accepted_other(struct vec *v)
{
    static uint8_t body[NR_RECORD_MAX];
    static const struct nr_record_draft empty = { .body = { (const uint8_t *)"\x80", 1 } };
    struct nr_writer w;
    nr_writer_init(&w, body, sizeof body);
    struct nr_keypair silent = vec_keypair(9);
    nr_verdict_body_encode(&w, &(struct nr_verdict_body){ .key = silent.pub, .since_ms = 1795444200123 });
    accepted(v, "verdict", draft_of(NR_KIND_VERDICT, "node-1", nr_writer_bytes(&w)));
    accepted(v, "cert, whose body has no form yet", draft_of(NR_KIND_CERT, "node-1", nr_bytes("\x81\xa1x\x01", 4)));
    accepted(v, "unknown cold kind", draft_of(63, "any subject", empty.body));
    accepted(v, "unknown hot kind",
             draft_of(95, "any subject",
                      nr_bytes("\x81\xa3"
                               "bin\xc4\x01\xff",
                               8)));
    struct nr_record_draft last = draft_of(127, "any subject", empty.body);
    last.stamp = UINT64_MAX;
    last.lease_s = NR_LEASE_MAX_S;
    accepted(v, "unknown brief kind, the last stamp and the longest lease", last);
    last.stamp = last.lease_s = 1;
    accepted(v, "the first stamp and the shortest lease", last);
    struct nr_record_draft big = draft_of(63, "big", empty.body);
    size_t filler = NR_RECORD_MAX - sign(&big, 63).len - 5;
    nr_writer_init(&w, body, sizeof body);
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, "a");
    nr_write_u8(&w, 0xc5);
    nr_write_u16(&w, (uint16_t)filler);
    nr_write_zero(&w, filler);
    big.body = nr_writer_bytes(&w);
    accepted(v, "the largest record", big);
}

/* A record, rightly signed, whose body or subject is not what A.3 and A.4 say. */
static void refused_body(struct vec *v, const char *name, uint8_t kind, const char *subject, struct nr_bytes body,
                         int err)
{
    struct nr_record_draft draft = draft_of(kind, subject, body);
    refused(v, name, sign(&draft, kind), err);
}

#define BODY(text)            nr_bytes(text, sizeof(text) - 1)
#define NODE(name, text, err) refused_body(v, name, NR_KIND_NODE, "node-1", BODY(text), err)
#define ANY(name, text, err)  refused_body(v, name, 50, "any", BODY(text), err)

static void refused_verdicts(struct vec *v)
{
    uint8_t body[64] = "\x82\xa3key\xc4\x20";
    memcpy(body + 39, "\xa5since\xff", 7);
    refused_body(v, "verdict since before 1970", NR_KIND_VERDICT, "node-1", nr_bytes(body, 46), NR_E_INVALID);
    refused_body(v, "verdict without a key", NR_KIND_VERDICT, "node-1", BODY("\x81\xa5since\x01"), NR_E_INVALID);
    body[0] = 0x81;
    refused_body(v, "verdict without since", NR_KIND_VERDICT, "node-1", nr_bytes(body, 39), NR_E_INVALID);
    refused_body(v, "verdict about a key of 1 byte", NR_KIND_VERDICT, "node-1",
                 BODY("\x82\xa3key\xc4\x01\x00\xa5since\x01"), NR_E_INVALID);
}

static void refused_bodies(struct vec *v)
{
    NODE("node without a role", "\x81\xa8hostname\xa1h", NR_E_INVALID);
    NODE("deleted is false",
         "\x81\xa7"
         "deleted\xc2",
         NR_E_INVALID);
    NODE("gossip without self",
         "\x82\xa7"
         "deleted\xc3\xa6gossip\x91\xab"
         "192.0.2.1:1",
         NR_E_INVALID);
    NODE("gossip with a name",
         "\x83\xa7"
         "deleted\xc3\xa6gossip\x91\xa6host:1\xa4self\xc3",
         NR_E_INVALID);
    NODE("a label twice",
         "\x82\xa7"
         "deleted\xc3\xa6labels\x92\xa1"
         "a\xa1"
         "a",
         NR_E_INVALID);
    NODE("metadata with a bin",
         "\x82\xa7"
         "deleted\xc3\xa8metadata\x81\xa1k\xc4\x00",
         NR_E_INVALID);
    NODE("a control character",
         "\x82\xa7"
         "deleted\xc3\xa8hostname\xa1\x1b",
         NR_E_INVALID);
    NODE("ip is no address",
         "\x82\xa7"
         "deleted\xc3\xa2ip\xa1x",
         NR_E_INVALID);
    NODE("an unknown state",
         "\x82\xa7"
         "deleted\xc3\xa5state\xa7"
         "missing",
         NR_E_INVALID);
    NODE("created_at beyond 48 bits",
         "\x82\xaa"
         "created_at\xcf\x00\x01\0\0\0\0\0\0\xa7"
         "deleted\xc3",
         NR_E_INVALID);
    refused_body(v, "node_id with a space", NR_KIND_NODE, "node 1",
                 BODY("\x81\xa7"
                      "deleted\xc3"),
                 NR_E_INVALID);
    refused_body(v, "who beats is not offline", NR_KIND_HEARTBEAT, "n", BODY("\x81\xa6status\xa7offline"),
                 NR_E_INVALID);
    refused_body(v, "interval too short", NR_KIND_HEARTBEAT, "n", BODY("\x81\xa8interval\xcd\x03\xe7"), NR_E_INVALID);
    refused_body(v, "profile without config", NR_KIND_PROFILE, "r", BODY("\x80"), NR_E_INVALID);
    refused_body(v, "a subject with a newline", 50, "a\nb", BODY("\x80"), NR_E_INVALID);
}

static void refused_forms(struct vec *v)
{
    static uint8_t deep[80];
    ANY("A.2.1: a longer integer",
        "\x81\xa1"
        "a\xcc\x7f",
        NR_E_NONCANONICAL);
    ANY("A.2.1: a signed form of a non-negative number",
        "\x81\xa1"
        "a\xd0\x01",
        NR_E_NONCANONICAL);
    ANY("A.2.1: a longer negative number",
        "\x81\xa1"
        "a\xd1\xff\x80",
        NR_E_NONCANONICAL);
    ANY("A.2.2: a longer str header",
        "\x81\xa1"
        "a\xd9\x01z",
        NR_E_NONCANONICAL);
    ANY("A.2.2: a longer bin header",
        "\x81\xa1"
        "a\xc5\x00\x01z",
        NR_E_NONCANONICAL);
    ANY("A.2.2: a longer array header",
        "\x81\xa1"
        "a\xdc\x00\x00",
        NR_E_NONCANONICAL);
    ANY("A.2.2: a longer map header", "\xde\x00\x00", NR_E_NONCANONICAL);
    ANY("A.2.3: float 32",
        "\x81\xa1"
        "a\xca\x3f\x80\x00\x00",
        NR_E_NONCANONICAL);
    ANY("A.2.3: infinity",
        "\x81\xa1"
        "a\xcb\x7f\xf0\0\0\0\0\0\0",
        NR_E_NONCANONICAL);
    ANY("A.2.3: not a number",
        "\x81\xa1"
        "a\xcb\x7f\xf8\0\0\0\0\0\0",
        NR_E_NONCANONICAL);
    ANY("A.2.4: keys out of order",
        "\x82\xa1"
        "b\xc0\xa1"
        "a\xc0",
        NR_E_NONCANONICAL);
    ANY("A.2.4: a key twice",
        "\x82\xa1"
        "a\xc0\xa1"
        "a\xc0",
        NR_E_NONCANONICAL);
    ANY("A.2.4: a longer key before its beginning",
        "\x82\xa2"
        "aa\xc0\xa1"
        "a\xc0",
        NR_E_NONCANONICAL);
    ANY("A.2.4: a shorter key of a higher byte first",
        "\x82\xa1"
        "b\xc0\xa2"
        "aa\xc0",
        NR_E_NONCANONICAL);
    ANY("A.2.4: a key that is no str", "\x81\x01\xc0", NR_E_NONCANONICAL);
    ANY("A.2.5: an overlong form",
        "\x81\xa1"
        "a\xa2\xc0\x80",
        NR_E_INVALID);
    ANY("A.2.5: a surrogate",
        "\x81\xa1"
        "a\xa3\xed\xa0\x80",
        NR_E_INVALID);
    ANY("A.2.5: above U+10FFFF",
        "\x81\xa1"
        "a\xa4\xf4\x90\x80\x80",
        NR_E_INVALID);
    ANY("A.2.6: an extension type",
        "\x81\xa1"
        "a\xd4\x01\x00",
        NR_E_INVALID);
    ANY("A.2.6: the unused byte",
        "\x81\xa1"
        "a\xc1",
        NR_E_INVALID);
    ANY("body is no map", "\x90", NR_E_INVALID);
    memset(deep, 0x91, sizeof deep);
    memcpy(deep,
           "\x81\xa1"
           "a",
           3);
    deep[3 + 30] = 0x90;
    refused_body(v, "A.2.6: 33 containers deep", 50, "any", nr_bytes(deep, 3 + 31), NR_E_TOO_LARGE);
}

static void refused_whole(struct vec *v)
{
    struct nr_record_draft draft = draft_of(50, "any", nr_bytes("\x80", 1));
    struct nr_bytes raw = sign(&draft, 50);
    bytes[raw.len] = 0xc0;
    refused(v, "A.2.7: a byte behind", nr_bytes(bytes, raw.len + 1), NR_E_INVALID);
    refused(v, "cut by a byte", nr_bytes(bytes, raw.len - 1), NR_E_TRUNCATED);
    refused(v, "nothing", nr_bytes(bytes, 0), NR_E_TRUNCATED);
    bytes[1] = 2;
    refused(v, "version 2", raw, NR_E_VERSION);
    bytes[1] = 1;
    bytes[0] = 0x99;
    refused(v, "nine elements", raw, NR_E_INVALID);
    bytes[0] = 0x98;
    bytes[2] = 0;
    refused(v, "kind 0", raw, NR_E_INVALID);
    bytes[2] = 51;
    refused(v, "another kind than was signed", raw, NR_E_SIGNATURE);
    bytes[2] = 50;
    bytes[raw.len - 1] ^= 0x10;
    refused(v, "another signature", raw, NR_E_SIGNATURE);
    draft.lease_s = NR_LEASE_MAX_S;
    raw = sign(&draft, 50);
    bytes[raw.len - NR_SIG_ELEMENT - 2]++;
    refused(v, "a lease of 400 days and a second", raw, NR_E_INVALID);
}

void vec_records(struct vec *v)
{
    vec_open(v, "records", "records that are accepted, with what they say; signed by the key of the seed kind x 32");
    accepted_known(v);
    accepted_other(v);
    vec_close(v);
    vec_open(v, "records_refused", "records that are refused, and why (the words of src/base/err.h)");
    refused_bodies(v);
    refused_verdicts(v);
    refused_forms(v);
    refused_whole(v);
    vec_close(v);
}
