#include "proto/token.h"

#include <stdio.h>

#include "base/base64.h"
#include "fail_alloc.h"
#include "nr_test.h"
#include "proto/mp.h"

/* Not BLAKE2b: this layer takes whatever hash it is given. FNV-1a, spread over the 32 bytes. */
static void hash(struct nr_bytes in, uint8_t out[32])
{
    uint32_t h = 2166136261U;
    for (size_t i = 0; i < in.len; i++) h = (h ^ in.data[i]) * 16777619U;
    for (int i = 0; i < 32; i++) out[i] = (uint8_t)(h >> (8 * (i % 4)));
}

static struct nr_token some_token(void)
{
    struct nr_token t = {
        .authority = { 1 }, .keys = { { 2 }, { 3 } }, .key_count = 2, .seed_count = 3, .expires_at_ms = 1795444200123
    };
    strcpy(t.seeds[0], "192.0.2.1:9206");
    strcpy(t.seeds[1], "[2001:db8::1]:9206");
    strcpy(t.seeds[2], "seed-1.example.net:9206");
    return t;
}

static struct nr_buf text;

static void encode(const struct nr_token *t)
{
    nr_buf_reset(&text);
    assert_int_equal(nr_token_encode(t, hash, &text), 0);
}

static int decode(struct nr_token *out)
{
    return nr_token_decode(nr_buf_bytes(&text), hash, out);
}

/* There and back, with and without what is optional; the largest fits its bound. */
static void round_trips(void **state)
{
    struct nr_token in = some_token(), out;
    (void)state;
    encode(&in);
    assert_memory_equal(text.data, "dagi1.", 6);
    assert_int_equal(decode(&out), 0);
    assert_memory_equal(&in, &out, sizeof in);
    in = (struct nr_token){ .authority = { 1 }, .keys = { { 2 } }, .key_count = 1 };
    encode(&in);
    assert_int_equal(decode(&out), 0);
    assert_memory_equal(&in, &out, sizeof in);
    in = some_token();
    in.seed_count = NR_TOKEN_SEEDS_MAX;
    for (size_t i = 0; i < NR_TOKEN_SEEDS_MAX; i++) {
        memset(in.seeds[i], 'a', 253);
        strcpy(in.seeds[i] + 253, ":65535");
    }
    encode(&in);
    assert_true(text.len <= NR_TOKEN_TEXT_MAX);
    assert_int_equal(decode(&out), 0);
}

/* White space around it is no part of it; within, it is damage. */
static void white_space_is_trimmed(void **state)
{
    struct nr_token in = some_token(), out;
    struct nr_buf padded;
    (void)state;
    encode(&in);
    nr_buf_init(&padded, 0);
    nr_buf_add_str(&padded, " \t\n");
    nr_buf_add(&padded, text.data, text.len);
    nr_buf_add_str(&padded, "\r\n");
    assert_int_equal(nr_token_decode(nr_buf_bytes(&padded), hash, &out), 0);
    padded.data[20] = ' ';
    assert_int_equal(nr_token_decode(nr_buf_bytes(&padded), hash, &out), NR_E_INVALID);
    nr_buf_fini(&padded);
}

/* Any one character changed, left out or put in, and any cut: never taken, and no key is given out. */
static void damage_is_found(void **state)
{
    static const struct nr_token zero;
    static const char others[] = "Aa0-_.=/ \xff";
    struct nr_token in = some_token(), out;
    (void)state;
    encode(&in);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t was = text.data[i];
        for (size_t k = 0; k < sizeof others; k++) {
            text.data[i] = (uint8_t)others[k];
            if (text.data[i] == was || (i == text.len - 1 && others[k] == ' ')) continue;
            memset(&out, 0xff, sizeof out);
            assert_true(decode(&out) < 0);
            assert_memory_equal(&out, &zero, sizeof out);
        }
        text.data[i] = was;
        assert_true(nr_token_decode(nr_bytes(text.data, i), hash, &out) < 0);
        assert_true(nr_token_decode(nr_bytes(text.data + i + 1, text.len - i - 1), hash, &out) < 0);
    }
    assert_int_equal(decode(&out), 0);
}

