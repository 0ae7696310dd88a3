#include "nodehttpd/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include <nr/error.h>

#include "proto/limits.h"
#include "proto/mp.h"

/* The buffer is the problem's own: handlers may have begun an answer in app->body and borrow from it. */
static void send(const struct exchange *x, int status, const char *headers, struct nr_bytes detail,
                 const struct nr_buf *errors)
{
    struct nr_buf body;
    struct nr_json j;
    nr_buf_init(&body, 0);
    nr_json_init(&j, &body);
    nr_json_object(&j);
    nr_json_kcstr(&j, "type", "about:blank");
    nr_json_kcstr(&j, "title", nr_http_status_text(status));
    nr_json_kuint(&j, "status", (uint64_t)status);
    nr_json_kstr(&j, "detail", detail);
    if (errors) {
        nr_json_key(&j, "errors");
        nr_json_array(&j);
        nr_json_raw(&j, nr_buf_bytes(errors));
        nr_json_array_end(&j);
    }
    nr_json_object_end(&j);
    respond(x, &(struct nr_http_reply){
                   .status = status, .content_type = TYPE_PROBLEM, .headers = headers, .body = nr_buf_bytes(&body) });
    nr_buf_fini(&body);
}

void problem(const struct exchange *x, int status, const char *headers, const char *fmt, ...)
{
    char detail[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    send(x, status, headers, nr_bytes_str(detail), NULL);
}

void problem_faults(const struct exchange *x, struct faults *f)
{
    send(x, 422, NULL, nr_buf_bytes(&f->detail), &f->errors);
    faults_fini(f);
}

void problem_read(const struct exchange *x, int err)
{
    const char *dir = x->app->reads.options.state_dir;
    switch (err) {
    case NR_ERR_NOT_FOUND:
        problem(x, 503, RETRY_LATER, "there is no store in %s yet: has noded been started with this state directory?",
                dir);
        break;
    case NR_ERR_DENIED: problem(x, 503, RETRY_LATER, "the store in %s may not be read by this user", dir); break;
    case NR_ERR_UNAVAILABLE: problem(x, 503, RETRY_SOON, "the store is being replaced, try again"); break;
    default: problem(x, 503, RETRY_LATER, "the store in %s cannot be read: %s", dir, nr_error_text(err)); break;
    }
}

static int status_of(int err)
{
    switch (err) {
    case NR_E_INVALID:
    case NR_E_TOO_LARGE: return 422;
    case NR_E_NOT_FOUND: return 404;
    case NR_E_DENIED: return 403;
    case NR_E_EXISTS:
    case NR_E_STALE: return 409;
    case NR_E_FULL: return 507;
    case NR_E_BUSY: return 429;
    case NR_E_IO:
    case NR_E_NOMEM:
    case NR_E_SYSTEM:
    case NR_E_CORRUPT:
    case NR_E_UNAVAILABLE:
    case NR_E_TIMEOUT: return 503;
    default: return 500;
    }
}

/* noded's "fields" as errors; what does not read as one is left out. */
static bool read_fields(const struct nr_control_map *reply, struct nr_buf *errors)
{
    struct nr_bytes item;
    struct nr_reader r;
    struct nr_json j;
    nr_json_init(&j, errors);
    if (!nr_control_get(reply, "fields", &item)) return false;
    nr_reader_init(&r, item);
    uint32_t count = nr_mp_read_array(&r);
    for (uint32_t i = 0; i < count && !r.err; i++) {
        struct nr_control_map m;
        struct nr_bytes field, message;
        if (nr_control_parse(nr_mp_skip(&r, NR_DEPTH_MAX, false), &m) || nr_control_get_str(&m, "field", &field) != 1 ||
            nr_control_get_str(&m, "message", &message) != 1)
            continue;
        nr_json_object(&j);
        nr_json_kstr(&j, "field", field);
        nr_json_kstr(&j, "message", message);
        nr_json_object_end(&j);
    }
    return errors->len > 0;
}

void problem_control(const struct exchange *x, int err, const struct nr_control_map *reply)
{
    int status = status_of(err);
    const char *headers = status == 503 ? RETRY_LATER : status == 429 ? RETRY_SOON : NULL;
    struct nr_bytes message = nr_bytes_str(nr_strerror(err));
    struct nr_buf errors;
    nr_buf_init(&errors, 0);
    if (err == NR_E_TIMEOUT) message = nr_bytes_str("noded did not answer in time; what was asked may have been done");
    if (err == NR_E_UNAVAILABLE) message = nr_bytes_str("noded cannot be reached; reads go on from the store");
    bool named = reply && read_fields(reply, &errors);
    if (reply && nr_control_get_str(reply, "message", &message) == NR_E_INVALID)
        message = nr_bytes_str(nr_strerror(err));
    send(x, status, headers, message, named ? &errors : NULL);
    nr_buf_fini(&errors);
}
