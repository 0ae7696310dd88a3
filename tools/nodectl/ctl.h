/* What every command is given: where to read, whom to ask, how to speak.
 *
 * Data goes to stdout, words to stderr. The registry and the connection to noded are opened when a command first wants
 * them, and closed by main. A command returns its exit status; 0 turns into 1 when stdout could not be written. */
#ifndef NR_NODECTL_CTL_H
#define NR_NODECTL_CTL_H

#include <stdio.h>

#include <nr/control.h>
#include <nr/registry.h>

#include "base/buf.h"
#include "base/json.h"
#include "conf/conf.h"
#include "proto/control.h"
#include "proto/limits.h"
#include "tools/nodectl/table.h"

enum ctl_exit { CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 2 };
enum ctl_format { CTL_TABLE, CTL_JSON, CTL_WIDE };

struct ctl {
    enum ctl_format format;
    bool colour;                /* of stdout */
    const struct nr_conf *conf; /* borrowed; NULL: all defaults */
    const char *state_dir, *socket;
    char *asked_dir;                 /* state_dir as the noded behind the socket told it; owned */
    struct nr_registry_options read; /* thresholds and state directory, for libnr */
    nr_registry *registry;
    nr_snapshot *snapshot;
    nr_control *control;
};

/* A line to stderr: "nodectl: …". What came from outside is to be escaped by the caller (ctl_quoted). */
void ctl_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* As ctl_say; returns CTL_USAGE and CTL_FAILED, to be returned. */
int ctl_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int ctl_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The registry, with a snapshot begun. Says why not and returns CTL_FAILED; 0 is success. */
int ctl_read(struct ctl *ctl) NR_MUST_CHECK;
/* The same without words: the libnr error. */
int ctl_try_read(struct ctl *ctl) NR_MUST_CHECK;
/* Why the registry cannot be read, in words for people. */
const char *ctl_read_trouble(int err);

/* Where only the socket is named, the state directory is that of the noded behind it. Without an answer, and to be
 * called once the configuration is applied, reading commands fail: the default directory may be another node's. */
int ctl_locate(struct ctl *ctl) NR_MUST_CHECK;

/* A connection to noded as "tool". Says why not and returns CTL_FAILED. */
int ctl_connect(struct ctl *ctl) NR_MUST_CHECK;
int ctl_try_connect(struct ctl *ctl) NR_MUST_CHECK;
/* Asks noded. `members` is written by nr_control_writer's functions between ctl_ask_begin and ctl_ask; the reply,
 * borrowed until the next call, may be NULL. ctl_ask says what went wrong, fields included, and returns CTL_FAILED. */
struct ctl_question {
    struct nr_control_writer w;
    struct nr_buf frame;
};
void ctl_ask_begin(struct ctl_question *q);
int ctl_ask(struct ctl *ctl, const char *op, struct ctl_question *q, struct nr_control_map *reply) NR_MUST_CHECK;
/* An operation without members, without words. */
int ctl_try_ask(struct ctl *ctl, const char *op, struct nr_control_map *reply) NR_MUST_CHECK;

/* Prints a finished JSON document and a newline. 0 or CTL_FAILED; ends the buffer's life. */
int ctl_put_json(struct nr_buf *json) NR_MUST_CHECK;
/* Prints a table (its header on an empty one too) and ends its life. */
int ctl_put_table(const struct ctl *ctl, struct ctl_table *t) NR_MUST_CHECK;

enum ctl_style ctl_status_style(enum nr_node_status status);

/* Escaped text of at most 255 columns or so, for a message. Borrowed from `out`. */
#define CTL_QUOTED 1100
const char *ctl_quoted(struct nr_bytes s, char out[static CTL_QUOTED]);
static inline struct nr_bytes ctl_text(struct nr_text t)
{
    return nr_bytes(t.data, t.len);
}

/* Canonical msgpack as JSON, appended; what is not well-formed becomes null. An empty run becomes `absent`. */
void ctl_add_json(struct nr_buf *out, struct nr_bytes msgpack, const char *absent);
/* The same as the value of a key. */
void ctl_json_item(struct nr_json *j, const char *key, struct nr_bytes msgpack, const char *absent);
/* A key as hex; NULL: null. */
void ctl_json_key(struct nr_json *j, const char *name, const uint8_t *key);
/* A time, null for 0. */
void ctl_json_when(struct nr_json *j, const char *name, int64_t at_ms);
/* The first 16 digits of a key, or all 64 where the format is wide; "-" for NULL. */
#define CTL_KEY_TEXT 65
const char *ctl_key_text(const struct ctl *ctl, const uint8_t *key, char out[static CTL_KEY_TEXT]);

#endif
