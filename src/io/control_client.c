/* Requests in flight stand in the order of their ids, which is that of their deadlines too: a reply is found by
 * bisection, the timer watches the first. One that was answered or cancelled keeps its place without a callback until
 * those before it are gone. */
#include "io/control_client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/clock.h"
#include "io/stream.h"
#include "proto/limits.h"

#define TIMEOUT_MS    5000
#define IN_FLIGHT_MAX 4096
#define PAUSE_MIN_MS  50
#define PAUSE_MAX_MS  2000

struct flight {
    uint64_t id;
    int64_t deadline_us;
    nr_control_reply_fn *fn; /* NULL: over */
    void *arg;
};

struct nr_control_client {
    struct nr_loop *loop;
    struct nr_control_client_options options;
    struct sockaddr_un addr;
    struct nr_stream *stream; /* NULL: not connected */
    bool up;
    int64_t pause_ms;
    struct nr_timer *retry, *expiry;
    uint64_t last_id;
    struct nr_buf out;
    struct flight *flights;
    size_t first, end, room; /* flights[first … end) */
    size_t waiting;          /* of these, those that are not over */
    char node_id[NR_SUBJECT_MAX + 1];
};

static void drop_over(struct nr_control_client *c)
{
    while (c->first < c->end && !c->flights[c->first].fn) c->first++;
    if (c->first == c->end) c->first = c->end = 0;
    if (c->first == c->end) {
        nr_timer_cancel(c->expiry);
    } else {
        nr_timer_at(c->expiry, nr_clock_now(), c->flights[c->first].deadline_us);
    }
}

static struct flight *find_flight(struct nr_control_client *c, uint64_t id)
{
    size_t low = c->first, high = c->end;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (c->flights[mid].id < id) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < c->end && c->flights[low].id == id && c->flights[low].fn ? &c->flights[low] : NULL;
}

/* The callback may send, and so move the list: nothing of it is used afterwards. */
static void finish(struct nr_control_client *c, struct flight *f, int err, const struct nr_control_map *reply)
{
    nr_control_reply_fn *fn = f->fn;
    void *arg = f->arg;
    f->fn = NULL;
    c->waiting--;
    fn(arg, err, reply);
}

static void flights_expire(void *arg)
{
    struct nr_control_client *c = arg;
    int64_t now_us = nr_clock_now().mono_us;
    for (size_t i = c->first; i < c->end && c->flights[i].deadline_us <= now_us; i++) {
        if (c->flights[i].fn) finish(c, &c->flights[i], NR_E_TIMEOUT, NULL);
    }
    drop_over(c);
}

static void retry_later(struct nr_control_client *c)
{
    nr_timer_in(c->retry, c->pause_ms);
    c->pause_ms = c->pause_ms * 2 < PAUSE_MAX_MS ? c->pause_ms * 2 : PAUSE_MAX_MS;
}

static void client_lost(void *arg)
{
    struct nr_control_client *c = arg;
    bool was_up = c->up;
    nr_stream_free(c->stream);
    c->stream = NULL;
    c->up = false;
    for (size_t i = c->first; i < c->end; i++) {
        if (c->flights[i].fn) finish(c, &c->flights[i], NR_E_UNAVAILABLE, NULL);
    }
    drop_over(c);
    retry_later(c);
    if (was_up && c->options.changed) c->options.changed(c->options.arg, false);
}

static int verdict(const struct nr_control_map *reply)
{
    bool ok = false;
    struct nr_bytes word;
    if (nr_control_get_bool(reply, "ok", &ok) == 1 && ok) return 0;
    if (nr_control_get_str(reply, "error", &word) != 1) return NR_E_IO;
    return nr_err_of_name((const char *)word.data, word.len);
}

static void client_frame(void *arg, struct nr_bytes body)
{
    struct nr_control_client *c = arg;
    struct nr_control_map reply;
    uint64_t id;
    if (nr_control_parse(body, &reply) != 0 || nr_control_get_uint(&reply, "id", &id) != 1) {
        nr_stream_break(c->stream);
        return;
    }
    struct flight *f = find_flight(c, id);
    if (!f) return; /* came after its time, or was cancelled */
    finish(c, f, verdict(&reply), &reply);
    drop_over(c);
}

static void hello_answered(void *arg, int err, const struct nr_control_map *reply)
{
    struct nr_control_client *c = arg;
    struct nr_bytes id;
    if (err || nr_control_get_str(reply, "node_id", &id) != 1 || id.len > NR_SUBJECT_MAX) {
        if (c->stream) nr_stream_break(c->stream);
        return;
    }
    memcpy(c->node_id, id.data, id.len);
    c->node_id[id.len] = '\0';
    c->pause_ms = PAUSE_MIN_MS;
    c->up = true;
    if (c->options.changed) c->options.changed(c->options.arg, true);
}

