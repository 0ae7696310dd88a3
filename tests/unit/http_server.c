/* The server on a real loop and socket; the client is a child process that ends with 0 when it saw what it should. */
#include "io/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "nr_test.h"

static struct nr_loop *loop;
static struct nr_http_server *server;
static struct nr_timer *later;
static struct nr_http_call *held;
static uint16_t port;
static int client_status;
static size_t large_len;

#define LARGE (8u * 1024 * 1024)

static void reply_text(struct nr_http_call *call, int status, struct nr_bytes body)
{
    nr_http_reply(call, &(struct nr_http_reply){ .status = status, .content_type = "text/plain", .body = body });
}

static void reply_large(struct nr_http_call *call, bool shared)
{
    struct nr_buf b;
    nr_buf_init(&b, 0);
    for (uint32_t i = 0; i < LARGE / 4; i++) nr_buf_add(&b, &i, sizeof i);
    large_len = b.len;
    if (!shared) {
        reply_text(call, 200, nr_buf_bytes(&b));
        nr_buf_fini(&b);
        return;
    }
    struct nr_http_blob *blob = nr_http_blob_new(&b);
    nr_http_reply(call, &(struct nr_http_reply){ .status = 200, .content_type = "text/plain", .blob = blob });
    nr_http_blob_unref(blob);
}

static void answer_held(void *arg)
{
    struct nr_http_call *call = held;
    (void)arg;
    held = NULL;
    reply_text(call, 200, nr_bytes_str("late"));
}

static void handle(void *arg, struct nr_http_call *call, const struct nr_http_request *req)
{
    (void)arg;
    assert_true(nr_addr_is_loopback(&req->remote));
    if (nr_bytes_eq(req->path, nr_bytes_str("/late"))) {
        assert_null(held);
        held = call;
        nr_timer_in(later, 20);
    } else if (nr_bytes_eq(req->path, nr_bytes_str("/large"))) {
        reply_large(call, false);
    } else if (nr_bytes_eq(req->path, nr_bytes_str("/shared"))) {
        reply_large(call, true);
    } else {
        reply_text(call, 200, req->body.len ? req->body : req->path);
    }
}

static void refuse(void *arg, struct nr_http_call *call, int status, const char *detail)
{
    (void)arg;
    reply_text(call, status, nr_bytes_str(detail));
}

static void on_child(void *arg)
{
    (void)arg;
    nr_loop_stop(loop);
}

/* Runs `client` in a child while the server serves, and returns its status. */
static int serve(int (*client)(void), const struct nr_http_server_options *bounds)
{
    struct nr_http_server_options o = *bounds;
    o.handle = handle;
    o.refuse = refuse;
    loop = nr_loop_new();
    server = nr_http_server_new(loop, &o);
    later = nr_timer_new(loop, answer_held, NULL);
    struct nr_signal *child = nr_signal_new(loop, SIGCHLD, on_child, NULL);
    assert_int_equal(nr_http_server_listen(server, "127.0.0.1:0"), 0);
    port = nr_http_server_address(server).port;
    pid_t pid = fork();
    if (pid == 0) _exit(client());
    assert_int_equal(nr_loop_run(loop), 0);
    assert_int_equal(waitpid(pid, &client_status, 0), pid);
    nr_signal_free(child);
    nr_timer_free(later);
    nr_http_server_free(server);
    nr_loop_free(loop);
    held = NULL;
    return WIFEXITED(client_status) ? WEXITSTATUS(client_status) : -1;
}

static int dial(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval limit = { .tv_sec = 20 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&a, sizeof a)) _exit(90);
    return fd;
}

static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text)) _exit(91);
}

/* Reads until `want` has come at the end of what came; 0 then. */
static int hear(int fd, const char *want)
{
    static char got[65536];
    size_t n = 0, len = strlen(want);
    while (n < sizeof got) {
        ssize_t r = recv(fd, got + n, sizeof got - n, 0);
        if (r <= 0) return 1;
        n += (size_t)r;
        if (n >= len && memcmp(got + n - len, want, len) == 0) return 0;
    }
    return 2;
}

