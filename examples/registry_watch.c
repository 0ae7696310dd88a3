/* Shows the nodes of a role, or all, and then what changes.
 *
 *     cc registry_watch.c $(pkg-config --cflags --libs nr) -o registry_watch
 *     ./registry_watch [--state-dir DIR] [--role ROLE] [--changes N]
 *
 * It reads the registry of this machine from its memory map: noded need not run, but nothing changes while it does not.
 * The caller must be root, or in the group that the state directory belongs to. --changes N ends after N changes;
 * without it the program watches until it is interrupted. */
#include <nr/registry.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what, int error)
{
    fprintf(stderr, "registry_watch: %s: %s\n", what, nr_error_text(error));
    return 1;
}

/* Texts live in the snapshot and are not NUL-terminated: print them by length, or copy them. */
static void print_node(const struct nr_node *node)
{
    printf("%-30.*s %-12.*s %-11s %.*s\n", (int)node->node_id.len, node->node_id.data, (int)node->role.len,
           node->role.data, nr_node_status_name(node->status), (int)node->hostname.len, node->hostname.data);
}

/* Walks the nodes that pass the filter, in the order of their ids. The clock is an argument because status depends on
 * it. */
static int print_nodes(nr_snapshot *snapshot, const struct nr_node_filter *filter)
{
    struct nr_node_cursor cursor;
    struct nr_node node;
    int64_t now = nr_wall_clock_ms();
    int error = nr_node_first(snapshot, filter, now, &cursor, &node);
    for (; error == 0; error = nr_node_next(&cursor, &node)) print_node(&node);
    return error == NR_ERR_NOT_FOUND ? 0 : error; /* the end of the walk */
}

struct watch {
    uint64_t last; /* the change seen last */
    long wanted;   /* how many are still to be shown; negative: no end */
};

static int print_change(void *arg, const struct nr_change *change)
{
    struct watch *watch = arg;
    printf("%llu %s %s %.*s\n", (unsigned long long)change->seq, change->profile ? "profile" : "node",
           nr_change_name(change->what), (int)change->subject.len, change->subject.data);
    watch->last = change->seq;
    if (watch->wanted > 0) watch->wanted--;
    return watch->wanted == 0; /* nonzero ends the walk */
}

/* Shows changes as they come. nr_wait_change sleeps without holding on to a snapshot and renews it when it returns. */
static int watch_changes(nr_snapshot *snapshot, struct watch *watch)
{
    while (watch->wanted != 0) {
        struct nr_generation seen = nr_snapshot_generation(snapshot);
        int error = nr_wait_change(snapshot, seen, -1);
        if (error) return error;
        error = nr_change_each(snapshot, watch->last, print_change, watch);
        if (error < 0) return error;
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option flags[] = { { "state-dir", required_argument, NULL, 's' },
                                           { "role", required_argument, NULL, 'r' },
                                           { "changes", required_argument, NULL, 'c' },
                                           { NULL, 0, NULL, 0 } };
    struct nr_registry_options options = { 0 };
    struct nr_node_filter filter = { 0 };
    struct watch watch = { .wanted = -1 };
    nr_registry *registry = NULL;
    nr_snapshot *snapshot = NULL;
    int flag, status = 1;
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
        switch (flag) {
        case 's': options.state_dir = optarg; break;
        case 'r': filter.role = optarg; break;
        case 'c': watch.wanted = strtol(optarg, NULL, 10); break;
        default: return 2;
        }
    }

    /* One handle a process, one snapshot a thread, begun around each use. */
    int error = nr_registry_open(&registry, &options);
    if (error) return fail("open the registry", error);
    error = nr_snapshot_new(registry, &snapshot);
    if (error) {
        fail("make a snapshot", error);
        goto out;
    }
    error = nr_snapshot_begin(snapshot);
    if (!error) error = print_nodes(snapshot, &filter);
    if (error) {
        fail("read the nodes", error);
        goto out;
    }
    fflush(stdout);
    watch.last = nr_change_newest(snapshot);
    error = watch_changes(snapshot, &watch);
    if (error) {
        fail("watch", error);
        goto out;
    }
    status = 0;
out:
    nr_snapshot_free(snapshot);
    nr_registry_close(registry);
    return status;
}