/* A token around a map of our own making, with a right checksum. */
static int decode_map(struct nr_bytes map)
{
    struct nr_token out;
    uint8_t digest[32];
    nr_buf_reset(&text);
    nr_buf_add_str(&text, "dagi1.");
    nr_base64url_encode(map, &text);
    hash(nr_buf_bytes(&text), digest);
    nr_buf_printf(&text, ".%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
    return decode(&out);
}

struct map_case {
    size_t authority_len, key_count, key_len, seed_count;
    const char *seed;
    uint64_t expires_at, v;
    bool with_authority, with_keys, with_seeds, with_v, unknown;
};

static const struct map_case good_case = { 32, 1, 32, 1, "h:1", 5, 1, true, true, true, true, false };

static void write_keys(struct nr_writer *w, const struct map_case *c)
{
    static const uint8_t zeros[64];
    nr_mp_write_cstr(w, "keys");
    nr_mp_write_array(w, (uint32_t)c->key_count);
    for (size_t i = 0; i < c->key_count; i++) nr_mp_write_bin(w, nr_bytes(zeros, c->key_len));
}

static int decode_case(struct map_case c)
{
    static const uint8_t zeros[64];
    uint8_t map[1024];
    struct nr_writer w;
    nr_writer_init(&w, map, sizeof map);
    nr_mp_write_map(&w, (uint32_t)(c.with_authority + 1 + c.with_keys + c.with_seeds + c.with_v + c.unknown));
    if (c.with_authority) nr_mp_write_cstr(&w, "authority");
    if (c.with_authority) nr_mp_write_bin(&w, nr_bytes(zeros, c.authority_len));
    nr_mp_write_cstr(&w, "expires_at");
    nr_mp_write_uint(&w, c.expires_at);
    if (c.with_keys) write_keys(&w, &c);
    if (c.with_seeds) nr_mp_write_cstr(&w, "seeds");
    if (c.with_seeds) nr_mp_write_array(&w, (uint32_t)c.seed_count);
    for (size_t i = 0; c.with_seeds && i < c.seed_count; i++) nr_mp_write_cstr(&w, c.seed);
    if (c.with_v) nr_mp_write_cstr(&w, "v");
    if (c.with_v) nr_mp_write_uint(&w, c.v);
    if (c.unknown) nr_mp_write_cstr(&w, "z");
    if (c.unknown) nr_mp_write_array(&w, 0);
    assert_int_equal(w.err, 0);
    return decode_map(nr_writer_bytes(&w));
}

#define CASE(member, value)                                                                                            \
    ({                                                                                                                 \
        struct map_case c = good_case;                                                                                 \
        c.member = (value);                                                                                            \
        decode_case(c);                                                                                                \
    })

/* Each member has its type and limits; unknown ones are ignored; another version is told apart from damage. */
static void members_have_limits(void **state)
{
    (void)state;
    assert_int_equal(decode_case(good_case), 0);
    assert_int_equal(CASE(unknown, true), 0);
    assert_int_equal(CASE(authority_len, 31), NR_E_INVALID);
    assert_int_equal(CASE(authority_len, 33), NR_E_INVALID);
    assert_int_equal(CASE(key_len, 31), NR_E_INVALID);
    assert_int_equal(CASE(key_len, 33), NR_E_INVALID);
    assert_int_equal(CASE(key_count, 2), 0);
    assert_int_equal(CASE(key_count, 0), NR_E_INVALID);
    assert_int_equal(CASE(key_count, 3), NR_E_INVALID);
    assert_int_equal(CASE(seed_count, 0), 0);
    assert_int_equal(CASE(seed_count, 16), 0);
    assert_int_equal(CASE(seed_count, 17), NR_E_INVALID);
    assert_int_equal(CASE(seed, "no-port"), NR_E_INVALID);
    assert_int_equal(CASE(expires_at, UINT64_C(1) << 48), NR_E_INVALID);
    assert_int_equal(CASE(expires_at, 0), NR_E_INVALID);
    assert_int_equal(CASE(v, 2), NR_E_VERSION);
    assert_int_equal(CASE(v, 0), NR_E_INVALID);
    assert_int_equal(CASE(with_v, false), NR_E_INVALID);
    assert_int_equal(CASE(with_keys, false), NR_E_INVALID);
    assert_int_equal(CASE(with_authority, false), NR_E_INVALID);
}

/* The map is canonical and all there is. */
static void the_map_is_canonical(void **state)
{
    (void)state;
    assert_int_equal(decode_map(nr_bytes("", 0)), NR_E_INVALID);
    assert_int_equal(decode_map(nr_bytes("\x80", 1)), NR_E_INVALID);
    assert_int_equal(decode_map(nr_bytes("\x90", 1)), NR_E_INVALID);
    assert_int_equal(decode_map(nr_bytes("\x81\xa1v\xcc\x02", 5)), NR_E_INVALID);
    assert_int_equal(decode_map(nr_bytes("\x81\xa1v\x02\xc0", 5)), NR_E_INVALID);
    assert_int_equal(decode_map(nr_bytes("\x81\xa1v\x02", 4)), NR_E_VERSION);
}

/* Tokens of another form: a later number is another version, the rest is no token. */
static void other_texts_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } cases[] = { { "", NR_E_INVALID },
                  { "dagi1", NR_E_INVALID },
                  { "dagi1.", NR_E_INVALID },
                  { "dagi2.AAAA.00000000", NR_E_VERSION },
                  { "dagi12.x", NR_E_VERSION },
                  { "dagi.x.xxxx", NR_E_INVALID },
                  { "dagix.x", NR_E_INVALID },
                  { "dagi1.AAAA", NR_E_INVALID },
                  { "dagi1..00000000", NR_E_INVALID },
                  { "something else", NR_E_INVALID } };
    struct nr_token out;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(nr_token_decode(nr_bytes_str(cases[i].text), hash, &out), cases[i].rc);
}