static int flight_add(struct nr_control_client *c, nr_control_reply_fn *fn, void *arg)
{
    if (c->end == c->room && c->first > 0) {
        memmove(c->flights, c->flights + c->first, (c->end - c->first) * sizeof *c->flights);
        c->end -= c->first;
        c->first = 0;
    }
    if (c->end == c->room) {
        size_t room = c->room ? 2 * c->room : 64;
        struct flight *flights = realloc(c->flights, room * sizeof *flights);
        if (!flights) return NR_E_NOMEM;
        c->flights = flights;
        c->room = room;
    }
    struct nr_now now = nr_clock_now();
    int64_t deadline = now.mono_us + (int64_t)c->options.timeout_ms * 1000;
    c->flights[c->end++] = (struct flight){ .id = c->last_id, .deadline_us = deadline, .fn = fn, .arg = arg };
    c->waiting++;
    if (!nr_timer_pending(c->expiry)) nr_timer_at(c->expiry, now, deadline);
    return 0;
}

static int send_request(struct nr_control_client *c, struct nr_control_writer *w, nr_control_reply_fn *fn, void *arg)
{
    int err = nr_control_end(w);
    if (!err) err = flight_add(c, fn, arg);
    if (!err) nr_stream_send(c->stream, nr_buf_bytes(&c->out));
    return err;
}

static void client_connect(void *arg)
{
    struct nr_control_client *c = arg;
    struct nr_control_writer w;
    const struct nr_stream_options options = {
        .frame_max = NR_CONTROL_REPLY_MAX,
        .pending_max = 64 * NR_CONTROL_REQUEST_MAX,
        .pending_high = 64 * NR_CONTROL_REQUEST_MAX,
        .frame = client_frame,
        .closed = client_lost,
        .arg = c,
    };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&c->addr, sizeof c->addr) == 0) {
        c->stream = nr_stream_new(c->loop, fd, &options);
    } else if (fd >= 0) {
        close(fd);
    }
    if (!c->stream) {
        retry_later(c);
        return;
    }
    nr_control_client_begin(c, &w, "hello");
    nr_control_cstr(&w, "role", c->options.role);
    nr_control_cstr(&w, "version", NR_VERSION);
    if (send_request(c, &w, hello_answered, c) != 0) nr_stream_break(c->stream);
}

struct nr_control_client *nr_control_client_new(struct nr_loop *loop, const struct nr_control_client_options *options)
{
    struct nr_control_client *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->loop = loop;
    c->options = *options;
    if (c->options.timeout_ms == 0) c->options.timeout_ms = TIMEOUT_MS;
    if (c->options.in_flight_max == 0) c->options.in_flight_max = IN_FLIGHT_MAX;
    c->pause_ms = PAUSE_MIN_MS;
    nr_buf_init(&c->out, NR_CONTROL_REQUEST_MAX + 4);
    c->retry = nr_timer_new(loop, client_connect, c);
    c->expiry = nr_timer_new(loop, flights_expire, c);
    if (!c->retry || !c->expiry || strlen(options->socket) >= sizeof c->addr.sun_path) {
        nr_control_client_free(c);
        return NULL;
    }
    c->addr.sun_family = AF_UNIX;
    memcpy(c->addr.sun_path, options->socket, strlen(options->socket) + 1);
    c->options.socket = c->addr.sun_path;
    nr_timer_in(c->retry, 0);
    return c;
}

void nr_control_client_free(struct nr_control_client *c)
{
    if (!c) return;
    nr_stream_free(c->stream);
    nr_timer_free(c->retry);
    nr_timer_free(c->expiry);
    nr_buf_fini(&c->out);
    free(c->flights);
    free(c);
}

bool nr_control_client_up(const struct nr_control_client *c)
{
    return c->up;
}

const char *nr_control_client_node_id(const struct nr_control_client *c)
{
    return c->node_id;
}

void nr_control_client_begin(struct nr_control_client *c, struct nr_control_writer *w, const char *op)
{
    nr_buf_reset(&c->out);
    nr_control_begin(w, &c->out);
    nr_control_uint(w, "id", ++c->last_id);
    nr_control_cstr(w, "op", op);
}

void nr_control_client_abandon(struct nr_control_client *c, struct nr_control_writer *w)
{
    (void)c;
    (void)!nr_control_end(w);
}

int nr_control_client_send(struct nr_control_client *c, struct nr_control_writer *w, nr_control_reply_fn *fn, void *arg,
                           uint64_t *id)
{
    nr_assert(fn);
    if (!c->up || c->waiting >= c->options.in_flight_max) {
        nr_control_client_abandon(c, w);
        return c->up ? NR_E_BUSY : NR_E_UNAVAILABLE;
    }
    uint64_t sent = c->last_id;
    int err = send_request(c, w, fn, arg);
    if (!err && id) *id = sent;
    return err;
}

void nr_control_client_cancel(struct nr_control_client *c, uint64_t id)
{
    struct flight *f = find_flight(c, id);
    if (!f) return;
    f->fn = NULL;
    c->waiting--;
    drop_over(c);
}
