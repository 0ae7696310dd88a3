/* Values of the configuration: what a text means for a row of the table, and the store for them. Private to src/conf.
 */
#ifndef NR_CONF_VALUE_H
#define NR_CONF_VALUE_H

#include "conf/conf.h"

#define NR_CONF_ITEMS_MAX 64

struct nr_conf_value {
    enum nr_conf_source source;
    unsigned line; /* in the file */
    char *text;
    int64_t number;
    char **items;
    size_t count;
};

/* A check as one source says it; the texts are owned. */
struct nr_conf_check_entry {
    char *name;
    unsigned line; /* of its section */
    struct {
        char *text;
        int64_t number;
        unsigned line;
    } values[NR_CONF_CHECK_KEY_COUNT];
};
struct nr_conf_check_set {
    enum nr_conf_source source;
    struct nr_conf_check_entry *entries;
    size_t count;
};

struct nr_conf {
    struct nr_conf_value values[NR_CONF_KEY_COUNT];
    char *file;
    int operand;
    bool default_state_dir;
    struct nr_conf_check_set checks_of_file, checks_given; /* given: by flags or the environment */
    struct nr_conf_check *checks;                          /* those in force, by name */
    size_t check_count;
};

struct nr_conf *nr_conf_new(void);
const char *nr_conf_source_name(enum nr_conf_source source);

/* Where a value was met, for the words of a fault. */
struct nr_conf_place {
    enum nr_conf_source source;
    const char *file; /* of NR_CONF_FROM_FILE */
    unsigned line;
    struct nr_buf *faults;
};

/* Takes a value from a source: kept where no stronger source has spoken, checked in any case. Several items of a list
 * in one text are split at commas. Faults are appended as lines. */
void nr_conf_take(struct nr_conf *c, enum nr_conf_key key, const struct nr_conf_place *place, const char *text);
/* Fills in what no source has named. */
void nr_conf_take_defaults(struct nr_conf *c, bool root, struct nr_buf *faults);
/* Appends `PLACE: why: 'value'`. */
void nr_conf_fault(const struct nr_conf_place *place, const struct nr_conf_row *row, const char *why,
                   const char *value);
/* Appends text between quotes, without control characters. */
void nr_conf_add_quoted(struct nr_buf *out, const char *text);

/* DAGI_ and the flag in upper case. */
#define NR_CONF_ENV_MAX 64
void nr_conf_env_name(const struct nr_conf_row *row, char out[static NR_CONF_ENV_MAX]);

/* Cuts the next item of a list off `*rest`, in place, white space around it taken away; NULL at the end. */
char *nr_conf_next_item(char **rest);

/* Checks one item. Returns false and writes to why[] what is wrong. */
#define NR_CONF_WHY_MAX 160
bool nr_conf_kind_check(const struct nr_conf_row *row, const char *text, int64_t *number,
                        char why[static NR_CONF_WHY_MAX]);

/* Reads a configuration file's text. */
void nr_conf_take_file(struct nr_conf *c, const char *name, struct nr_bytes text, struct nr_buf *faults);

/* Writes the help of a program. */
void nr_conf_help(const struct nr_conf_program *program, FILE *out);

#endif