static bool at_end(int fd)
{
    char c;
    ssize_t n = recv(fd, &c, 1, 0);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static int client_kept_alive(void)
{
    int fd = dial();
    say(fd, GET("/one"));
    if (hear(fd, "\r\n\r\n/one")) return 1;
    say(fd, "HEAD /two HTTP/1.1\r\nHost: h\r\n\r\n");
    if (hear(fd, "Content-Length: 4\r\n\r\n")) return 2;
    say(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    if (hear(fd, "Connection: close\r\n\r\nhi")) return 3;
    return at_end(fd) ? 0 : 4;
}

/* One connection carries several requests; HEAD has no body; close is obeyed. */
static void test_kept_alive(void **state)
{
    (void)state;
    assert_int_equal(serve(client_kept_alive, &(struct nr_http_server_options){ 0 }), 0);
}

static int client_pipelined(void)
{
    int fd = dial();
    say(fd, GET("/a") GET("/late") GET("/b") "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
    if (hear(fd, "/b")) return 1;
    say(fd, "cd" GET("/late") GET("/e"));
    if (hear(fd, "abcd")) return 2;
    return hear(fd, "/e");
}

/* Requests sent without waiting are answered in their order, also around one whose reply comes later. */
static void test_pipelined(void **state)
{
    (void)state;
    assert_int_equal(serve(client_pipelined, &(struct nr_http_server_options){ 0 }), 0);
}

static int read_large(int fd)
{
    static uint8_t got[LARGE + 1024];
    size_t n = 0;
    while (n < sizeof got) {
        ssize_t r = recv(fd, got + n, sizeof got - n < 100000 ? sizeof got - n : 100000, 0);
        if (r <= 0) break;
        n += (size_t)r;
        uint8_t *body = memmem(got, n < 1024 ? n : 1024, "\r\n\r\n", 4);
        if (!body || n < (size_t)(body + 4 - got) + LARGE) continue;
        for (uint32_t i = 0, v; i < LARGE / 4; i++) {
            memcpy(&v, body + 4 + 4 * (size_t)i, 4);
            if (v != i) return 2;
        }
        return 0;
    }
    return 1;
}

static int client_large(void)
{
    int fd = dial();
    say(fd, GET("/large") GET("/shared"));
    if (read_large(fd)) return 1;
    fd = dial();
    say(fd, GET("/shared"));
    return read_large(fd);
}

/* A body that the socket does not take at once arrives whole, copied or shared. */
static void test_large(void **state)
{
    (void)state;
    assert_int_equal(serve(client_large, &(struct nr_http_server_options){ 0 }), 0);
}

static int client_refused(void)
{
    static char junk[300000];
    int fd = dial();
    memset(junk, 'a', sizeof junk - 1);
    say(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n");
    say(fd, junk);
    if (hear(fd, "larger than 65536 bytes")) return 1;
    shutdown(fd, SHUT_WR);
    if (!at_end(fd)) return 2;
    fd = dial();
    say(fd, "nonsense\r\n");
    return hear(fd, "malformed");
}

/* A refusal reaches a client that is still sending, and ends the connection. */
static void test_refused(void **state)
{
    (void)state;
    assert_int_equal(serve(client_refused, &(struct nr_http_server_options){ 0 }), 0);
}

static int client_continue(void)
{
    int fd = dial();
    say(fd, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    if (hear(fd, "HTTP/1.1 100 Continue\r\n\r\n")) return 1;
    say(fd, "hi");
    return hear(fd, "\r\n\r\nhi");
}

/* Who waits for a word before the body gets it. */
static void test_continue(void **state)
{
    (void)state;
    assert_int_equal(serve(client_continue, &(struct nr_http_server_options){ 0 }), 0);
}

/* Bytes keep dripping for as long as the server listens to them. */
static int client_drips(void)
{
    int fd = dial(), other = dial();
    say(fd, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < 2000; i++) {
        if (send(fd, "A: b\r\n", 1, MSG_NOSIGNAL) < 0 || (recv(fd, &(char){ 0 }, 1, MSG_DONTWAIT) == 0)) break;
        if (i == 1) say(other, GET("/other"));
        if (i == 1 && hear(other, "/other")) return 1;
        usleep(10000);
        if (i == 1999) return 2;
    }
    return at_end(fd) ? 0 : 3;
}

/* A request that drips in is dropped at its deadline, however recent its last byte; another client is served meanwhile.
 */
static void test_drips(void **state)
{
    (void)state;
    assert_int_equal(serve(client_drips, &(struct nr_http_server_options){ .request_ms = 300 }), 0);
}

static int client_idle(void)
{
    int fd = dial();
    say(fd, GET("/a"));
    if (hear(fd, "/a")) return 1;
    if (!at_end(fd)) return 2;
    fd = dial();
    return at_end(fd) ? 0 : 3;
}

/* A connection without a request ends: a kept-alive one after its own time, a new one after a request's. */
static void test_idle(void **state)
{
    (void)state;
    assert_int_equal(serve(client_idle, &(struct nr_http_server_options){ .request_ms = 300, .idle_ms = 100 }), 0);
}

static int client_crowd(void)
{
    int fds[40];
    for (int i = 0; i < 40; i++) {
        fds[i] = dial();
        say(fds[i], "GET / HTTP/1.1\r\n");
    }
    int fd = dial();
    say(fd, GET("/me"));
    if (hear(fd, "/me")) return 1;
    if (!at_end(fds[0])) return 2;
    say(fds[39], "Host: h\r\n\r\n");
    return hear(fds[39], "\r\n\r\n/");
}

/* When all places are taken by requests that do not come to an end, the longest waiting makes room. */
static void test_crowd(void **state)
{
    (void)state;
    assert_int_equal(serve(client_crowd, &(struct nr_http_server_options){ .connections_max = 8, .request_ms = 60000 }),
                     0);
}

static int client_leaves(void)
{
    for (int i = 0; i < 20; i++) {
        int fd = dial();
        say(fd, i % 2 ? GET("/shared") : GET("/large"));
        struct linger hard = { .l_onoff = 1 };
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fd);
    }
    int fd = dial();
    say(fd, GET("/late"));
    close(fd);
    fd = dial();
    usleep(100000);
    say(fd, GET("/still"));
    return hear(fd, "/still");
}

/* A client that leaves in the midst of its answer, or before it, disturbs nobody. */
static void test_leaves(void **state)
{
    (void)state;
    assert_int_equal(serve(client_leaves, &(struct nr_http_server_options){ 0 }), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_alive), cmocka_unit_test(test_pipelined), cmocka_unit_test(test_large),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_continue),  cmocka_unit_test(test_drips),
        cmocka_unit_test(test_idle),       cmocka_unit_test(test_crowd),     cmocka_unit_test(test_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
