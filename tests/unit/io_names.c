/* HOST:PORT, and from there to addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "conf/hostport.h"
#include "io/resolver.h"

static bool parses(const char *text, const char *host, int port, bool numeric)
{
    struct nr_hostport hp;
    if (nr_hostport_parse(nr_bytes_str(text), &hp) != 0) return false;
    return strcmp(hp.host, host) == 0 && hp.port == port && hp.numeric == numeric;
}

/* Names, IPv4, IPv6 in brackets, and a port; nothing else. */
static void hostport(void **state)
{
    (void)state;
    struct nr_hostport hp;
    assert_true(parses("example.org:9206", "example.org", 9206, false));
    assert_true(parses("192.0.2.1:0", "192.0.2.1", 0, true));
    assert_true(parses("[2001:db8::1]:65535", "2001:db8::1", 65535, true));
    assert_true(parses("a_b-c:1", "a_b-c", 1, false));
    static const char *const bad[] = {
        "",      ":",      ":1",     "host",        "host:",         "host:x",  "host:65536",  "host:-1",     "host: 1",
        "::1:9", "[::1]",  "[::1:9", "[name]:1",    "[192.0.2.1]:1", "1.2.3:4", "1.2.3.4.5:6", "256.1.1.1:1", "a b:1",
        ".a:1",  "a..b:1", "[]:1",   "host:000001",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (nr_hostport_parse(nr_bytes_str(bad[i]), &hp) == 0) fail_msg("'%s' was taken", bad[i]);
    }
    char longest[NR_HOST_MAX + 8];
    memset(longest, 'a', NR_HOST_MAX);
    memcpy(longest + NR_HOST_MAX, ":1", 3);
    assert_int_equal(nr_hostport_parse(nr_bytes_str(longest), &hp), 0);
    memcpy(longest + NR_HOST_MAX, "a:1", 4);
    assert_int_equal(nr_hostport_parse(nr_bytes_str(longest), &hp), NR_E_INVALID);
}

struct found {
    struct nr_loop *loop;
    int calls;
    size_t count;
    struct nr_addr addrs[NR_RESOLVED_MAX];
};

static void on_found(void *arg, const struct nr_addr *addrs, size_t count)
{
    struct found *f = arg;
    f->calls++;
    f->count = count;
    memcpy(f->addrs, addrs, count * sizeof *addrs);
    if (f->calls > 1) nr_loop_stop(f->loop);
}

static void give_up(void *arg)
{
    (void)arg;
    fail_msg("the name was not found");
}

/* Numbers are there at once, without doubles; a name's addresses follow from the loop, with the name's port. */
static void resolver(void **state)
{
    (void)state;
    struct found f = { .loop = nr_loop_new() };
    static const char *const names[] = { "192.0.2.1:1", "localhost:77", "[2001:db8::1]:2", "192.0.2.1:1", "no port" };
    struct nr_timer *limit = nr_timer_new(f.loop, give_up, NULL);
    struct nr_resolver *r = nr_resolver_new(f.loop, names, 5, on_found, &f);
    assert_non_null(r);
    assert_int_equal(f.calls, 1);
    assert_int_equal(f.count, 2);
    assert_int_equal(f.addrs[0].family, 4);
    assert_int_equal(f.addrs[1].port, 2);
    nr_timer_in(limit, 20000);
    assert_int_equal(nr_loop_run(f.loop), 0);
    bool seen = false;
    for (size_t i = 0; i < f.count; i++) seen |= nr_addr_is_loopback(&f.addrs[i]) && f.addrs[i].port == 77;
    assert_true(seen && f.count >= 3);
    nr_resolver_free(r);
    nr_timer_free(limit);
    nr_loop_free(f.loop);
}

/* The waiting form takes numbers and names, and says what is not there. */
static void resolve_wait(void **state)
{
    (void)state;
    struct nr_addr a[4];
    size_t n;
    assert_int_equal(nr_resolve_wait("[::1]:9", a, 4, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(a[0].family, 6);
    assert_int_equal(a[0].port, 9);
    assert_int_equal(nr_resolve_wait("localhost:9", a, 4, &n), 0);
    assert_true(n >= 1 && nr_addr_is_loopback(&a[0]));
    assert_int_equal(nr_resolve_wait("nothing", a, 4, &n), NR_E_INVALID);
    assert_int_equal(nr_resolve_wait("name.invalid:9", a, 4, &n), NR_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostport),
        cmocka_unit_test(resolver),
        cmocka_unit_test(resolve_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
