/* The one table of commands: dispatch, help, manual page and completions follow it (a test compares them). */
#ifndef NR_NODECTL_COMMAND_H
#define NR_NODECTL_COMMAND_H

#include "tools/nodectl/ctl.h"

struct ctl_option {
    const char *name;        /* long name; NULL ends a list */
    const char *placeholder; /* NULL: takes no value */
    const char *help;
};

struct ctl_given {
    const struct ctl_option *option;
    const char *value; /* NULL: takes none */
};
#define CTL_GIVEN_MAX 128

/* What stood behind the command: operands, and options in their order. */
struct ctl_args {
    char **operand;
    int operand_count;
    struct ctl_given given[CTL_GIVEN_MAX];
    size_t given_count;
};
/* Whether an option was given. */
bool ctl_has(const struct ctl_args *args, const char *name);
/* Its last value, or NULL. */
const char *ctl_value(const struct ctl_args *args, const char *name);
/* A count of at most 1,000,000,000. Absent leaves *out; a bad one is named and CTL_USAGE returned. */
int ctl_count(const struct ctl_args *args, const char *name, uint64_t *out) NR_MUST_CHECK;
/* A time or a span ago, likewise. */
int ctl_when(const struct ctl_args *args, const char *name, int64_t *out) NR_MUST_CHECK;

enum ctl_needs {
    CTL_NEEDS_NO_NODE, /* this machine need not have one */
    CTL_NEEDS_NOTHING, /* looks for itself */
    CTL_NEEDS_STORE,   /* works with noded stopped */
    CTL_NEEDS_NODED,
};

struct ctl_command {
    const char *name;
    const char *operands; /* as help shows them: "[ID]"; "" for none */
    int least, most;      /* how many operands */
    const char *words;    /* the words that the first operand may be, a space between two; NULL: free */
    enum ctl_needs needs;
    const char *help;                 /* a line */
    const char *more;                 /* paragraphs behind it, or NULL */
    const struct ctl_option *options; /* NULL: none */
    int (*run)(struct ctl *ctl, const struct ctl_args *args);
};

extern const struct ctl_command ctl_commands[];
extern const size_t ctl_command_count;

const struct ctl_command *ctl_command_find(const char *name);
/* The command whose name is nearest to a mistyped one; NULL when none is near. */
const struct ctl_command *ctl_command_nearest(const char *name);

/* A line a command, for nodectl --help. */
void ctl_command_list(struct nr_buf *out);
/* Help of one command. */
void ctl_command_help(struct nr_buf *out, const struct ctl_command *c);

/* Reads options and operands behind the command, argv[0] being its name. Options may stand between operands; "--" ends
 * them. Returns 0 with *args filled, or CTL_USAGE after naming the fault; *help is set when --help was met. */
int ctl_args_read(const struct ctl_command *c, int argc, char **argv, struct ctl_args *args, bool *help) NR_MUST_CHECK;

/* The handlers. */
int ctl_status(struct ctl *ctl, const struct ctl_args *args);
int ctl_nodes(struct ctl *ctl, const struct ctl_args *args);
int ctl_node(struct ctl *ctl, const struct ctl_args *args);
int ctl_peers(struct ctl *ctl, const struct ctl_args *args);
int ctl_records(struct ctl *ctl, const struct ctl_args *args);
int ctl_verify(struct ctl *ctl, const struct ctl_args *args);
int ctl_profile(struct ctl *ctl, const struct ctl_args *args);
int ctl_heartbeats(struct ctl *ctl, const struct ctl_args *args);
int ctl_log(struct ctl *ctl, const struct ctl_args *args);
int ctl_watch(struct ctl *ctl, const struct ctl_args *args);
int ctl_invite(struct ctl *ctl, const struct ctl_args *args);
int ctl_leave(struct ctl *ctl, const struct ctl_args *args);
int ctl_maintenance(struct ctl *ctl, const struct ctl_args *args);
int ctl_drain(struct ctl *ctl, const struct ctl_args *args);
int ctl_doctor(struct ctl *ctl, const struct ctl_args *args);
int ctl_backup(struct ctl *ctl, const struct ctl_args *args);
int ctl_restore(struct ctl *ctl, const struct ctl_args *args);
int ctl_describe(struct ctl *ctl, const struct ctl_args *args);
int ctl_bootstrap(struct ctl *ctl, const struct ctl_args *args);

#endif
