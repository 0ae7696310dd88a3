/* Both ends of the control socket against each other, in one loop. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/control_client.h"
#include "io/control_server.h"

struct fixture {
    struct nr_loop *loop;
    struct nr_control_server *server;
    struct nr_control_client *client;
    struct nr_timer *limit;
    char dir[32], path[64];
    bool answer_hello;
    /* What the server has seen, and how it answers. */
    int requests;
    bool silent, break_next;
    struct nr_conn_id last_conn;
    uint64_t last_id;
    size_t reply_size;
    /* What the client was told. */
    int ups, downs, replies, want_replies;
    int errs[8];
    size_t got_size;
    bool stop_on_change;
};

static void reply_to(struct fixture *f, struct nr_conn_id conn, uint64_t id, const char *error)
{
    struct nr_control_writer w;
    struct nr_buf out;
    nr_buf_init(&out, 0);
    nr_control_begin(&w, &out);
    nr_control_uint(&w, "id", id);
    nr_control_bool(&w, "ok", error == NULL);
    nr_control_cstr(&w, "error", error);
    nr_control_cstr(&w, "node_id", error ? NULL : "me");
    uint8_t *bulk = calloc(1, f->reply_size + 1);
    assert_non_null(bulk);
    if (f->reply_size) nr_control_bin(&w, "bulk", nr_bytes(bulk, f->reply_size));
    free(bulk);
    assert_int_equal(nr_control_end(&w), 0);
    nr_conn_send(f->server, conn, nr_buf_bytes(&out));
    nr_buf_fini(&out);
}

static void on_frame(void *arg, struct nr_conn *conn, struct nr_bytes body)
{
    struct fixture *f = arg;
    struct nr_control_map m;
    struct nr_bytes op;
    assert_int_equal(nr_control_parse(body, &m), 0);
    assert_int_equal(nr_control_get_uint(&m, "id", &f->last_id), 1);
    assert_int_equal(nr_control_get_str(&m, "op", &op), 1);
    assert_int_equal(nr_conn_uid(conn), getuid());
    assert_int_equal(nr_conn_pid(conn), getpid());
    f->last_conn = nr_conn_id(conn);
    if (nr_bytes_eq(op, nr_bytes_str("hello"))) {
        if (f->answer_hello) reply_to(f, f->last_conn, f->last_id, NULL);
        return;
    }
    f->requests++;
    if (f->break_next) {
        nr_conn_break(conn);
    } else if (!f->silent) {
        reply_to(f, f->last_conn, f->last_id, nr_bytes_eq(op, nr_bytes_str("bad")) ? "full" : NULL);
    } else if (f->requests == f->want_replies) {
        nr_loop_stop(f->loop);
    }
}

static void changed(void *arg, bool up)
{
    struct fixture *f = arg;
    if (up) {
        f->ups++;
    } else {
        f->downs++;
    }
    if (f->stop_on_change) nr_loop_stop(f->loop);
}

static void give_up(void *arg)
{
    (void)arg;
    fail_msg("took too long");
}

static void listen_there(struct fixture *f)
{
    assert_int_equal(nr_control_server_new(&f->server, f->loop, f->path, on_frame, f), 0);
}

static void connect_there(struct fixture *f, uint32_t timeout_ms)
{
    const struct nr_control_client_options options = {
        .socket = f->path,
        .role = "facade",
        .timeout_ms = timeout_ms,
        .in_flight_max = 6,
        .changed = changed,
        .arg = f,
    };
    f->client = nr_control_client_new(f->loop, &options);
    assert_non_null(f->client);
}

static void run(struct fixture *f)
{
    nr_timer_in(f->limit, 20000);
    assert_int_equal(nr_loop_run(f->loop), 0);
}

static void come_up(struct fixture *f)
{
    f->stop_on_change = true;
    run(f);
    f->stop_on_change = false;
    assert_true(nr_control_client_up(f->client));
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->dir, sizeof f->dir, "/tmp/nr-io-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/run/s", f->dir);
    f->loop = nr_loop_new();
    f->limit = nr_timer_new(f->loop, give_up, f);
    f->answer_hello = true;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char run_dir[64];
    nr_control_client_free(f->client);
    nr_control_server_free(f->server);
    nr_timer_free(f->limit);
    nr_loop_free(f->loop);
    snprintf(run_dir, sizeof run_dir, "%s/run", f->dir);
    unlink(f->path);
    rmdir(run_dir);
    rmdir(f->dir);
    free(f);
    return 0;
}

static void on_reply(void *arg, int err, const struct nr_control_map *reply)
{
    struct fixture *f = arg;
    struct nr_bytes bulk;
    assert_true(f->replies < 8);
    f->errs[f->replies++] = err;
    bool answered = err != NR_E_TIMEOUT && err != NR_E_UNAVAILABLE;
    assert_int_equal(reply != NULL, answered);
    if (reply && nr_control_get_bin(reply, "bulk", &bulk) == 1) f->got_size = bulk.len;
    if (f->replies == f->want_replies) nr_loop_stop(f->loop);
}

static int ask(struct fixture *f, const char *op, uint64_t *id)
{
    struct nr_control_writer w;
    nr_control_client_begin(f->client, &w, op);
    return nr_control_client_send(f->client, &w, on_reply, f, id);
}

