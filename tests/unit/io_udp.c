/* UDP sockets of both families behind one send and one receive. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/udp.h"
#include "proto/limits.h"

struct side {
    struct nr_loop *loop;
    struct nr_udp *udp;
    struct nr_timer *limit;
    size_t got, wanted, batches;
    uint8_t last[NR_DATAGRAM_MAX];
    size_t last_len;
    struct nr_addr from;
};

static void on_datagram(void *arg, struct nr_now now, const struct nr_addr *from, struct nr_bytes d)
{
    struct side *s = arg;
    assert_true(now.wall_ms > 0);
    s->got++;
    s->from = *from;
    s->last_len = d.len;
    memcpy(s->last, d.data, d.len);
}

static void on_batch(void *arg, struct nr_now now)
{
    struct side *s = arg;
    (void)now;
    s->batches++;
    if (s->got >= s->wanted) nr_loop_stop(s->loop);
}

static void too_long(void *arg)
{
    (void)arg;
    fail_msg("nothing came");
}

static struct nr_addr parse(const char *text)
{
    struct nr_addr a;
    struct nr_bytes bytes = nr_bytes_str(text);
    assert_int_equal(nr_addr_parse(bytes, &a), 0);
    return a;
}

static struct nr_addr any_port(const char *text)
{
    struct nr_addr a = parse(text);
    a.port = 0;
    return a;
}

static void open_side(struct side *s, const char *a, const char *b)
{
    *s = (struct side){ .wanted = 1 };
    s->loop = nr_loop_new();
    s->udp = nr_udp_new(s->loop, on_datagram, on_batch, s);
    s->limit = nr_timer_new(s->loop, too_long, s);
    nr_timer_in(s->limit, 10000);
    struct nr_addr addr = any_port(a);
    assert_int_equal(nr_udp_bind(s->udp, &addr), 0);
    if (!b) return;
    addr = any_port(b);
    assert_int_equal(nr_udp_bind(s->udp, &addr), 0);
}

static void close_side(struct side *s)
{
    nr_timer_free(s->limit);
    nr_udp_free(s->udp);
    nr_loop_free(s->loop);
}

/* What is sent arrives whole, from the address that was bound, over either family. */
static void both_families(void **state)
{
    (void)state;
    struct side s;
    struct nr_addr bound[NR_UDP_SOCKETS_MAX];
    open_side(&s, "127.0.0.1:1", "[::1]:1");
    assert_int_equal(nr_udp_bound(s.udp, bound), 2);
    assert_int_not_equal(bound[0].port, 0);
    for (size_t i = 0; i < 2; i++) {
        uint8_t data[NR_DATAGRAM_MAX];
        memset(data, (int)i + 1, sizeof data);
        nr_udp_send(s.udp, &bound[i], nr_bytes(data, sizeof data));
        nr_udp_flush(s.udp);
        s.got = 0;
        assert_int_equal(nr_loop_run(s.loop), 0);
        assert_int_equal(s.last_len, sizeof data);
        assert_memory_equal(s.last, data, sizeof data);
        assert_true(nr_addr_eq(&s.from, &bound[i]));
    }
    close_side(&s);
}

/* More than a batch goes out and comes in, in batches. */
static void batches(void **state)
{
    (void)state;
    struct side s;
    struct nr_addr bound[NR_UDP_SOCKETS_MAX];
    open_side(&s, "127.0.0.1:1", NULL);
    nr_udp_bound(s.udp, bound);
    s.wanted = 100;
    for (size_t i = 0; i < s.wanted; i++) nr_udp_send(s.udp, &bound[0], nr_bytes("x", 1));
    nr_udp_flush(s.udp);
    assert_int_equal(nr_loop_run(s.loop), 0);
    assert_int_equal(s.got, 100);
    assert_true(s.batches < 50);
    const struct nr_udp_stats *stats = nr_udp_stats(s.udp);
    assert_int_equal(stats->datagrams_out, 100);
    assert_int_equal(stats->datagrams_in, 100);
    assert_int_equal(stats->bytes_in, 100);
    assert_int_equal(stats->not_sent, 0);
    close_side(&s);
}

/* A datagram that is too long is counted and not handed over; the next one is. */
static void too_large(void **state)
{
    (void)state;
    struct side s;
    struct nr_addr bound[NR_UDP_SOCKETS_MAX];
    uint8_t data[NR_DATAGRAM_MAX + 1] = { 0 };
    open_side(&s, "127.0.0.1:1", NULL);
    nr_udp_bound(s.udp, bound);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(bound[0].port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(sendto(fd, data, sizeof data, 0, (struct sockaddr *)&to, sizeof to), sizeof data);
    assert_int_equal(sendto(fd, data, 7, 0, (struct sockaddr *)&to, sizeof to), 7);
    assert_int_equal(nr_loop_run(s.loop), 0);
    assert_int_equal(s.got, 1);
    assert_int_equal(s.last_len, 7);
    assert_int_equal(nr_udp_stats(s.udp)->too_large, 1);
    close(fd);
    close_side(&s);
}

/* What cannot be sent is dropped and counted, and what stands behind it goes out: no socket of the family, nobody at
 * the port. */
static void not_sent(void **state)
{
    (void)state;
    struct side s;
    struct nr_addr bound[NR_UDP_SOCKETS_MAX], six = parse("[::1]:9"), closed = parse("127.0.0.1:9");
    struct nr_addr broadcast = parse("255.255.255.255:9"); /* not permitted without asking for it */
    open_side(&s, "127.0.0.1:1", NULL);
    nr_udp_bound(s.udp, bound);
    nr_udp_send(s.udp, &six, nr_bytes("x", 1));
    nr_udp_send(s.udp, &closed, nr_bytes("x", 1));
    nr_udp_send(s.udp, &broadcast, nr_bytes("x", 1));
    nr_udp_send(s.udp, &closed, nr_bytes("x", 1));
    nr_udp_send(s.udp, &bound[0], nr_bytes("y", 1));
    nr_udp_flush(s.udp);
    assert_int_equal(nr_loop_run(s.loop), 0);
    assert_int_equal(s.got, 1);
    assert_int_equal(s.last[0], 'y');
    assert_int_equal(nr_udp_stats(s.udp)->not_sent, 2);
    close_side(&s);
}

/* With several sockets of a family the answer goes out by the one that the question came in on. */
static void answers_by_the_same_socket(void **state)
{
    (void)state;
    struct side many, other;
    struct nr_addr bound[NR_UDP_SOCKETS_MAX], from[NR_UDP_SOCKETS_MAX];
    open_side(&many, "127.0.0.1:1", "127.0.0.2:1");
    open_side(&other, "127.0.0.1:1", NULL);
    nr_udp_bound(many.udp, bound);
    nr_udp_bound(other.udp, from);
    nr_udp_send(other.udp, &bound[1], nr_bytes("?", 1));
    nr_udp_flush(other.udp);
    assert_int_equal(nr_loop_run(many.loop), 0);
    nr_udp_send(many.udp, &many.from, nr_bytes("!", 1));
    nr_udp_flush(many.udp);
    assert_int_equal(nr_loop_run(other.loop), 0);
    assert_true(nr_addr_eq(&other.from, &bound[1]));
    close_side(&many);
    close_side(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families),
        cmocka_unit_test(batches),
        cmocka_unit_test(too_large),
        cmocka_unit_test(not_sent),
        cmocka_unit_test(answers_by_the_same_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
