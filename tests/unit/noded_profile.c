/* What a node takes over from a profile, and what it does not. */
#include "crypto/crypto.h"
#include "noded/profile.h"
#include "nr_test.h"
#include "tools/nodectl/jsonpack.h"

#include <stdio.h>

#define BOTH (PROFILE_LABELS | PROFILE_CHECKS)

static uint8_t packed[65536];
static struct profile profile;

static void parse(const char *json, unsigned parts)
{
    char fault[CTL_JSON_FAULT];
    struct nr_writer w;
    nr_writer_init(&w, packed, sizeof packed);
    if (ctl_json_pack(nr_bytes_str(json), 30, &w, fault) != 0) fail_msg("%s: %s", json, fault);
    profile_parse(nr_writer_bytes(&w), parts, &profile);
}

/* A check of this content is refused, with these words. */
static void refused(const char *check, const char *why)
{
    char json[512];
    snprintf(json, sizeof json, "{\"checks\":{\"c\":%s}}", check);
    parse(json, BOTH);
    assert_int_equal(profile.check_count, 0);
    assert_int_equal(profile.refused, 1);
    assert_string_equal(profile.refusals[0].what, "checks");
    if (!strstr(profile.refusals[0].why, why)) fail_msg("%s: %s", check, profile.refusals[0].why);
}

static void taken(const char *check, enum nr_check_kind kind, const char *target, uint32_t interval_ms,
                  uint32_t timeout_ms, uint16_t port)
{
    char json[512];
    snprintf(json, sizeof json, "{\"checks\":{\"c\":%s}}", check);
    parse(json, BOTH);
    if (profile.refused) fail_msg("%s: %s", check, profile.refusals[0].why);
    assert_int_equal(profile.check_count, 1);
    const struct nr_check *c = &profile.checks[0];
    test_text_equal(c->id, "c");
    assert_int_equal(c->kind, kind);
    test_text_equal(c->target, target);
    assert_int_equal(c->interval_ms, interval_ms);
    assert_int_equal(c->timeout_ms, timeout_ms);
    assert_int_equal(c->port, port);
}

/* Labels are added, each once; what is no label is refused, and the rest is taken all the same. */
static void labels(void **state)
{
    (void)state;
    parse("{\"labels\":[\"gpu\",\"eu\",\"gpu\",\"\",7,\"a\\u0007b\"],\"other\":[1]}", BOTH);
    assert_int_equal(profile.label_count, 2);
    test_text_equal(profile.labels[0], "gpu");
    test_text_equal(profile.labels[1], "eu");
    assert_int_equal(profile.refused, 3);
    assert_string_equal(profile.refusals[0].what, "labels");
    parse("{\"labels\":\"gpu\"}", BOTH);
    assert_int_equal(profile.label_count, 0);
    assert_int_equal(profile.refused, 1);
}

/* A check by HTTP or TCP of this machine is taken, with the defaults of the configuration file. */
static void checks(void **state)
{
    (void)state;
    taken("{\"http\":\"http://127.0.0.1:8080/health\"}", NR_CHECK_HTTP, "http://127.0.0.1:8080/health", 30000, 5000,
          8080);
    taken("{\"http\":\"https://localhost/\",\"port\":9,\"interval\":3}", NR_CHECK_HTTP, "https://localhost/", 3000,
          3000, 9);
    taken("{\"tcp\":\"[::1]:5432\",\"interval\":86400,\"timeout\":60}", NR_CHECK_TCP, "[::1]:5432", 86400000, 60000,
          5432);
    taken("{\"tcp\":\"LocalHost:1\"}", NR_CHECK_TCP, "LocalHost:1", 30000, 5000, 1);
    taken("{\"tcp\":\"127.255.0.9:1\"}", NR_CHECK_TCP, "127.255.0.9:1", 30000, 5000, 1);
}

