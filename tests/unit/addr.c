#include "base/addr.h"

#include "nr_test.h"

static struct nr_addr parsed(const char *text)
{
    struct nr_addr a;
    assert_int_equal(nr_addr_parse(nr_bytes_str(text), &a), 0);
    return a;
}

/* Addresses in numbers, both families, and their text again. */
static void parses_and_formats(void **state)
{
    static const char *const same[] = { "192.0.2.1:9206",     "0.0.0.0:1", "255.255.255.255:65535",
                                        "[2001:db8::1]:9206", "[::]:9206", "[fe80::1234:5678:9abc:def0]:65535" };
    (void)state;
    for (size_t i = 0; i < COUNT(same); i++) {
        char text[NR_ADDR_TEXT];
        struct nr_addr a = parsed(same[i]);
        nr_addr_format(&a, text);
        assert_string_equal(text, same[i]);
    }
    assert_int_equal(parsed("192.0.2.1:9206").port, 9206);
    assert_int_equal(parsed("192.0.2.1:9206").family, 4);
    assert_memory_equal(parsed("192.0.2.1:9206").ip, "\xc0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_int_equal(parsed("[2001:db8::1]:9206").family, 6);
}

/* The address alone has neither brackets nor port. */
static void formats_without_port(void **state)
{
    char text[NR_ADDR_TEXT];
    struct nr_addr four = parsed("192.0.2.1:9206"), six = parsed("[2001:db8::1]:9206");
    (void)state;
    nr_addr_format_ip(&four, text);
    assert_string_equal(text, "192.0.2.1");
    nr_addr_format_ip(&six, text);
    assert_string_equal(text, "2001:db8::1");
}

/* No names, no missing or odd ports, nothing around. On failure the result is zero. */
static void refuses_other_texts(void **state)
{
    static const char *const bad[] = {
        "",
        ":",
        "1.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:0",
        "1.2.3.4:65536",
        "1.2.3.4:99999",
        "1.2.3.4:01",
        "1.2.3.4:+1",
        "1.2.3.4:1 ",
        " 1.2.3.4:1",
        "1.2.3:1",
        "1.2.3.04:1",
        "1.2.3.256:1",
        "host:1",
        "localhost:1",
        "::1:1",
        "::1",
        "[::1]",
        "[::1]:",
        "[::1]1",
        "[::1",
        "[]:1",
        "[1.2.3.4]:1",
        "[::1%lo]:1",
        "[fe80::1%1]:1",
        "[::1]:1:1",
        "[:::1]:1",
        "[g::]:1",
        "1.2.3.4:1:1",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000]:1",
        "1.2.3.4:123456",
    };
    static const struct nr_addr zero;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct nr_addr a = { .family = 4, .port = 1 };
        assert_int_equal(nr_addr_parse(nr_bytes_str(bad[i]), &a), NR_E_INVALID);
        assert_memory_equal(&a, &zero, sizeof a);
    }
    struct nr_addr a;
    assert_int_equal(nr_addr_parse(nr_bytes("1.2.3.4\0:1", 10), &a), NR_E_INVALID);
}

/* An IPv4-mapped address is IPv4, from text as from the wire. */
static void mapped_is_ipv4(void **state)
{
    static const uint8_t wire[NR_ADDR_WIRE] = { 6, [11] = 0xff, 0xff, 192, 0, 2, 1, 0x23, 0xf6 };
    struct nr_addr a = parsed("[::ffff:192.0.2.1]:9206"), b = parsed("192.0.2.1:9206"), c;
    (void)state;
    assert_true(nr_addr_eq(&a, &b));
    assert_int_equal(nr_addr_from_wire(wire, &c), 0);
    assert_true(nr_addr_eq(&c, &b));
}

/* Equal in family, address and port. */
static void compares_all_of_it(void **state)
{
    struct nr_addr a = parsed("192.0.2.1:9206"), port = parsed("192.0.2.1:9207"), ip = parsed("192.0.2.2:9206");
    struct nr_addr six = a;
    (void)state;
    six.family = 6;
    assert_true(nr_addr_eq(&a, &a));
    assert_false(nr_addr_eq(&a, &port));
    assert_false(nr_addr_eq(&a, &ip));
    assert_false(nr_addr_eq(&a, &six));
}

static bool unicast(const char *text)
{
    struct nr_addr a = parsed(text);
    return nr_addr_is_unicast(&a);
}