/* More text than any token has is refused unread. */
static void long_texts_are_refused(void **state)
{
    static char big[NR_TOKEN_TEXT_MAX + 2];
    struct nr_token out;
    (void)state;
    memset(big, 'A', sizeof big - 1);
    memcpy(big, "dagi1.", 6);
    assert_int_equal(nr_token_decode(nr_bytes(big, NR_TOKEN_TEXT_MAX + 1), hash, &out), NR_E_TOO_LARGE);
    assert_int_equal(nr_token_decode(nr_bytes(big, NR_TOKEN_TEXT_MAX), hash, &out), NR_E_INVALID);
}

/* A seed is a host and a port. */
static void seeds_are_host_and_port(void **state)
{
    static const char *const good[] = { "a:1", "192.0.2.1:9206", "[::1]:65535", "my_host.example-1.net.:9206" };
    static const char *const bad[] = { "",      ":1",    "a",     "a:",    "a:0",   "a:65536",     "a:01",      "a:1 ",
                                       "a b:1", "[::1]", "[a]:1", "::1:1", "a:1:1", "a:123456789", "\xc3\xa9:1" };
    char name[300];
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) assert_true(nr_seed_valid(nr_bytes_str(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++) assert_false(nr_seed_valid(nr_bytes_str(bad[i])));
    memset(name, 'a', sizeof name);
    strcpy(name + 253, ":1");
    assert_true(nr_seed_valid(nr_bytes_str(name)));
    strcpy(name + 253, "a:1");
    assert_false(nr_seed_valid(nr_bytes_str(name)));
}

/* A seed that is none makes no token; a failed allocation is told. */
static void encoding_can_fail(void **state)
{
    struct nr_token t = some_token();
    struct nr_buf fresh;
    (void)state;
    strcpy(t.seeds[1], "nonsense");
    nr_buf_init(&fresh, 0);
    assert_int_equal(nr_token_encode(&t, hash, &fresh), NR_E_INVALID);
    assert_int_equal(fresh.len, 0);
    t = some_token();
    bool hit = true;
    for (long n = 1; hit; n++) {
        nr_buf_fini(&fresh);
        nr_buf_init(&fresh, 0);
        fail_alloc_at(n);
        int rc = nr_token_encode(&t, hash, &fresh);
        hit = fail_alloc_hit();
        fail_alloc_at(0);
        assert_int_equal(rc, hit ? NR_E_NOMEM : 0);
        assert_true(n < 50);
    }
    nr_buf_fini(&fresh);
}

static int fini(void **state)
{
    (void)state;
    nr_buf_fini(&text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(white_space_is_trimmed),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(members_have_limits),
        cmocka_unit_test(the_map_is_canonical),
        cmocka_unit_test(other_texts_are_told_apart),
        cmocka_unit_test(long_texts_are_refused),
        cmocka_unit_test(seeds_are_host_and_port),
        cmocka_unit_test(encoding_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, fini);
}