/* Hello, then requests; each callback once, with the verdict of its own reply. */
static void requests_and_replies(void **state)
{
    struct fixture *f = *state;
    listen_there(f);
    connect_there(f, 0);
    assert_int_equal(ask(f, "early", NULL), NR_E_UNAVAILABLE);
    come_up(f);
    assert_string_equal(nr_control_client_node_id(f->client), "me");
    assert_int_equal(ask(f, "good", NULL), 0);
    assert_int_equal(ask(f, "bad", NULL), 0);
    assert_int_equal(ask(f, "good", NULL), 0);
    assert_int_equal(f->replies, 0);
    f->want_replies = 3;
    run(f);
    assert_int_equal(f->errs[0], 0);
    assert_int_equal(f->errs[1], NR_E_FULL);
    assert_int_equal(f->errs[2], 0);
    assert_int_equal(f->ups, 1);
    assert_int_equal(f->downs, 0);
    assert_int_equal(nr_control_server_count(f->server), 1);
}

/* A reply of several megabytes arrives whole, although no socket takes it at once. */
static void large_reply(void **state)
{
    struct fixture *f = *state;
    f->answer_hello = true;
    listen_there(f);
    connect_there(f, 0);
    come_up(f);
    f->reply_size = 4000000;
    assert_int_equal(ask(f, "good", NULL), 0);
    f->want_replies = 1;
    run(f);
    assert_int_equal(f->errs[0], 0);
    assert_int_equal(f->got_size, 4000000);
}

/* Over the bound in flight nothing is sent; a request without an answer times out, and a late answer is nobody's. */
static void timeout_and_bound(void **state)
{
    struct fixture *f = *state;
    listen_there(f);
    connect_there(f, 50);
    come_up(f);
    f->silent = true;
    for (int i = 0; i < 6; i++) assert_int_equal(ask(f, "good", NULL), 0);
    assert_int_equal(ask(f, "good", NULL), NR_E_BUSY);
    f->want_replies = 6;
    run(f); /* until the server has seen all */
    run(f); /* until all are answered */
    for (int i = 0; i < 6; i++) assert_int_equal(f->errs[i], NR_E_TIMEOUT);
    assert_int_equal(f->requests, 6);
    reply_to(f, f->last_conn, f->last_id, NULL);
    f->silent = false;
    f->replies = 0;
    f->want_replies = 1;
    assert_int_equal(ask(f, "good", NULL), 0);
    run(f);
    assert_int_equal(f->errs[0], 0);
    assert_int_equal(f->replies, 1);
}

/* A cancelled request's callback is never called, whether its answer comes or not. */
static void cancelled(void **state)
{
    struct fixture *f = *state;
    uint64_t id;
    listen_there(f);
    connect_there(f, 0);
    come_up(f);
    assert_int_equal(ask(f, "bad", &id), 0);
    assert_int_equal(ask(f, "good", NULL), 0);
    nr_control_client_cancel(f->client, id);
    nr_control_client_cancel(f->client, id);
    nr_control_client_cancel(f->client, 12345);
    f->want_replies = 1;
    run(f);
    assert_int_equal(f->requests, 2);
    assert_int_equal(f->errs[0], 0);
}

/* A connection that is lost answers what was in flight, and is made anew when the other side is back. */
static void lost_and_found(void **state)
{
    struct fixture *f = *state;
    listen_there(f);
    connect_there(f, 0);
    come_up(f);
    f->break_next = true;
    f->want_replies = 2;
    assert_int_equal(ask(f, "good", NULL), 0);
    assert_int_equal(ask(f, "good", NULL), 0);
    run(f);
    assert_int_equal(f->errs[0], NR_E_UNAVAILABLE);
    assert_int_equal(f->errs[1], NR_E_UNAVAILABLE);
    assert_int_equal(f->downs, 1);
    nr_control_server_free(f->server);
    f->server = NULL;
    f->break_next = false;
    listen_there(f);
    come_up(f);
    assert_int_equal(f->ups, 2);
    /* An answer for the connection that is gone goes nowhere, and not to the new one in its place. */
    f->replies = f->requests = 0;
    f->want_replies = 1;
    f->silent = true;
    assert_int_equal(ask(f, "good", NULL), 0);
    run(f); /* until the server has seen it */
    struct nr_conn_id gone = f->last_conn;
    gone.generation--;
    reply_to(f, gone, f->last_id, "full");
    reply_to(f, f->last_conn, f->last_id, NULL);
    run(f);
    assert_int_equal(f->errs[0], 0);
}

/* A socket in use is not taken over, what is no socket is not removed, a stale one is replaced, and an end removes it.
 */
static void socket_file(void **state)
{
    struct fixture *f = *state;
    struct nr_control_server *other = NULL;
    struct stat st;
    listen_there(f);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    assert_int_equal(nr_control_server_new(&other, f->loop, f->path, on_frame, f), NR_E_BUSY);
    assert_int_equal(stat(f->path, &st), 0);
    nr_control_server_free(f->server);
    f->server = NULL;
    assert_int_not_equal(stat(f->path, &st), 0);

    int fd = open(f->path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(nr_control_server_new(&other, f->loop, f->path, on_frame, f), NR_E_EXISTS);
    assert_int_equal(stat(f->path, &st), 0);
    unlink(f->path);

    char longer[200];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(nr_control_server_new(&other, f->loop, longer, on_frame, f), NR_E_INVALID);
    const struct nr_control_client_options options = { .socket = longer, .role = "facade" };
    assert_null(nr_control_client_new(f->loop, &options));
    assert_null(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_and_replies, setup, teardown),
        cmocka_unit_test_setup_teardown(large_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(timeout_and_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelled, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_and_found, setup, teardown),
        cmocka_unit_test_setup_teardown(socket_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