/* Datagrams go to hosts: no group, no broadcast, no unspecified address, no port 0. */
static void knows_where_datagrams_may_go(void **state)
{
    struct nr_addr none = { 0 }, no_port = parsed("192.0.2.1:1");
    (void)state;
    assert_true(unicast("192.0.2.1:1"));
    assert_true(unicast("127.0.0.1:1"));
    assert_true(unicast("[::1]:1"));
    assert_true(unicast("[fe80::1]:1"));
    assert_true(unicast("223.255.255.255:1"));
    assert_false(unicast("0.0.0.0:1"));
    assert_false(unicast("0.1.2.3:1"));
    assert_false(unicast("224.0.0.1:1"));
    assert_false(unicast("239.255.255.255:1"));
    assert_false(unicast("255.255.255.255:1"));
    assert_false(unicast("[::]:1"));
    assert_false(unicast("[ff02::1]:1"));
    assert_false(nr_addr_is_unicast(&none));
    no_port.port = 0;
    assert_false(nr_addr_is_unicast(&no_port));
}

/* Loopback and unspecified addresses of both families; no address at all is neither. */
static void knows_special_addresses(void **state)
{
    struct nr_addr lo4 = parsed("127.8.9.1:1"), lo6 = parsed("[::1]:1"), any4 = parsed("0.0.0.0:1"),
                   any6 = parsed("[::]:1");
    struct nr_addr none = { 0 }, other = parsed("128.0.0.1:1");
    (void)state;
    assert_true(nr_addr_is_loopback(&lo4) && nr_addr_is_loopback(&lo6));
    assert_false(nr_addr_is_loopback(&other) || nr_addr_is_loopback(&any6) || nr_addr_is_loopback(&none));
    assert_true(nr_addr_is_any(&any4) && nr_addr_is_any(&any6));
    assert_false(nr_addr_is_any(&lo4) || nr_addr_is_any(&lo6) || nr_addr_is_any(&none));
}

/* The 19 bytes of B.3 and back. */
static void wire_form_round_trips(void **state)
{
    static const uint8_t want[NR_ADDR_WIRE] = { 4, 192, 0, 2, 1, [17] = 0x23, 0xf6 };
    uint8_t wire[NR_ADDR_WIRE];
    struct nr_addr four = parsed("192.0.2.1:9206"), six = parsed("[2001:db8::1]:9206"), back;
    (void)state;
    nr_addr_to_wire(&four, wire);
    assert_memory_equal(wire, want, sizeof want);
    assert_int_equal(nr_addr_from_wire(wire, &back), 0);
    assert_true(nr_addr_eq(&four, &back));
    nr_addr_to_wire(&six, wire);
    assert_int_equal(nr_addr_from_wire(wire, &back), 0);
    assert_true(nr_addr_eq(&six, &back));
}

/* Another family, or anything behind an IPv4 address, is refused. */
static void wire_form_is_strict(void **state)
{
    struct nr_addr a;
    (void)state;
    for (int family = 0; family < 256; family++) {
        uint8_t wire[NR_ADDR_WIRE] = { (uint8_t)family, 1, 2, 3, 4 };
        assert_int_equal(nr_addr_from_wire(wire, &a), family == 4 || family == 6 ? 0 : NR_E_INVALID);
    }
    for (size_t i = 5; i < 17; i++) {
        uint8_t wire[NR_ADDR_WIRE] = { 4, 1, 2, 3, 4 };
        wire[i] = 1;
        assert_int_equal(nr_addr_from_wire(wire, &a), NR_E_INVALID);
    }
}

/* Addresses without a port. */
static void judges_bare_addresses(void **state)
{
    static const char *const good[] = { "192.168.1.1", "::", "2001:db8::1", "::ffff:1.2.3.4" };
    static const char *const bad[] = { "",       "192.168.1",
                                       "[::1]",  "1.2.3.4:1",
                                       "host",   "1.2.3.4 ",
                                       "::1%lo", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc" };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) assert_true(nr_ip_valid(nr_bytes_str(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++) assert_false(nr_ip_valid(nr_bytes_str(bad[i])));
    assert_false(nr_ip_valid(nr_bytes("1.2.3.4\0", 8)));
}

static void put_no_address(void)
{
    uint8_t wire[NR_ADDR_WIRE];
    struct nr_addr none = { 0 };
    nr_addr_to_wire(&none, wire);
}

/* No address has a text but no wire form. */
static void no_address_has_no_wire_form(void **state)
{
    char text[NR_ADDR_TEXT];
    struct nr_addr none = { 0 };
    (void)state;
    nr_addr_format(&none, text);
    assert_string_equal(text, "none");
    assert_true(test_aborts(put_no_address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_formats),          cmocka_unit_test(formats_without_port),
        cmocka_unit_test(refuses_other_texts),         cmocka_unit_test(mapped_is_ipv4),
        cmocka_unit_test(compares_all_of_it),          cmocka_unit_test(knows_where_datagrams_may_go),
        cmocka_unit_test(knows_special_addresses),     cmocka_unit_test(wire_form_round_trips),
        cmocka_unit_test(wire_form_is_strict),         cmocka_unit_test(judges_bare_addresses),
        cmocka_unit_test(no_address_has_no_wire_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