/* A profile makes no node run commands or reach into its network. */
static void hostile_checks(void **state)
{
    (void)state;
    static const char local[] = "this machine only";
    refused("{\"exec\":\"/bin/true\"}", "may not run commands");
    refused("{\"exec\":\"/bin/true\",\"tcp\":\"127.0.0.1:1\"}", "may not run commands");
    refused("{\"tcp\":\"127.0.0.1:1\",\"exec\":null}", "may not run commands");
    refused("{\"tcp\":\"192.0.2.1:22\"}", local);
    refused("{\"tcp\":\"0.0.0.0:22\"}", local);
    refused("{\"tcp\":\"[::]:22\"}", local);
    refused("{\"tcp\":\"db:5432\"}", local);
    refused("{\"tcp\":\"localhost.example:1\"}", local);
    refused("{\"tcp\":\"localhost.:1\"}", local);
    refused("{\"http\":\"http:"
            "//169.254.169.254/latest\"}",
            local);
    refused("{\"http\":\"http://localhost.example/\"}", local);
    refused("{\"http\":\"http:"
            "//127.0.0.1@example.org/\"}",
            "http must be a URL");
    refused("{\"http\":\"file:///etc/shadow\"}", "http must be a URL");
    refused("{\"http\":\"http:"
            "//127.1/\"}",
            "http must be a URL");
    refused("{\"http\":\"http://2130706434/\"}", "http must be a URL");
}

/* An IPv4 address written within IPv6 is the IPv4 address: loopback is, another is not. */
static void mapped_addresses(void **state)
{
    (void)state;
    taken("{\"tcp\":\"[::ffff:127.0.0.1]:1\"}", NR_CHECK_TCP, "[::ffff:127.0.0.1]:1", 30000, 5000, 1);
    refused("{\"tcp\":\"[::ffff:192.0.2.1]:1\"}", "this machine only");
}

/* What is no check is refused: no target, two, other types and members, numbers out of bounds. */
static void malformed_checks(void **state)
{
    (void)state;
    refused("7", "must be an object");
    refused("{}", "needs one of http and tcp");
    refused("{\"tcp\":\"127.0.0.1:1\",\"http\":\"http://127.0.0.1/\"}", "needs one of http and tcp");
    refused("{\"tcp\":7}", "tcp must be HOST:PORT");
    refused("{\"tcp\":\"127.0.0.1\"}", "tcp must be HOST:PORT");
    refused("{\"tcp\":\"127.0.0.1:0\"}", "HOST:PORT");
    refused("{\"tcp\":\"127.0.0.1:1\",\"interval\":0}", "interval must be");
    refused("{\"tcp\":\"127.0.0.1:1\",\"interval\":1.5}", "interval must be");
    refused("{\"tcp\":\"127.0.0.1:1\",\"interval\":86401}", "interval must be");
    refused("{\"tcp\":\"127.0.0.1:1\",\"timeout\":61,\"interval\":100}", "timeout must be");
    refused("{\"tcp\":\"127.0.0.1:1\",\"timeout\":6,\"interval\":5}", "timeout must be at most the interval");
    refused("{\"tcp\":\"127.0.0.1:1\",\"timeout\":-1}", "timeout must be");
    refused("{\"tcp\":\"127.0.0.1:1\",\"port\":65536}", "port must be");
    refused("{\"tcp\":\"127.0.0.1:1\",\"retries\":3}", "a member other than");
    parse("{\"checks\":{\"no good\":{\"tcp\":\"127.0.0.1:1\"},\"good\":{\"tcp\":\"127.0.0.1:1\"}}}", BOTH);
    assert_int_equal(profile.check_count, 1);
    test_text_equal(profile.refusals[0].name, "no good");
    parse("{\"checks\":[]}", BOTH);
    assert_int_equal(profile.refused, 1);
}

/* Only the parts that are asked for are looked at. */
static void parts(void **state)
{
    (void)state;
    static const char both[] =
        "{\"checks\":{\"c\":{\"exec\":\"x\"},\"d\":{\"tcp\":\"127.0.0.1:1\"}},\"labels\":[\"a\",7]}";
    parse(both, 0);
    assert_int_equal(profile.label_count + profile.check_count + profile.refused, 0);
    parse(both, PROFILE_LABELS);
    assert_int_equal(profile.label_count, 1);
    assert_int_equal(profile.check_count, 0);
    assert_int_equal(profile.refused, 1);
    parse(both, PROFILE_CHECKS);
    assert_int_equal(profile.label_count, 0);
    assert_int_equal(profile.check_count, 1);
    assert_int_equal(profile.refused, 1);
}

