/* A store that is missing is looked for at most ten times a second, whatever the requests. libnr notices that the half
 * with heartbeats was replaced; that the whole was (restored from a backup, made anew) shows in its file being another,
 * which is looked at once a second and with each new connection to noded. What a snapshot fails with otherwise closes
 * the store, and the next request opens it anew. */
#include "nodehttpd/reads.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"

#define RETRY_US 100000
#define LOOK_US  1000000

void reads_init(struct reads *r, const struct nr_registry_options *options)
{
    *r = (struct reads){ .options = *options };
}

void reads_fini(struct reads *r)
{
    nr_snapshot_free(r->snapshot);
    nr_registry_close(r->registry);
    r->snapshot = NULL;
    r->registry = NULL;
}

/* Which file the durable half is. False: there is none just now. */
static bool identify(const struct reads *r, uint64_t *device, uint64_t *file)
{
    char path[PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/registry/data.mdb", r->options.state_dir);
    if (n < 0 || (size_t)n >= sizeof path || stat(path, &st)) return false;
    *device = (uint64_t)st.st_dev;
    *file = (uint64_t)st.st_ino;
    return true;
}

/* Leaves the store when another stands in its place. While none does, the last state goes on being served. */
static void leave_replaced(struct reads *r, struct nr_now now)
{
    uint64_t device, file;
    if (r->look_us > now.mono_us) return;
    r->look_us = now.mono_us + LOOK_US;
    if (!identify(r, &device, &file) || (device == r->device && file == r->file)) return;
    nr_log_info("store: replaced: %s", r->options.state_dir);
    reads_fini(r);
    r->retry_us = 0;
}

static int open_store(struct reads *r, struct nr_now now)
{
    if (r->retry_us > now.mono_us) return r->err;
    /* Before the opening: what is put there meanwhile then shows as another. */
    if (!identify(r, &r->device, &r->file)) r->device = r->file = 0;
    int err = nr_registry_open(&r->registry, &r->options);
    if (!err) err = nr_snapshot_new(r->registry, &r->snapshot);
    if (!err) {
        nr_log_info("store: opened: %s", r->options.state_dir);
        r->look_us = now.mono_us + LOOK_US;
        r->err = 0;
        r->opened++;
        return 0;
    }
    if (err != r->err) nr_log_warning("store: cannot be read: %s: %s", r->options.state_dir, nr_error_text(err));
    reads_fini(r);
    r->err = err;
    r->retry_us = now.mono_us + RETRY_US;
    return err;
}

int reads_begin(struct reads *r, struct nr_now now)
{
    if (r->registry) leave_replaced(r, now);
    if (!r->registry) {
        int err = open_store(r, now);
        if (err) return err;
    }
    int err = nr_snapshot_begin(r->snapshot);
    if (!err || err == NR_ERR_UNAVAILABLE) return err;
    nr_log_warning("store: closed: %s: %s", r->options.state_dir, nr_error_text(err));
    reads_fini(r);
    r->err = err;
    r->retry_us = now.mono_us + RETRY_US;
    return err;
}

void reads_end(struct reads *r)
{
    nr_snapshot_end(r->snapshot);
}

void reads_look_again(struct reads *r)
{
    r->look_us = 0;
}
