/* A call: the request is built with the next id and sent, then frames are read until the one with that id is there (an
 * earlier call that timed out may still be answered), all within one deadline. Whatever goes wrong on the way closes
 * the connection, and the next call makes a new one. */
#include <nr/control.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/control.h"
#include "proto/limits.h"
#include "proto/mp.h"

#define TIMEOUT_MS 5000
#define KEY_MAX    32

struct nr_control {
    int fd; /* -1: not connected */
    int timeout_ms;
    uint64_t last_id;
    struct sockaddr_un addr;
    char *role;
    struct nr_buf out, in;
    size_t used; /* of `in`: the frame that was handed out last */
    struct nr_control_map reply;
    char node_id[NR_SUBJECT_MAX + 1];
    struct nr_buf message, faults; /* faults: field NUL message NUL … */
    size_t fault_count;
};

static int64_t mono_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void disconnect(nr_control *c)
{
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    c->used = 0;
    nr_buf_reset(&c->in);
}

static int wait_for(nr_control *c, short what, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - mono_ms();
        if (left <= 0) return NR_E_TIMEOUT;
        struct pollfd p = { .fd = c->fd, .events = what };
        int n = poll(&p, 1, (int)left);
        if (n > 0) return 0;
        if (n < 0 && errno != EINTR) return NR_E_SYSTEM;
    }
}

static int send_all(nr_control *c, int64_t deadline)
{
    for (size_t done = 0; done < c->out.len;) {
        ssize_t n = send(c->fd, c->out.data + done, c->out.len - done, MSG_NOSIGNAL);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            int err = wait_for(c, POLLOUT, deadline);
            if (err) return err;
        } else if (errno != EINTR) {
            return NR_E_UNAVAILABLE;
        }
    }
    return 0;
}

/* Waits until a whole frame stands at the start of `in`; *len is its length with its head. */
static int receive_frame(nr_control *c, int64_t deadline, size_t *len)
{
    uint8_t chunk[16384];
    for (;;) {
        long n = nr_control_frame(nr_buf_bytes(&c->in), NR_CONTROL_REPLY_MAX);
        if (n < 0) return NR_E_UNAVAILABLE;
        *len = (size_t)n;
        if (n > 0 && c->in.len >= *len) return 0;
        ssize_t got = recv(c->fd, chunk, sizeof chunk, 0);
        if (got > 0) {
            nr_buf_add(&c->in, chunk, (size_t)got);
            if (c->in.err) return c->in.err;
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return NR_E_UNAVAILABLE;
        } else if (errno == EAGAIN) {
            int err = wait_for(c, POLLIN, deadline);
            if (err) return err;
        }
    }
}

static void drop_used(nr_control *c)
{
    if (c->used == 0) return;
    memmove(c->in.data, c->in.data + c->used, c->in.len - c->used);
    c->in.len -= c->used;
    c->used = 0;
}

/* The reply to the last request. */
static int receive_reply(nr_control *c, int64_t deadline)
{
    for (;;) {
        size_t len;
        uint64_t id;
        drop_used(c);
        int err = receive_frame(c, deadline, &len);
        if (err) return err;
        c->used = len;
        err = nr_control_parse(nr_bytes(c->in.data + 4, len - 4), &c->reply);
        if (err || nr_control_get_uint(&c->reply, "id", &id) != 1) return NR_E_UNAVAILABLE;
        if (id == c->last_id) return 0;
    }
}

static void fault_add(nr_control *c, const struct nr_control_map *m)
{
    struct nr_bytes field = { 0 }, message = { 0 };
    if (nr_control_get_str(m, "field", &field) != 1 || nr_control_get_str(m, "message", &message) != 1) return;
    if (memchr(field.data, 0, field.len) || memchr(message.data, 0, message.len)) return;
    nr_buf_add(&c->faults, field.data, field.len);
    nr_buf_add(&c->faults, "", 1);
    nr_buf_add(&c->faults, message.data, message.len);
    nr_buf_add(&c->faults, "", 1);
    c->fault_count++;
}