/* However much a profile holds, what is taken and told is bounded, and the rest is counted. */
static void bounds(void **state)
{
    (void)state;
    static char json[65536];
    size_t at = 0;
    at += (size_t)sprintf(json + at, "{\"labels\":[");
    for (int i = 0; i < 100; i++) at += (size_t)sprintf(json + at, "%s\"l%d\"", i ? "," : "", i);
    at += (size_t)sprintf(json + at, "],\"checks\":{");
    for (int i = 0; i < 100; i++) {
        at += (size_t)sprintf(json + at, "%s\"c%d\":{\"tcp\":\"127.0.0.1:1\"}", i ? "," : "", i);
    }
    sprintf(json + at, "}}");
    parse(json, BOTH);
    assert_int_equal(profile.label_count, NR_LABELS_MAX);
    assert_int_equal(profile.check_count, NR_CHECKS_MAX);
    assert_int_equal(profile.refused, 72);
    profile_parse(nr_bytes("\x81", 1), BOTH, &profile); /* cut off: nothing */
    assert_int_equal(profile.label_count + profile.check_count + profile.refused, 0);
}

static void put(struct nr_store *store, const struct nr_keypair *key, const char *role, const char *config,
                int64_t wall_ms)
{
    uint8_t raw[1024], body[512], sig[NR_SIG_SIZE];
    char fault[CTL_JSON_FAULT];
    struct nr_profile_body b = { .deleted = !config };
    struct nr_writer w, c;
    struct nr_record rec;
    nr_writer_init(&c, packed, sizeof packed);
    if (config) assert_int_equal(ctl_json_pack(nr_bytes_str(config), 30, &c, fault), 0);
    if (config) b.config = nr_writer_bytes(&c);
    nr_writer_init(&w, body, sizeof body);
    nr_profile_body_encode(&w, &b);
    struct nr_record_draft draft = { .kind = NR_KIND_PROFILE,
                                     .signer = key->pub,
                                     .subject = nr_bytes_str(role),
                                     .stamp = (uint64_t)wall_ms << 16,
                                     .lease_s = 60,
                                     .body = nr_writer_bytes(&w) };
    nr_writer_init(&w, raw, sizeof raw);
    nr_record_encode_unsigned(&w, &draft);
    nr_sign(key, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    assert_int_equal(nr_record_decode(nr_writer_bytes(&w), &rec), 0);
    assert_int_equal(nr_store_put(store, nr_record_key_hash(rec.kind, rec.signer, rec.subject), &rec), 0);
}

static int find(struct nr_store *store, int64_t wall_ms, uint64_t *id, struct nr_bytes *config)
{
    static uint8_t buf[NR_CONFIG_MAX];
    return profile_find(store, nr_bytes_str("gpu"), wall_ms, buf, config, id);
}

/* The profile that counts is the one that readers see: the newest of its role, not deleted, its lease not over. */
static void finding(void **state)
{
    (void)state;
    const int64_t t = 1800000000000;
    struct nr_blob_pool *pool = nr_blob_pool_new();
    struct nr_memdisk *disk = nr_memdisk_new(pool);
    struct nr_store *store;
    struct nr_keypair a, b;
    struct nr_bytes config;
    uint64_t id, first;
    assert_int_equal(nr_crypto_init(), 0);
    nr_keypair_new(&a);
    nr_keypair_new(&b);
    assert_int_equal(nr_store_open_memory(&store, disk, false, &(struct nr_store_options){ 0 }), 0);
    put(store, &a, "other", "{\"x\":0}", t);
    assert_int_equal(find(store, t, &id, &config), NR_E_NOT_FOUND);
    put(store, &a, "gpu", "{\"x\":1}", t);
    assert_int_equal(find(store, t, &first, &config), 0);
    test_bytes_equal(config, nr_bytes("\x81\xa1x\x01", 4));
    put(store, &b, "gpu", "{\"x\":2}", t + 1);
    assert_int_equal(find(store, t + 1, &id, &config), 0);
    test_bytes_equal(config, nr_bytes("\x81\xa1x\x02", 4));
    assert_true(id != first);
    assert_int_equal(find(store, t + 61000, &id, &config), NR_E_NOT_FOUND);
    put(store, &a, "gpu", NULL, t + 2);
    assert_int_equal(find(store, t + 2, &id, &config), NR_E_NOT_FOUND);
    nr_store_close(store);
    nr_memdisk_free(disk);
    nr_blob_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels),           cmocka_unit_test(checks),           cmocka_unit_test(hostile_checks),
        cmocka_unit_test(mapped_addresses), cmocka_unit_test(malformed_checks), cmocka_unit_test(parts),
        cmocka_unit_test(bounds),           cmocka_unit_test(finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
