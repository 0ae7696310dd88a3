#include "proto/token.h"

#include <string.h>

#include "base/addr.h"
#include "base/assert.h"
#include "base/base64.h"
#include "proto/mp.h"
#include "proto/record.h"

#define PREFIX     "dagi1."
#define PREFIX_LEN (sizeof PREFIX - 1)
#define CHECK_LEN  8 /* hex digits */
#define VERSION    1
#define MAP_MAX    (NR_TOKEN_TEXT_MAX / 4 * 3)

static void check_digits(struct nr_bytes in, nr_hash_fn *hash, char out[static CHECK_LEN])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[32];
    hash(in, digest);
    for (int i = 0; i < CHECK_LEN; i++) out[i] = hex[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
}

static bool name_valid(struct nr_bytes name)
{
    if (name.len == 0 || name.len > 253) return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') return false;
    }
    return true;
}

bool nr_seed_valid(struct nr_bytes text)
{
    static const char any[] = "192.0.2.1"; /* stands for the name, so that the port is judged in one place */
    struct nr_addr addr;
    char probe[sizeof any + 6];
    if (text.len == 0 || text.len > NR_SEED_TEXT_MAX) return false;
    if (nr_addr_parse(text, &addr) == 0) return true;
    const uint8_t *colon = memchr(text.data, ':', text.len);
    if (!colon || !name_valid(nr_bytes(text.data, (size_t)(colon - text.data)))) return false;
    struct nr_bytes rest = nr_bytes(colon, text.len - (size_t)(colon - text.data));
    if (rest.len > 6) return false;
    memcpy(probe, any, sizeof any - 1);
    memcpy(probe + sizeof any - 1, rest.data, rest.len);
    return nr_addr_parse(nr_bytes(probe, sizeof any - 1 + rest.len), &addr) == 0;
}

static void write_map(struct nr_writer *w, const struct nr_token *t)
{
    nr_mp_write_map(w, t->expires_at_ms ? 5 : 4);
    nr_mp_write_cstr(w, "authority");
    nr_mp_write_bin(w, nr_bytes(t->authority, NR_KEY_SIZE));
    if (t->expires_at_ms) {
        nr_mp_write_cstr(w, "expires_at");
        nr_mp_write_uint(w, (uint64_t)t->expires_at_ms);
    }
    nr_mp_write_cstr(w, "keys");
    nr_mp_write_array(w, (uint32_t)t->key_count);
    for (size_t i = 0; i < t->key_count; i++) nr_mp_write_bin(w, nr_bytes(t->keys[i], NR_CLUSTER_KEY_SIZE));
    nr_mp_write_cstr(w, "seeds");
    nr_mp_write_array(w, (uint32_t)t->seed_count);
    for (size_t i = 0; i < t->seed_count; i++) nr_mp_write_cstr(w, t->seeds[i]);
    nr_mp_write_cstr(w, "v");
    nr_mp_write_uint(w, VERSION);
}

int nr_token_encode(const struct nr_token *t, nr_hash_fn *hash, struct nr_buf *out)
{
    uint8_t map[MAP_MAX];
    char check[CHECK_LEN];
    struct nr_writer w;
    size_t start = out->len;
    nr_assert(t->key_count >= 1 && t->key_count <= NR_KEYRING_MAX);
    nr_assert(t->seed_count <= NR_TOKEN_SEEDS_MAX);
    nr_assert(t->expires_at_ms >= 0 && t->expires_at_ms <= NR_STAMP_MAX_MS);
    for (size_t i = 0; i < t->seed_count; i++)
        if (!nr_seed_valid(nr_bytes_str(t->seeds[i]))) return NR_E_INVALID;
    nr_writer_init(&w, map, sizeof map);
    write_map(&w, t);
    nr_assert(!w.err);
    nr_buf_add_str(out, PREFIX);
    nr_base64url_encode(nr_writer_bytes(&w), out);
    explicit_bzero(map, sizeof map);
    if (out->err) return out->err;
    check_digits(nr_bytes(out->data + start, out->len - start), hash, check);
    nr_buf_add_str(out, ".");
    nr_buf_add(out, check, sizeof check);
    return out->err;
}

static void read_key(struct nr_reader *r, uint8_t *out, size_t size)
{
    struct nr_bytes b = nr_mp_read_bin(r);
    if (!r->err && b.len != size) nr_reader_fail(r, NR_E_INVALID);
    if (!r->err) memcpy(out, b.data, size);
}

static size_t read_count(struct nr_reader *r, uint32_t least, uint32_t most)
{
    uint32_t n = nr_mp_read_array(r);
    if (!r->err && (n < least || n > most)) nr_reader_fail(r, NR_E_INVALID);
    return r->err ? 0 : n;
}

static void read_seed(struct nr_reader *r, char out[static NR_SEED_TEXT_MAX + 1])
{
    struct nr_bytes s = nr_mp_read_str(r);
    if (!r->err && !nr_seed_valid(s)) nr_reader_fail(r, NR_E_INVALID);
    if (r->err) return;
    memcpy(out, s.data, s.len);
    out[s.len] = 0;
}