static void take_faults(nr_control *c)
{
    struct nr_bytes list;
    struct nr_reader r;
    if (!nr_control_get(&c->reply, "fields", &list)) return;
    nr_reader_init(&r, list);
    for (uint32_t n = nr_mp_read_array(&r); n > 0 && !r.err; n--) {
        struct nr_control_map m;
        struct nr_bytes item = nr_mp_skip(&r, NR_DEPTH_MAX, false);
        if (!r.err && nr_control_parse(item, &m) == 0) fault_add(c, &m);
    }
    if (c->faults.err) c->fault_count = 0;
}

/* The reply's verdict; keeps its words. */
static int take_verdict(nr_control *c)
{
    bool ok = false;
    struct nr_bytes word, message;
    if (nr_control_get_bool(&c->reply, "ok", &ok) != 1) return NR_E_UNAVAILABLE;
    if (ok) return 0;
    if (nr_control_get_str(&c->reply, "error", &word) != 1) return NR_E_UNAVAILABLE;
    if (nr_control_get_str(&c->reply, "message", &message) == 1) {
        nr_buf_add(&c->message, message.data, message.len);
        nr_buf_add(&c->message, "", 1);
    }
    take_faults(c);
    return nr_err_of_name((const char *)word.data, word.len);
}

static void begin(nr_control *c, struct nr_control_writer *w, const char *op)
{
    nr_buf_reset(&c->out);
    nr_buf_reset(&c->message);
    nr_buf_reset(&c->faults);
    c->fault_count = 0;
    c->reply = (struct nr_control_map){ 0 };
    nr_control_begin(w, &c->out);
    nr_control_uint(w, "id", ++c->last_id);
    nr_control_cstr(w, "op", op);
}

/* Sends what stands in `out` and takes the answer. */
static int exchange(nr_control *c, int64_t deadline)
{
    int err = send_all(c, deadline);
    if (!err) err = receive_reply(c, deadline);
    if (err) {
        disconnect(c);
        return err;
    }
    return take_verdict(c);
}

static int connect_socket(nr_control *c)
{
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) return NR_E_SYSTEM;
    if (connect(c->fd, (const struct sockaddr *)&c->addr, sizeof c->addr) == 0) return 0;
    int err = errno == EACCES || errno == EPERM ? NR_E_DENIED : NR_E_UNAVAILABLE;
    disconnect(c);
    return err;
}

static int say_hello(nr_control *c, int64_t deadline)
{
    struct nr_control_writer w;
    struct nr_bytes id;
    begin(c, &w, "hello");
    nr_control_cstr(&w, "role", c->role);
    nr_control_cstr(&w, "version", NR_VERSION);
    int err = nr_control_end(&w);
    if (!err) err = exchange(c, deadline);
    if (!err && nr_control_get_str(&c->reply, "node_id", &id) == 1 && id.len < sizeof c->node_id) {
        memcpy(c->node_id, id.data, id.len);
        c->node_id[id.len] = '\0';
    }
    if (err) disconnect(c);
    return err;
}

static int ensure_connected(nr_control *c, int64_t deadline)
{
    if (c->fd >= 0) return 0;
    int err = connect_socket(c);
    return err ? err : say_hello(c, deadline);
}

/* Where noded puts its socket for the default state directory. */
static void default_socket(char *out, size_t size)
{
    const char *env = getenv("DAGI_SOCKET"), *run = getenv("XDG_RUNTIME_DIR"), *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (env && *env) {
        snprintf(out, size, "%s", env);
    } else if (geteuid() == 0) {
        snprintf(out, size, "/run/dagi/noded.sock");
    } else if (run && run[0] == '/') {
        snprintf(out, size, "%s/dagi/noded.sock", run);
    } else if (state && state[0] == '/') {
        snprintf(out, size, "%s/dagi/noded.sock", state);
    } else {
        snprintf(out, size, "%s/.local/state/dagi/noded.sock", home ? home : "");
    }
}

