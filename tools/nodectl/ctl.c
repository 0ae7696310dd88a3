#include "tools/nodectl/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nr/record.h>

#include "base/assert.h"
#include "tools/nodectl/text.h"

static void say(const char *fmt, va_list ap)
{
    /* What a script has read so far comes before the words about it. */
    fflush(stdout);
    fputs("nodectl: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

void ctl_say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

int ctl_usage(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return CTL_USAGE;
}

int ctl_fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return CTL_FAILED;
}

int ctl_try_read(struct ctl *ctl)
{
    int err = 0;
    if (!ctl->registry) err = nr_registry_open(&ctl->registry, &ctl->read);
    if (err == 0 && !ctl->snapshot) err = nr_snapshot_new(ctl->registry, &ctl->snapshot);
    if (err == 0) err = nr_snapshot_begin(ctl->snapshot);
    return err;
}

const char *ctl_read_trouble(int err)
{
    switch (err) {
    case NR_ERR_NOT_FOUND: return "there is no registry there: noded has not run on it (--state-dir names another)";
    case NR_ERR_DENIED: return "not permitted to read it: try as root, or as the user that noded runs as";
    case NR_ERR_VERSION: return "written by another version: use the nodectl that came with noded";
    case NR_ERR_CORRUPT: return "the store is damaged: move it away, and noded fills it again from its peers";
    case NR_ERR_UNAVAILABLE: return "half of the store is not there: after a restore it comes when noded starts";
    case NR_ERR_SYSTEM: return strerror(errno);
    default: return nr_error_text(err);
    }
}

int ctl_read(struct ctl *ctl)
{
    int err = ctl_try_read(ctl);
    if (err) return ctl_fail("%s: %s", ctl->state_dir, ctl_read_trouble(err));
    return 0;
}

int ctl_try_connect(struct ctl *ctl)
{
    if (ctl->control) return 0;
    const struct nr_control_options options = { .socket = ctl->socket, .role = "tool" };
    return nr_control_open(&ctl->control, &options);
}

int ctl_connect(struct ctl *ctl)
{
    int err = ctl_try_connect(ctl);
    if (err == NR_ERR_UNAVAILABLE) return ctl_fail("%s: noded does not answer: is it running?", ctl->socket);
    if (err == NR_ERR_DENIED)
        return ctl_fail("%s: not permitted: try as root, or as the user that noded runs as", ctl->socket);
    if (err) return ctl_fail("%s: %s", ctl->socket, err == NR_ERR_SYSTEM ? strerror(errno) : nr_error_text(err));
    return 0;
}

static int ask_state_dir(struct ctl *ctl)
{
    struct nr_control_map reply;
    struct nr_bytes dir;
    int err = ctl_try_connect(ctl);
    if (!err) err = ctl_try_ask(ctl, "info", &reply);
    if (err) return err;
    if (nr_control_get_str(&reply, "state_dir", &dir) != 1 || dir.len == 0 || dir.data[0] != '/') return NR_ERR_INVALID;
    ctl->asked_dir = calloc(1, dir.len + 1);
    if (!ctl->asked_dir) return NR_ERR_NO_MEMORY;
    memcpy(ctl->asked_dir, dir.data, dir.len);
    return 0;
}

int ctl_locate(struct ctl *ctl)
{
    bool socket_named = nr_conf_source(ctl->conf, NR_CONF_SOCKET) > NR_CONF_FROM_DEFAULT;
    if (!socket_named || nr_conf_source(ctl->conf, NR_CONF_STATE_DIR) > NR_CONF_FROM_DEFAULT) return 0;
    if (ask_state_dir(ctl))
        return ctl_fail("%s: noded does not answer there, so where its store is is not known: --state-dir names it",
                        ctl->socket);
    ctl->state_dir = ctl->read.state_dir = ctl->asked_dir;
    return 0;
}

void ctl_ask_begin(struct ctl_question *q)
{
    nr_buf_init(&q->frame, NR_CONTROL_REQUEST_MAX);
    nr_control_begin(&q->w, &q->frame);
}

static void say_refusal(const struct ctl *ctl, int err)
{
    const char *text = nr_control_message(ctl->control), *field, *message;
    char q[CTL_QUOTED], q2[CTL_QUOTED];
    if (!text || !*text) text = nr_error_text(err);
    ctl_say("noded: %s", ctl_quoted(nr_bytes_str(text), q));
    if (err != NR_ERR_INVALID) return;
    for (size_t i = 0; nr_control_fault(ctl->control, i, &field, &message) == 0; i++)
        ctl_say("  %s: %s", ctl_quoted(nr_bytes_str(field), q), ctl_quoted(nr_bytes_str(message), q2));
}

int ctl_ask(struct ctl *ctl, const char *op, struct ctl_question *q, struct nr_control_map *reply)
{
    const void *data = NULL;
    size_t len = 0;
    int err = nr_control_end(&q->w);
    if (err) {
        ctl_say("%s", nr_strerror(err));
        goto out;
    }
    nr_assert(q->frame.len > 4); /* the frame's length field */
    err = nr_control_call(ctl->control, op, q->frame.data + 4, q->frame.len - 4, &data, &len);
    if (err) {
        say_refusal(ctl, err);
    } else if (reply && (err = nr_control_parse(nr_bytes(data, len), reply)) != 0) {
        ctl_say("noded: its answer cannot be read: %s", nr_strerror(err));
    }
out:
    nr_buf_fini(&q->frame);
    return err ? CTL_FAILED : 0;
}

int ctl_try_ask(struct ctl *ctl, const char *op, struct nr_control_map *reply)
{
    const void *data = NULL;
    size_t len = 0;
    int err = nr_control_call(ctl->control, op, NULL, 0, &data, &len);
    return err ? err : nr_control_parse(nr_bytes(data, len), reply);
}

int ctl_put_json(struct nr_buf *json)
{
    int err = json->err;
    if (err == 0 && isatty(STDOUT_FILENO)) {
        struct nr_buf pretty;
        nr_buf_init(&pretty, 0);
        ctl_json_pretty(&pretty, nr_buf_bytes(json), 0);
        nr_buf_fini(json);
        *json = pretty;
        err = json->err;
    }
    if (err == 0) {
        fwrite(json->data, 1, json->len, stdout);
        fputc('\n', stdout);
    }
    nr_buf_fini(json);
    return err ? ctl_fail("%s", nr_strerror(err)) : 0;
}

int ctl_put_table(const struct ctl *ctl, struct ctl_table *t)
{
    int err = ctl_table_print(t, stdout, ctl->colour);
    ctl_table_fini(t);
    return err ? ctl_fail("%s", nr_strerror(err)) : 0;
}

enum ctl_style ctl_status_style(enum nr_node_status status)
{
    switch (status) {
    case NR_NODE_ONLINE: return CTL_GOOD;
    case NR_NODE_OFFLINE: return CTL_BAD;
    case NR_NODE_LEFT: return CTL_FAINT;
    case NR_NODE_DEGRADED:
    case NR_NODE_MAINTENANCE:
    case NR_NODE_DRAINING: break;
    }
    return CTL_WARN;
}

const char *ctl_quoted(struct nr_bytes s, char out[static CTL_QUOTED])
{
    struct nr_buf b;
    nr_buf_init(&b, 0);
    bool cut = s.len > 255;
    ctl_escape(&b, nr_bytes(s.data, cut ? 255 : s.len));
    snprintf(out, CTL_QUOTED, "%.*s%s", (int)b.len, b.data ? (const char *)b.data : "", cut ? "…" : "");
    nr_buf_fini(&b);
    return out;
}

void ctl_add_json(struct nr_buf *out, struct nr_bytes msgpack, const char *absent)
{
    if (msgpack.len == 0) {
        nr_buf_add_str(out, absent);
        return;
    }
    /* A byte becomes at most six characters (an escaped control character), a short number a few more. */
    size_t size = msgpack.len * 8 + 64;
    char *text = malloc(size);
    long n = text ? nr_msgpack_to_json(msgpack.data, msgpack.len, text, size) : NR_ERR_NO_MEMORY;
    if (n == NR_ERR_NO_MEMORY)
        out->err = NR_E_NOMEM;
    else if (n < 0)
        nr_buf_add_str(out, "null");
    else
        nr_buf_add(out, text, (size_t)n);
    free(text);
}

void ctl_json_item(struct nr_json *j, const char *key, struct nr_bytes msgpack, const char *absent)
{
    struct nr_buf text;
    nr_buf_init(&text, 0);
    ctl_add_json(&text, msgpack, absent);
    nr_json_key(j, key);
    nr_json_raw(j, nr_buf_bytes(&text));
    if (text.err) j->out->err = text.err;
    nr_buf_fini(&text);
}

void ctl_json_key(struct nr_json *j, const char *name, const uint8_t *key)
{
    char hex[2 * NR_KEY_SIZE + 1];
    if (key) ctl_hex(nr_bytes(key, NR_KEY_SIZE), hex);
    nr_json_kcstr(j, name, key ? hex : NULL);
}

void ctl_json_when(struct nr_json *j, const char *name, int64_t at_ms)
{
    nr_json_key(j, name);
    if (at_ms > 0)
        nr_json_time(j, at_ms);
    else
        nr_json_null(j);
}

const char *ctl_key_text(const struct ctl *ctl, const uint8_t *key, char out[static CTL_KEY_TEXT])
{
    if (!key) return "-";
    ctl_hex(nr_bytes(key, ctl->format == CTL_WIDE ? NR_KEY_SIZE : 8), out);
    return out;
}