static int64_t read_time(struct nr_reader *r)
{
    uint64_t v = nr_mp_read_uint(r);
    if (v == 0 || v > (uint64_t)NR_STAMP_MAX_MS) nr_reader_fail(r, NR_E_INVALID);
    return (int64_t)v;
}

static void read_member(struct nr_reader *r, struct nr_bytes key, struct nr_token *out, bool *has_authority)
{
    if (nr_bytes_eq(key, nr_bytes_str("authority"))) {
        read_key(r, out->authority, NR_KEY_SIZE);
        *has_authority = true;
    } else if (nr_bytes_eq(key, nr_bytes_str("expires_at"))) {
        out->expires_at_ms = read_time(r);
    } else if (nr_bytes_eq(key, nr_bytes_str("keys"))) {
        out->key_count = read_count(r, 1, NR_KEYRING_MAX);
        for (size_t i = 0; i < out->key_count; i++) read_key(r, out->keys[i], NR_CLUSTER_KEY_SIZE);
    } else if (nr_bytes_eq(key, nr_bytes_str("seeds"))) {
        out->seed_count = read_count(r, 0, NR_TOKEN_SEEDS_MAX);
        for (size_t i = 0; i < out->seed_count; i++) read_seed(r, out->seeds[i]);
    } else {
        (void)nr_mp_skip(r, NR_DEPTH_MAX, false);
    }
}

/* `v` stands behind members whose form it settles, so it is looked for first. */
static int check_version(struct nr_bytes map)
{
    struct nr_reader r;
    uint64_t version = 0;
    nr_reader_init(&r, map);
    for (uint32_t pairs = nr_mp_read_map(&r); pairs > 0 && !r.err; pairs--) {
        bool is_version = nr_bytes_eq(nr_mp_read_str(&r), nr_bytes_str("v"));
        if (is_version)
            version = nr_mp_read_uint(&r);
        else
            (void)nr_mp_skip(&r, NR_DEPTH_MAX, false);
    }
    if (r.err || version == 0) return NR_E_INVALID;
    return version == VERSION ? 0 : NR_E_VERSION;
}

static int read_map(struct nr_bytes map, struct nr_token *out)
{
    struct nr_reader r;
    bool has_authority = false;
    if (nr_mp_check(map, NR_DEPTH_MAX, false) != 0) return NR_E_INVALID;
    int rc = check_version(map);
    if (rc) return rc;
    nr_reader_init(&r, map);
    for (uint32_t pairs = nr_mp_read_map(&r); pairs > 0 && !r.err; pairs--) {
        struct nr_bytes key = nr_mp_read_str(&r);
        read_member(&r, key, out, &has_authority);
    }
    return r.err || !has_authority || out->key_count == 0 ? NR_E_INVALID : 0;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct nr_bytes trimmed(struct nr_bytes s)
{
    while (s.len && is_space(s.data[0])) s = nr_bytes(s.data + 1, s.len - 1);
    while (s.len && is_space(s.data[s.len - 1])) s.len--;
    return s;
}

/* `dagi1.`; NR_E_VERSION for `dagi` and another number. */
static int check_prefix(struct nr_bytes s)
{
    static const char name[] = "dagi";
    size_t i = sizeof name - 1;
    if (s.len >= PREFIX_LEN && memcmp(s.data, PREFIX, PREFIX_LEN) == 0) return 0;
    if (s.len < PREFIX_LEN || memcmp(s.data, name, i) != 0) return NR_E_INVALID;
    while (i < s.len && s.data[i] >= '0' && s.data[i] <= '9') i++;
    return i >= sizeof name && i < s.len && s.data[i] == '.' ? NR_E_VERSION : NR_E_INVALID;
}

int nr_token_decode(struct nr_bytes text, nr_hash_fn *hash, struct nr_token *out)
{
    uint8_t map[MAP_MAX];
    char check[CHECK_LEN];
    size_t len = 0;
    *out = (struct nr_token){ 0 };
    struct nr_bytes s = trimmed(text);
    if (s.len > NR_TOKEN_TEXT_MAX) return NR_E_TOO_LARGE;
    int rc = check_prefix(s);
    if (rc) return rc;
    if (s.len < PREFIX_LEN + 1 + CHECK_LEN) return NR_E_INVALID;
    struct nr_bytes head = nr_bytes(s.data, s.len - CHECK_LEN - 1);
    check_digits(head, hash, check);
    if (s.data[head.len] != '.' || memcmp(s.data + head.len + 1, check, CHECK_LEN) != 0) return NR_E_INVALID;
    rc = nr_base64url_decode(nr_bytes(head.data + PREFIX_LEN, head.len - PREFIX_LEN), map, sizeof map, &len);
    if (!rc) rc = read_map(nr_bytes(map, len), out);
    if (rc) explicit_bzero(out, sizeof *out);
    explicit_bzero(map, sizeof map);
    return rc;
}