int nr_control_open(nr_control **out, const struct nr_control_options *options)
{
    char path[4096];
    nr_control *c = calloc(1, sizeof *c);
    if (!c) return NR_E_NOMEM;
    c->fd = -1;
    c->timeout_ms = options && options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
    c->addr.sun_family = AF_UNIX;
    nr_buf_init(&c->out, NR_CONTROL_REQUEST_MAX + 4);
    nr_buf_init(&c->in, 2 * NR_CONTROL_REPLY_MAX);
    nr_buf_init(&c->message, NR_CONTROL_REPLY_MAX);
    nr_buf_init(&c->faults, NR_CONTROL_REPLY_MAX);
    c->role = strdup(options && options->role ? options->role : "facade");

    default_socket(path, sizeof path);
    if (options && options->socket) snprintf(path, sizeof path, "%s", options->socket);
    int err = c->role ? 0 : NR_E_NOMEM;
    if (!err && (path[0] == '\0' || strlen(path) >= sizeof c->addr.sun_path)) err = NR_E_INVALID;
    if (!err) {
        memcpy(c->addr.sun_path, path, strlen(path) + 1);
        err = ensure_connected(c, mono_ms() + c->timeout_ms);
    }
    if (err) {
        nr_control_close(c);
        return err;
    }
    *out = c;
    return 0;
}

void nr_control_close(nr_control *c)
{
    if (!c) return;
    disconnect(c);
    nr_buf_fini(&c->out);
    nr_buf_fini(&c->in);
    nr_buf_fini(&c->message);
    nr_buf_fini(&c->faults);
    free(c->role);
    free(c);
}

const char *nr_control_node_id(const nr_control *c)
{
    return c->node_id;
}

const char *nr_control_message(const nr_control *c)
{
    return c->message.len > 0 && !c->message.err ? (const char *)c->message.data : "";
}

int nr_control_fault(const nr_control *c, size_t index, const char **field, const char **message)
{
    if (index >= c->fault_count) return NR_E_NOT_FOUND;
    const char *at = (const char *)c->faults.data;
    for (size_t i = 0; i < 2 * index; i++) at += strlen(at) + 1;
    *field = at;
    *message = at + strlen(at) + 1;
    return 0;
}

/* A request that the caller has filled in: w was begun after the connection was there. */
static int finish(nr_control *c, struct nr_control_writer *w, int64_t deadline)
{
    int err = nr_control_end(w);
    return err ? err : exchange(c, deadline);
}

/* Copies the members of a checked map; their names into `keys`, which must outlive the writer. */
static int add_members(struct nr_control_writer *w, struct nr_bytes map, char keys[][KEY_MAX])
{
    struct nr_reader r;
    nr_reader_init(&r, map);
    uint32_t n = nr_mp_read_map(&r);
    if (n > NR_CONTROL_MEMBERS_MAX - 2) return NR_E_INVALID;
    for (uint32_t i = 0; i < n; i++) {
        struct nr_bytes key = nr_mp_read_str(&r);
        struct nr_bytes item = nr_mp_skip(&r, NR_DEPTH_MAX, false);
        if (r.err || key.len >= KEY_MAX || memchr(key.data, 0, key.len)) return NR_E_INVALID;
        if (nr_bytes_eq(key, nr_bytes_str("id")) || nr_bytes_eq(key, nr_bytes_str("op"))) return NR_E_INVALID;
        memcpy(keys[i], key.data, key.len);
        keys[i][key.len] = '\0';
        nr_control_item(w, keys[i], item);
    }
    return nr_reader_end(&r);
}

int nr_control_call(nr_control *c, const char *op, const void *members, size_t len, const void **reply,
                    size_t *reply_len)
{
    char keys[NR_CONTROL_MEMBERS_MAX][KEY_MAX];
    struct nr_control_writer w;
    struct nr_bytes map = nr_bytes(members, len);
    int64_t deadline = mono_ms() + c->timeout_ms;
    if (members && nr_mp_check(map, NR_DEPTH_MAX, false) != 0) return NR_E_INVALID;
    int err = ensure_connected(c, deadline);
    if (err) return err;
    begin(c, &w, op);
    int bad = members ? add_members(&w, map, keys) : 0;
    err = nr_control_end(&w);
    if (bad || err) return bad ? bad : err;
    err = exchange(c, deadline);
    if (!err && reply) {
        *reply = c->reply.map.data;
        *reply_len = c->reply.map.len;
    }
    return err;
}

