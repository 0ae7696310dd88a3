#include <stdio.h>

#include "base/base64.h"
#include "crypto/seal.h"
#include "proto/mp.h"
#include "proto/token.h"
#include "vec.h"

static void accepted(struct vec *v, const char *name, struct nr_bytes text)
{
    struct nr_token t;
    vec_must(nr_token_decode(text, nr_hash, &t) == 0, name, "is refused");
    vec_begin(v, name);
    nr_json_kstr(&v->json, "text", text);
    vec_hex(v, "authority", nr_bytes(t.authority, NR_KEY_SIZE));
    vec_hex(v, "keys", nr_bytes(t.keys, t.key_count * NR_CLUSTER_KEY_SIZE));
    nr_json_key(&v->json, "seeds");
    nr_json_array(&v->json);
    for (size_t i = 0; i < t.seed_count; i++) nr_json_cstr(&v->json, t.seeds[i]);
    nr_json_array_end(&v->json);
    nr_json_kuint(&v->json, "expires_at", (uint64_t)t.expires_at_ms);
    vec_end(v);
}

static void refused(struct vec *v, const char *name, struct nr_bytes text, int err)
{
    struct nr_token t;
    vec_must(nr_token_decode(text, nr_hash, &t) == err, name, "is not refused as it should be");
    vec_begin(v, name);
    nr_json_kstr(&v->json, "text", text);
    nr_json_kcstr(&v->json, "error", nr_errname(err));
    vec_end(v);
}

/* A token around any map, with a right checksum. */
static void around(struct nr_bytes map, struct nr_buf *out)
{
    uint8_t digest[32];
    nr_buf_reset(out);
    nr_buf_add_str(out, "dagi1.");
    nr_base64url_encode(map, out);
    nr_hash(nr_buf_bytes(out), digest);
    nr_buf_printf(out, ".%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
    vec_must(out->err == 0, "tokens", "no memory");
}

static struct nr_bytes with_unknown(uint8_t out[static 256], uint64_t version)
{
    struct nr_keypair authority = vec_keypair(9);
    uint8_t key[NR_CLUSTER_KEY_SIZE];
    struct nr_writer w;
    memset(key, 1, sizeof key);
    nr_writer_init(&w, out, 256);
    nr_mp_write_map(&w, 5);
    nr_mp_write_cstr(&w, "admission");
    nr_mp_write_cstr(&w, "later");
    nr_mp_write_cstr(&w, "authority");
    nr_mp_write_bin(&w, nr_bytes(authority.pub, NR_KEY_SIZE));
    nr_mp_write_cstr(&w, "keys");
    nr_mp_write_array(&w, 1);
    nr_mp_write_bin(&w, nr_bytes(key, sizeof key));
    nr_mp_write_cstr(&w, "seeds");
    nr_mp_write_array(&w, 0);
    nr_mp_write_cstr(&w, "v");
    nr_mp_write_uint(&w, version);
    vec_must(w.err == 0, "tokens", "does not fit");
    return nr_writer_bytes(&w);
}

static struct nr_token full(void)
{
    struct nr_token t = { .key_count = 2, .seed_count = 3, .expires_at_ms = 1795444200123 };
    memcpy(t.authority, vec_keypair(9).pub, NR_KEY_SIZE);
    memset(t.keys[0], 1, NR_CLUSTER_KEY_SIZE);
    memset(t.keys[1], 2, NR_CLUSTER_KEY_SIZE);
    snprintf(t.seeds[0], sizeof t.seeds[0], "192.0.2.1:9206");
    snprintf(t.seeds[1], sizeof t.seeds[1], "[2001:db8::1]:9206");
    snprintf(t.seeds[2], sizeof t.seeds[2], "seed.example.net:9206");
    return t;
}

void vec_tokens(struct vec *v)
{
    struct nr_token t = full();
    struct nr_buf text;
    uint8_t map[256];
    nr_buf_init(&text, 0);
    vec_open(v, "tokens", "tokens; the keys are 32 bytes each, one behind the other; expires_at 0: never");
    vec_must(nr_token_encode(&t, nr_hash, &text) == 0, "tokens", "cannot be made");
    accepted(v, "every member", nr_buf_bytes(&text));
    around(with_unknown(map, 1), &text);
    accepted(v, "a member that nobody knows, and none that is optional", nr_buf_bytes(&text));
    vec_close(v);
    vec_open(v, "tokens_refused", "texts that are no token, and why");
    text.data[text.len - 1] ^= 1;
    refused(v, "another checksum", nr_buf_bytes(&text), NR_E_INVALID);
    around(with_unknown(map, 2), &text);
    refused(v, "version 2", nr_buf_bytes(&text), NR_E_VERSION);
    around(nr_bytes("\x81\xa1v\x01", 4), &text);
    refused(v, "members missing", nr_buf_bytes(&text), NR_E_INVALID);
    around(nr_bytes("\x81\xa1v\xcc\x01", 5), &text);
    refused(v, "not canonical", nr_buf_bytes(&text), NR_E_INVALID);
    refused(v, "dagi2", nr_bytes_str("dagi2.AAAA.00000000"), NR_E_VERSION);
    refused(v, "something else", nr_bytes_str("something else"), NR_E_INVALID);
    refused(v, "nothing", nr_bytes_str(""), NR_E_INVALID);
    vec_close(v);
    nr_buf_fini(&text);
}

void vec_hashes(struct vec *v)
{
    static const char *const node_ids[] = { "a", "node-1", "node-host.example-0123abcd" };
    vec_open(v, "hashes", "key numbers of cluster keys (B.1), UUIDs of node_ids (A.8), H8");
    for (uint8_t i = 1; i <= 3; i++) {
        struct nr_keyring ring = { .count = 1 };
        struct nr_sealer s;
        memset(ring.keys[0], i, NR_CLUSTER_KEY_SIZE);
        nr_sealer_init(&s, &ring);
        vec_begin(v, "key number");
        vec_hex(v, "key", nr_bytes(ring.keys[0], NR_CLUSTER_KEY_SIZE));
        nr_json_kuint(&v->json, "number", s.numbers[0]);
        vec_end(v);
    }
    for (size_t i = 0; i < sizeof node_ids / sizeof *node_ids; i++) {
        char uuid[37];
        nr_node_uuid(nr_bytes_str(node_ids[i]), uuid);
        vec_begin(v, "uuid");
        nr_json_kcstr(&v->json, "node_id", node_ids[i]);
        nr_json_kcstr(&v->json, "uuid", uuid);
        vec_end(v);
    }
    vec_begin(v, "h8");
    vec_hex(v, "hex", nr_bytes("abc", 3));
    vec_u64(v, "h8", nr_hash8(nr_bytes("abc", 3)));
    vec_end(v);
    vec_close(v);
}
