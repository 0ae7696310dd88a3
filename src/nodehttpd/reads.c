/* A store that is missing is looked for at most ten times a second, whatever the requests; that a store was replaced is
 * libnr's to notice. What else a snapshot fails with closes the store, and the next request opens it anew. */
#include "nodehttpd/reads.h"

#include "base/log.h"

#define RETRY_US 100000

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

static int open_store(struct reads *r, struct nr_now now)
{
    if (r->retry_us > now.mono_us) return r->err;
    int err = nr_registry_open(&r->registry, &r->options);
    if (!err) err = nr_snapshot_new(r->registry, &r->snapshot);
    if (!err) {
        nr_log_info("store: opened: %s", r->options.state_dir);
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