static void add_map(struct nr_control_writer *w, const char *key, const void *data, size_t len)
{
    if (data) nr_control_item(w, key, nr_bytes(data, len));
}

/* An array of texts as one item. */
static int add_labels(struct nr_control_writer *w, const char *const *labels, size_t count)
{
    uint8_t item[NR_LABELS_MAX * (NR_LABEL_MAX + 2) + 3];
    struct nr_writer mp;
    if (count > NR_LABELS_MAX) return NR_E_INVALID;
    nr_writer_init(&mp, item, sizeof item);
    nr_mp_write_array(&mp, (uint32_t)count);
    for (size_t i = 0; i < count; i++) nr_mp_write_cstr(&mp, labels[i]);
    if (!mp.err && count > 0) nr_control_item(w, "labels", nr_writer_bytes(&mp));
    return mp.err;
}

static bool map_valid(const void *data, size_t len)
{
    return !data || nr_mp_check(nr_bytes(data, len), NR_DEPTH_MAX, true) == 0;
}

int nr_control_register(nr_control *c, const struct nr_registration *reg, char node_id[256])
{
    struct nr_control_writer w;
    struct nr_bytes id;
    int64_t deadline = mono_ms() + c->timeout_ms;
    if (!map_valid(reg->metadata, reg->metadata_len)) return NR_E_INVALID;
    int err = ensure_connected(c, deadline);
    if (err) return err;
    begin(c, &w, "register");
    nr_control_cstr(&w, "node_id", reg->node_id);
    nr_control_cstr(&w, "hostname", reg->hostname);
    nr_control_cstr(&w, "ip", reg->ip);
    nr_control_cstr(&w, "role", reg->role);
    add_map(&w, "metadata", reg->metadata, reg->metadata_len);
    int bad = add_labels(&w, reg->labels, reg->label_count);
    err = nr_control_end(&w);
    if (bad || err) return bad ? bad : err;
    err = exchange(c, deadline);
    if (err) return err;
    if (nr_control_get_str(&c->reply, "node_id", &id) != 1 || id.len > NR_SUBJECT_MAX) return NR_E_UNAVAILABLE;
    if (node_id) {
        memcpy(node_id, id.data, id.len);
        node_id[id.len] = '\0';
    }
    return 0;
}

int nr_control_heartbeat(nr_control *c, const char *node_id, const char *status, const void *metrics,
                         size_t metrics_len)
{
    struct nr_control_writer w;
    int64_t deadline = mono_ms() + c->timeout_ms;
    if (!map_valid(metrics, metrics_len)) return NR_E_INVALID;
    int err = ensure_connected(c, deadline);
    if (err) return err;
    begin(c, &w, "heartbeat");
    nr_control_cstr(&w, "node_id", node_id);
    nr_control_cstr(&w, "status", status);
    add_map(&w, "metrics", metrics, metrics_len);
    return finish(c, &w, deadline);
}

int nr_control_standing(nr_control *c, const char *node_id, const void **reply, size_t *reply_len)
{
    struct nr_control_writer w;
    int64_t deadline = mono_ms() + c->timeout_ms;
    int err = ensure_connected(c, deadline);
    if (err) return err;
    begin(c, &w, "standing");
    nr_control_cstr(&w, "node_id", node_id);
    err = finish(c, &w, deadline);
    if (err) return err;
    *reply = c->reply.map.data;
    *reply_len = c->reply.map.len;
    return 0;
}

int nr_control_delete(nr_control *c, const char *node_id)
{
    struct nr_control_writer w;
    int64_t deadline = mono_ms() + c->timeout_ms;
    int err = ensure_connected(c, deadline);
    if (err) return err;
    begin(c, &w, "delete");
    nr_control_cstr(&w, "node_id", node_id);
    return finish(c, &w, deadline);
}

int nr_control_declare(nr_control *c, const char *node_id, const char *state)
{
    struct nr_control_writer w;
    int64_t deadline = mono_ms() + c->timeout_ms;
    int err = ensure_connected(c, deadline);
    if (err) return err;
    begin(c, &w, "declare");
    nr_control_cstr(&w, "node_id", node_id);
    nr_control_cstr(&w, "state", state);
    return finish(c, &w, deadline);
}
