#include <stdio.h>
#include <sys/statvfs.h>

#include "nodehttpd/prometheus.h"

static void expose_role(struct exposition *e, const struct census_role *role)
{
    for (int i = 0; i < NR_NODE_STATUS_COUNT; i++) {
        struct label_set labels = { 0 };
        label_add(&labels, "role", nr_bytes(role->name, role->len));
        label_add(&labels, "status", nr_bytes_str(nr_node_status_name((enum nr_node_status)i)));
        expose_uint(e, "dagi_nodes", labels.text, role->by_status[i]);
    }
}

static void expose_nodes(struct exposition *e, const struct census *c, int64_t now_ms)
{
    struct nr_histogram ages;
    expose_family(e, "dagi_nodes", FAMILY_GAUGE,
                  "nodes by role and status; role other stands for all but the largest roles");
    for (size_t i = 0; i < c->role_count; i++) expose_role(e, &c->roles[i]);
    if (c->other.total) expose_role(e, &c->other);
    expose_one(e, "dagi_roles", FAMILY_GAUGE, "different roles of nodes", c->different);
    census_ages(c, now_ms, &ages);
    expose_family(e, "dagi_node_heartbeat_age_seconds", FAMILY_AGES,
                  "time since each node was last heard, now: of all nodes but those that have left");
    expose_histogram(e, "dagi_node_heartbeat_age_seconds", FAMILY_AGES, NULL, &ages, &census_age_bounds_us);
}

static int expose_table(void *arg, const char *half, const char *table, uint64_t entries)
{
    struct label_set labels = { 0 };
    label_add(&labels, "half", nr_bytes_str(half));
    label_add(&labels, "table", nr_bytes_str(table));
    expose_uint(arg, "dagi_store_entries", labels.text, entries);
    return 0;
}

static void expose_store(struct exposition *e, nr_snapshot *snapshot)
{
    struct nr_store_facts f;
    if (nr_store_facts(snapshot, &f) == 0) {
        expose_family(e, "dagi_store_bytes", FAMILY_GAUGE, "bytes in use in each half of the store");
        expose_uint(e, "dagi_store_bytes", "half=\"registry\"", f.registry_bytes);
        expose_uint(e, "dagi_store_bytes", "half=\"pulse\"", f.pulse_bytes);
        expose_one(e, "dagi_store_evidence_pairs", FAMILY_GAUGE,
                   "pairs of records that one signer made under one stamp, kept as evidence", f.evidence);
        expose_one(e, "dagi_store_readers", FAMILY_GAUGE, "processes and threads that have the store open for reading",
                   f.readers);
    }
    expose_family(e, "dagi_store_entries", FAMILY_GAUGE, "entries of each table of the store");
    (void)nr_store_table_each(snapshot, expose_table, e);
}

static void expose_disk(struct exposition *e, const char *state_dir)
{
    struct statvfs fs;
    if (statvfs(state_dir, &fs)) return;
    expose_one(e, "dagi_store_filesystem_size_bytes", FAMILY_GAUGE, "size of the file system of the state directory",
               (uint64_t)fs.f_blocks * fs.f_frsize);
    expose_one(e, "dagi_store_filesystem_avail_bytes", FAMILY_GAUGE,
               "bytes that are free in the file system of the state directory", (uint64_t)fs.f_bavail * fs.f_frsize);
}

void expose_registry(struct exposition *e, struct app *app, struct nr_now now)
{
    bool up = reads_begin(&app->reads, now) == 0;
    expose_one(e, "dagi_store_up", FAMILY_GAUGE, "whether the store can be read", up);
    expose_disk(e, app->reads.options.state_dir);
    if (!up) return;
    if (census_take(&app->census, &app->reads, now.wall_ms) == 0) expose_nodes(e, &app->census, now.wall_ms);
    expose_store(e, app->reads.snapshot);
    reads_end(&app->reads);
}
