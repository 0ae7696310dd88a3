/* nodectl bootstrap: this machine becomes a node of a registry, however it is equipped. One of three ways, by what is
 * there: noded runs and is configured (bootstrap_noded.c); noded is installed and is configured and started
 * (bootstrap_start.c); there is none, and the machine is registered over HTTP (bootstrap_http.c) and may be kept there
 * (bootstrap_keep.c).
 *
 * Each may be repeated, also when it was cut short at any point: the same node is updated. Two at a time take turns
 * (bootstrap_id.h). */
#ifndef NR_NODECTL_BOOTSTRAP_H
#define NR_NODECTL_BOOTSTRAP_H

#include "proto/token.h"
#include "tools/nodectl/command.h"

#define BOOTSTRAP_ITEMS_MAX 64
#define BOOTSTRAP_URLS_MAX  8

/* Several texts of one option, each occurrence split at commas where it may hold several. */
struct bootstrap_items {
    const char *item[BOOTSTRAP_ITEMS_MAX];
    size_t count;
    bool given;
};

/* What was asked for. Texts are borrowed from the arguments, the environment and `owned`. */
struct bootstrap {
    struct ctl *ctl;
    const char *role; /* NULL: not said */
    const char *node_id, *hostname, *ip, *token, *key_file, *node_type;
    struct bootstrap_items labels, metadata;
    const char *urls[BOOTSTRAP_URLS_MAX]; /* without a slash at the end */
    size_t url_count;                     /* 0: none was named */
    const char *interval;                 /* as it was given; NULL: not */
    int64_t interval_ms;
    bool keep_alive, dry_run;
    char *owned[BOOTSTRAP_ITEMS_MAX * 2];
    size_t owned_count;
    int lock;                 /* of bootstrap_lock; -1: none is held */
    struct nr_buf token_text; /* read once: it may have been standard input. A secret */
    struct nr_token join;     /* what it says; valid when `token` is not NULL. A secret */
};

/* Each names the fault and returns CTL_USAGE or CTL_FAILED. */
int bootstrap_read(struct bootstrap *b, struct ctl *ctl, const struct ctl_args *args) NR_MUST_CHECK;
/* CTL_FAILED where the state directory belongs to another cluster than the token; `joined` is set where it belongs to
 * that one, or to any where there is no token. */
int bootstrap_check_cluster(const struct bootstrap *b, const char *state_dir, bool *joined) NR_MUST_CHECK;
/* Lets the next one go on. */
void bootstrap_unlock(struct bootstrap *b);
void bootstrap_fini(struct bootstrap *b);

/* The three ways. An exit status. */
int bootstrap_running(struct bootstrap *b);                  /* a connection to noded is there */
int bootstrap_start(struct bootstrap *b, const char *noded); /* its executable */
int bootstrap_register(struct bootstrap *b);

/* bootstrap_noded.c, for the second as well. */

/* The configuration file that is to be written: the one named to nodectl, else `of_noded` (NULL: it has read none),
 * else the usual one, which is a file of the user's own where this user may not write the system's. */
int bootstrap_conf_path(const struct bootstrap *b, const char *of_noded, char out[static 4096]) NR_MUST_CHECK;
/* Writes what was asked for into that file, or with --dry-run says what it would. */
int bootstrap_configure(const struct bootstrap *b, const char *path) NR_MUST_CHECK;
/* With noded answering: its own state directory is read from now on, and the token that a start has left for it is
 * gone. */
int bootstrap_settle(struct bootstrap *b, struct nr_bytes state_dir) NR_MUST_CHECK;
/* Waits until the registry shows noded's node as asked for, and shows it. */
int bootstrap_show(struct bootstrap *b) NR_MUST_CHECK;
/* Where a noded that systemd starts looks for its token. */
#define BOOTSTRAP_TOKEN "/etc/dagi/token"

#endif
