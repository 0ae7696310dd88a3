/* Configuration of the three programs: one INI file, GNU long flags, environment variables, by the one table of keys.h.
 *
 *     struct nr_conf *c;
 *     switch (nr_conf_start(&c, &program, argc, argv, stdout, stderr)) {
 *     case NR_CONF_RUN: …            use c; nr_conf_free(c)
 *     case NR_CONF_DONE: return 0;   --help, --version, --check-config, --print-config did their work
 *     case NR_CONF_WRONG: return 2;  every fault was named on stderr
 *     }
 *
 * Precedence: flag, environment (DAGI_<FLAG>; an empty variable is none), file, default. A list of a stronger source
 * replaces the whole list of a weaker one. In the file, the environment and flags a list's items are separated by
 * commas (`\,` is a comma within an item) or given one by one, several times.
 *
 * The file is --config FILE, else $DAGI_CONFIG, else /etc/dagi/noded.conf where that exists. Keys of the other programs
 * are checked too, so that one file serves all three. Faults read `file:line: key: what is wrong: 'value'`, `--flag:
 * …`, `DAGI_KEY: …`.
 *
 * Values are owned by the struct nr_conf and last as long as it. */
#ifndef NR_CONF_CONF_H
#define NR_CONF_CONF_H

#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"
#include "conf/check_keys.h"
#include "conf/keys.h"

enum nr_conf_program_bit { NR_CONF_NODED = 1, NR_CONF_NODEHTTPD = 2, NR_CONF_NODECTL = 4 };

enum nr_conf_key {
#define X(id, ...) NR_CONF_##id,
    NR_CONF_KEYS(X)
#undef X
        NR_CONF_KEY_COUNT
};

enum nr_conf_kind {
    NR_CONF_IS_TEXT, /* clean UTF-8 */
    NR_CONF_IS_PATH,
    NR_CONF_IS_NODE_ID,
    NR_CONF_IS_IP,      /* an address without a port */
    NR_CONF_IS_ADDR,    /* NAME:PORT, IPV4:PORT or [IPV6]:PORT */
    NR_CONF_IS_URL,     /* of HTTP: conf/url.h */
    NR_CONF_IS_COMMAND, /* split into words: conf/command.h */
    NR_CONF_IS_PAIR,    /* KEY=VALUE */
    NR_CONF_IS_INT,
    NR_CONF_IS_SECONDS, /* with s, m, h or d behind it, too */
    NR_CONF_IS_SIZE,    /* bytes, with KiB, MiB, GiB or TiB behind them, too */
    NR_CONF_IS_WORD,    /* one of the placeholder's */
};

struct nr_conf_row {
    const char *section, *key, *flag;
    enum nr_conf_kind kind;
    bool list;
    int64_t low, high;
    const char *text; /* the default, or NULL */
    unsigned used_by; /* bits of nr_conf_program_bit */
    bool live;
    const char *placeholder, *help;
};
const struct nr_conf_row *nr_conf_row(enum nr_conf_key key);

/* A flag of one program only, outside the table (nodectl's -o). */
struct nr_conf_extra {
    const char *name;        /* long name, or NULL */
    char letter;             /* short name, or 0 */
    const char *placeholder; /* NULL: takes no value */
    const char *help;
    /* Called when it is met; returns NULL, or what is wrong with the value. */
    const char *(*met)(void *arg, const char *value);
};

struct nr_conf_program {
    const char *name;
    enum nr_conf_program_bit bit;
    const char *usage;   /* behind the name in the first line of the help: "[OPTION]…" */
    const char *summary; /* what the program is, in a line or a few */
    const char *epilog;  /* behind the list of flags; or NULL */
    bool operands;       /* takes operands: flags end at the first (nodectl COMMAND); else an operand is a fault */
    const struct nr_conf_extra *extras;
    size_t extra_count;
    void *extra_arg;
};

struct nr_conf;

enum nr_conf_result { NR_CONF_RUN, NR_CONF_DONE, NR_CONF_WRONG };

/* Reads flags, environment and file. *out is set for NR_CONF_RUN only. Writes help, version and printed configuration
 * to `out_stream`, faults to `err_stream`. May be called again with the same argv (SIGHUP). */
enum nr_conf_result nr_conf_start(struct nr_conf **out, const struct nr_conf_program *program, int argc, char **argv,
                                  FILE *out_stream, FILE *err_stream);
void nr_conf_free(struct nr_conf *c); /* takes NULL */

/* Index into argv of the first operand; argc: none. */
int nr_conf_operand(const struct nr_conf *c);
/* The file that was read, or NULL. */
const char *nr_conf_file(const struct nr_conf *c);

enum nr_conf_source {
    NR_CONF_FROM_NOWHERE,
    NR_CONF_FROM_DEFAULT,
    NR_CONF_FROM_FILE,
    NR_CONF_FROM_ENV,
    NR_CONF_FROM_FLAG
};
enum nr_conf_source nr_conf_source(const struct nr_conf *c, enum nr_conf_key key);
/* "" where unset. Not for lists. */
const char *nr_conf_text(const struct nr_conf *c, enum nr_conf_key key);
/* For INT, SECONDS (in seconds), SIZE, and WORD (the index of the word). */
int64_t nr_conf_number(const struct nr_conf *c, enum nr_conf_key key);
/* Items of a list. */
const char *const *nr_conf_list(const struct nr_conf *c, enum nr_conf_key key, size_t *count);

/* The values of [log], for nr_log_setup. */
enum nr_log_level nr_conf_log_level(const struct nr_conf *c);
enum nr_log_format nr_conf_log_format(const struct nr_conf *c);

/* Whether a key's value differs between two. */
bool nr_conf_differs(const struct nr_conf *a, const struct nr_conf *b, enum nr_conf_key key);

/* Checks of this node's services: the sections [check.NAME] of the file, or in their place the list of --check. */
#define NR_CONF_CHECKS_MAX     64
#define NR_CONF_CHECK_NAME_MAX 64

enum nr_conf_check_key {
#define X(id, ...) NR_CONF_CHECK_KEY_##id,
    NR_CONF_CHECK_KEYS(X)
#undef X
        NR_CONF_CHECK_KEY_COUNT
};
/* Its section is "check.NAME", its flag "check". */
const struct nr_conf_row *nr_conf_check_row(enum nr_conf_check_key key);

enum nr_conf_check_kind { NR_CONF_CHECK_HTTP, NR_CONF_CHECK_TCP, NR_CONF_CHECK_EXEC };
struct nr_conf_check {
    const char *name; /* of [A-Za-z0-9._-], 1 to 64 */
    enum nr_conf_check_kind kind;
    const char *target; /* URL; HOST:PORT; command and arguments */
    int64_t interval_s, timeout_s;
    uint16_t port; /* 0: none was given */
};
/* Ordered by name. */
const struct nr_conf_check *nr_conf_checks(const struct nr_conf *c, size_t *count);
bool nr_conf_checks_differ(const struct nr_conf *a, const struct nr_conf *b);

/* The state directory where none is named: /var/lib/dagi for root, else $XDG_STATE_HOME/dagi or ~/.local/state/dagi; ""
 * when there is no home. */
bool nr_conf_default_state_dir(const struct nr_conf *c);

/* For tests and fuzzing: reads `text` as the file `name` into a new struct, without flags or environment. Appends each
 * fault to `faults` as a line. NR_E_INVALID when there was one. */
int nr_conf_read_text(struct nr_conf **out, const char *name, struct nr_bytes text,
                      struct nr_buf *faults) NR_MUST_CHECK;

#endif
