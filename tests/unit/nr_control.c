/* The library's blocking client against a server in a process of its own. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <nr/control.h>
#include <nr/record.h>

#include "io/control_server.h"
#include "proto/control.h"
#include "proto/mp.h"

struct served {
    struct nr_control_server *server;
    struct nr_conn_id late_conn; /* of a request that was not answered: it is, before the next one */
    uint64_t late_id;
};

static void answer(struct served *s, struct nr_conn_id conn, uint64_t id, const char *error, struct nr_bytes echo)
{
    struct nr_control_writer w;
    struct nr_buf out;
    nr_buf_init(&out, 0);
    nr_control_begin(&w, &out);
    nr_control_uint(&w, "id", id);
    nr_control_bool(&w, "ok", error == NULL);
    nr_control_cstr(&w, "error", error);
    nr_control_cstr(&w, "message", error ? "in words" : NULL);
    nr_control_cstr(&w, "node_id", error ? NULL : "me");
    if (error) {
        static const char fields[] = "\x92\x82\xa5"
                                     "field\xa1"
                                     "a\xa7"
                                     "message\xa1"
                                     "x\x82\xa5"
                                     "field\xa1"
                                     "b\xa7"
                                     "message\xa1"
                                     "y";
        nr_control_item(&w, "fields", nr_bytes(fields, sizeof fields - 1));
    }
    if (echo.len) nr_control_item(&w, "echo", echo);
    if (nr_control_end(&w) != 0) abort();
    nr_conn_send(s->server, conn, nr_buf_bytes(&out));
    nr_buf_fini(&out);
}

static void on_frame(void *arg, struct nr_conn *conn, struct nr_bytes body)
{
    struct served *s = arg;
    struct nr_control_map m;
    struct nr_bytes op;
    uint64_t id;
    if (nr_control_parse(body, &m) != 0 || nr_control_get_uint(&m, "id", &id) != 1) abort();
    if (nr_control_get_str(&m, "op", &op) != 1) abort();
    if (s->late_id) answer(s, s->late_conn, s->late_id, "full", nr_bytes(NULL, 0));
    s->late_id = 0;
    if (nr_bytes_eq(op, nr_bytes_str("late"))) {
        s->late_conn = nr_conn_id(conn);
        s->late_id = id;
    } else if (nr_bytes_eq(op, nr_bytes_str("die"))) {
        nr_conn_break(conn);
    } else if (nr_bytes_eq(op, nr_bytes_str("bad"))) {
        answer(s, nr_conn_id(conn), id, "invalid", nr_bytes(NULL, 0));
    } else if (nr_bytes_eq(op, nr_bytes_str("delete"))) {
        answer(s, nr_conn_id(conn), id, "denied", nr_bytes(NULL, 0));
    } else {
        answer(s, nr_conn_id(conn), id, NULL, m.map);
    }
}

struct fixture {
    char dir[32], path[64];
    pid_t server;
    nr_control *control;
};

static void serve(const char *path)
{
    struct served s = { 0 };
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct nr_loop *loop = nr_loop_new();
    if (!loop || nr_control_server_new(&s.server, loop, path, on_frame, &s) != 0) abort();
    (void)!nr_loop_run(loop);
    _exit(0);
}

static void start_server(struct fixture *f)
{
    const struct nr_control_options options = { .socket = f->path, .timeout_ms = 500 };
    f->server = fork();
    assert_true(f->server >= 0);
    if (f->server == 0) serve(f->path);
    for (int i = 0; !f->control && i < 1000; i++) {
        if (nr_control_open(&f->control, &options) != 0) usleep(10000);
    }
    assert_non_null(f->control);
}

static void stop_server(struct fixture *f)
{
    kill(f->server, SIGKILL);
    waitpid(f->server, NULL, 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->dir, sizeof f->dir, "/tmp/nr-ctl-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/s", f->dir);
    start_server(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    nr_control_close(f->control);
    stop_server(f);
    unlink(f->path);
    rmdir(f->dir);
    free(f);
    return 0;
}

/* What is given is what is asked, and the reply is handed out whole. */
static void calls(void **state)
{
    struct fixture *f = *state;
    static const char *const labels[] = { "one", "two" };
    char id[256], json[1024];
    const void *reply;
    size_t len;
    assert_string_equal(nr_control_node_id(f->control), "me");
    const struct nr_registration r = {
        .hostname = "h", .role = "r", .labels = labels, .label_count = 2, .metadata = "\x81\xa1k\x01", .metadata_len = 4
    };
    assert_int_equal(nr_control_register(f->control, &r, id), 0);
    assert_string_equal(id, "me");
    assert_int_equal(nr_control_call(f->control, "any", "\x81\xa4name\x93\x01\xc0\xc3", 10, &reply, &len), 0);
    assert_true(nr_msgpack_to_json(reply, len, json, sizeof json) > 0);
    assert_non_null(strstr(json, "\"name\":[1,null,true]"));
    assert_non_null(strstr(json, "\"op\":\"any\""));
    assert_string_equal(nr_control_message(f->control), "");
}

/* What the library can see to be wrong is not sent. */
static void wrong_calls(void **state)
{
    struct fixture *f = *state;
    const struct nr_registration r = { .hostname = "h", .role = "r", .metadata = "\x81", .metadata_len = 1 };
    assert_int_equal(nr_control_register(f->control, &r, NULL), NR_ERR_INVALID);
    assert_int_equal(nr_control_call(f->control, "any", "\x81\xa2id\x01", 5, NULL, NULL), NR_ERR_INVALID);
    assert_int_equal(nr_control_call(f->control, "any", "\x01", 1, NULL, NULL), NR_ERR_INVALID);
    assert_int_equal(nr_control_call(f->control, "any", NULL, 0, NULL, NULL), 0);
}

/* An error comes with its code, its words and the fields it names; the next success has none of them. */
static void errors(void **state)
{
    struct fixture *f = *state;
    const char *field, *message;
    assert_int_equal(nr_control_call(f->control, "bad", NULL, 0, NULL, NULL), NR_ERR_INVALID);
    assert_string_equal(nr_control_message(f->control), "in words");
    assert_int_equal(nr_control_fault(f->control, 1, &field, &message), 0);
    assert_string_equal(field, "b");
    assert_string_equal(message, "y");
    assert_int_equal(nr_control_fault(f->control, 2, &field, &message), NR_ERR_NOT_FOUND);
    assert_int_equal(nr_control_delete(f->control, "x"), NR_ERR_DENIED);
    assert_int_equal(nr_control_heartbeat(f->control, "x", "online", NULL, 0), 0);
    assert_int_equal(nr_control_fault(f->control, 0, &field, &message), NR_ERR_NOT_FOUND);
}

/* A call without an answer ends in time; its answer, when it comes after all, is not taken for that of the next call.
 */
static void late_answer(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(nr_control_call(f->control, "late", NULL, 0, NULL, NULL), NR_ERR_TIMEOUT);
    assert_int_equal(nr_control_declare(f->control, NULL, "online"), 0);
}

/* A connection that was lost is one failed call; the next one connects anew, also to a server that was started again.
 */
static void lost_connection(void **state)
{
    struct fixture *f = *state;
    const struct nr_control_options nowhere = { .socket = "/nonexistent/s", .timeout_ms = 100 };
    nr_control *none = NULL;
    assert_int_equal(nr_control_call(f->control, "die", NULL, 0, NULL, NULL), NR_ERR_UNAVAILABLE);
    assert_int_equal(nr_control_call(f->control, "any", NULL, 0, NULL, NULL), 0);
    stop_server(f);
    assert_int_equal(nr_control_call(f->control, "any", NULL, 0, NULL, NULL), NR_ERR_UNAVAILABLE);
    assert_int_equal(nr_control_call(f->control, "any", NULL, 0, NULL, NULL), NR_ERR_UNAVAILABLE);
    nr_control_close(f->control);
    f->control = NULL;
    start_server(f);
    assert_int_equal(nr_control_call(f->control, "any", NULL, 0, NULL, NULL), 0);
    assert_int_equal(nr_control_open(&none, &nowhere), NR_ERR_UNAVAILABLE);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calls, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(errors, setup, teardown),
        cmocka_unit_test_setup_teardown(late_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_connection, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
