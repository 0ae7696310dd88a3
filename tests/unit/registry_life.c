/* libnr: opening, snapshots, waiting, replaced halves, copies, who may read, and what reading costs. */
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "nr_test.h"
#include "registry_fixture.h"

/* A snapshot keeps the state at which it began; the next begin sees what was written since, and so does a wait. */
static void snapshots_and_waiting(void **state)
{
    struct place *p = *state;
    struct nr_node n;
    in_writer(p->dir, nothing);
    open_place(p);
    struct nr_generation g = nr_snapshot_generation(p->snapshot);
    assert_int_equal(nr_wait_change(p->snapshot, g, 30), NR_ERR_TIMEOUT);
    in_writer(p->dir, some_nodes);
    struct nr_generation same = nr_snapshot_generation(p->snapshot);
    assert_true(same.registry == g.registry && same.pulse == g.pulse);
    assert_int_equal(nr_node_get(p->snapshot, "c", 1, T0, &n), NR_ERR_NOT_FOUND);
    assert_int_equal(nr_wait_change(p->snapshot, g, 5000), 0);
    assert_int_equal(nr_node_get(p->snapshot, "c", 1, T0, &n), 0);
    struct nr_generation after = nr_snapshot_generation(p->snapshot);
    assert_true(after.registry != g.registry && after.pulse != g.pulse);
    nr_snapshot_end(p->snapshot);
    assert_int_equal(nr_node_get(p->snapshot, "c", 1, T0, &n), NR_ERR_INVALID);
}

/* When noded has replaced the pulse half, open snapshots follow at their next begin, and a generation never comes back.
 */
static void pulse_replaced(void **state)
{
    struct place *p = *state;
    nr_snapshot *other;
    struct nr_node n;
    in_writer(p->dir, some_nodes);
    open_place(p);
    assert_int_equal(nr_snapshot_new(p->registry, &other), 0);
    assert_int_equal(nr_snapshot_begin(other), 0);
    struct nr_generation g = nr_snapshot_generation(p->snapshot);
    nr_snapshot_end(p->snapshot);
    damage(p->dir, "pulse");
    in_writer(p->dir, one_beat);
    assert_int_equal(nr_wait_change(p->snapshot, g, 5000), 0);
    assert_true(nr_snapshot_generation(p->snapshot).pulse > g.pulse);
    assert_int_equal(nr_node_get(p->snapshot, "b-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0 + 7777);
    assert_int_equal(nr_node_get(p->snapshot, "c-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0);
    assert_int_equal(nr_node_get(other, "c-gpu", 5, T0, &n), 0); /* still the old state, still readable */
    assert_int_equal(n.last_heartbeat_ms, T0 + 3000);
    assert_int_equal(nr_snapshot_begin(other), 0);
    assert_int_equal(nr_node_get(other, "c-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0);
    nr_snapshot_free(other);
}

/* A copy is a store of its own with the same content; an existing directory is left alone. */
static void copy(void **state)
{
    struct place *p = *state, q = { 0 };
    struct nr_node n;
    in_writer(p->dir, some_nodes);
    open_place(p);
    memcpy(q.dir, p->dir, strlen(p->dir));
    strcat(q.dir, "/copy");
    assert_int_equal(nr_registry_copy(p->registry, q.dir), 0);
    assert_int_equal(nr_registry_copy(p->registry, q.dir), NR_ERR_EXISTS);
    open_place(&q);
    assert_int_equal(nr_node_get(q.snapshot, "b-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0 + 2000);
    close_place(&q);
    in_writer(q.dir, one_beat);
    open_place(&q);
    assert_int_equal(nr_node_get(q.snapshot, "b-gpu", 5, T0, &n), 0);
    assert_int_equal(n.last_heartbeat_ms, T0 + 7777);
    close_place(&q);
}

static int open_code(const char *dir)
{
    const struct nr_registry_options options = { .state_dir = dir };
    nr_registry *r;
    int err = nr_registry_open(&r, &options);
    if (!err) nr_registry_close(r);
    return err;
}

/* No store, a damaged one, one that is cut short: each has its code. */
static void open_errors(void **state)
{
    struct place *p = *state;
    char path[128];
    assert_int_equal(open_code(p->dir), NR_ERR_NOT_FOUND);
    assert_int_equal(open_code("/nonexistent/dagi"), NR_ERR_NOT_FOUND);
    in_writer(p->dir, some_nodes);
    assert_int_equal(open_code(p->dir), 0);
    snprintf(path, sizeof path, "%s/registry/data.mdb", p->dir);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, 3 * 4096), 0);
    assert_int_equal(open_code(p->dir), NR_ERR_CORRUPT);
    assert_int_equal(truncate(path, st.st_size), 0);
    damage(p->dir, "registry");
    assert_int_equal(open_code(p->dir), NR_ERR_CORRUPT);
}

/* The files' modes let the group read and nobody else: another user of the group reads, one outside is denied. */
static void group_may_read(void **state)
{
    struct place *p = *state;
    const gid_t group = 61234;
    char path[128];
    int status;
    if (geteuid() != 0) skip();
    static const char *const names[] = { "",       "/registry",       "/registry/data.mdb", "/registry/lock.mdb",
                                         "/pulse", "/pulse/data.mdb", "/pulse/lock.mdb" };
    in_writer(p->dir, some_nodes);
    assert_int_equal(chmod(p->dir, 0750), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s%s", p->dir, names[i]);
        assert_int_equal(chown(path, 0, group), 0);
    }
    for (int inside = 0; inside < 2; inside++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (setgid(inside ? group : 61235) || setuid(61234)) _exit(99);
            const struct nr_registry_options options = { .state_dir = p->dir };
            nr_registry *r;
            nr_snapshot *s;
            struct nr_node n;
            int err = nr_registry_open(&r, &options);
            if (!err) err = nr_snapshot_new(r, &s);
            if (!err) err = nr_snapshot_begin(s);
            if (!err) err = nr_node_get(s, "c", 1, T0, &n);
            _exit(-err);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), inside ? 0 : -NR_ERR_DENIED);
    }
}

static int ignore_beat(void *arg, const struct nr_heartbeat *b)
{
    *(int64_t *)arg += b->at_ms;
    return 0;
}

/* In a process that the kernel kills at any system call but read, write and exit. */
static void read_without_calls(nr_snapshot *s)
{
    const char *words[] = { "y" };
    const struct nr_node_filter by_role = { .role = "odd" }, by_label = { .labels = words, .label_count = 1 };
    struct nr_node_counts counts;
    struct nr_node_cursor c;
    struct nr_node n;
    int64_t sum = 0;
    char id[5] = "n000";
    for (int i = 0; i < 10001; i++) {
        id[1] = (char)('0' + i % 500 / 100);
        id[2] = (char)('0' + i % 100 / 10);
        id[3] = (char)('0' + i % 10);
        if (nr_node_get(s, id, 4, T0, &n)) syscall(SYS_exit, 3);
        if (i % 1000) continue;
        if (nr_snapshot_begin(s) || nr_node_count(s, T0, &counts) || counts.total != 500) syscall(SYS_exit, 4);
        for (int e = nr_node_first(s, &by_role, T0, &c, &n); !e; e = nr_node_next(&c, &n)) sum++;
        for (int e = nr_node_first(s, &by_label, T0, &c, &n); !e; e = nr_node_next(&c, &n)) sum++;
        if (nr_heartbeat_each(s, "n001", 4, 0, 0, ignore_beat, &sum)) syscall(SYS_exit, 5);
        if (i == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) syscall(SYS_exit, 6); /* the first round may call */
    }
    syscall(SYS_exit, sum > 2500 ? 0 : 7);
}

/* After the first of each kind a read makes no system call, nor does beginning a snapshot anew. */
static void no_system_calls(void **state)
{
    struct place *p = *state;
    int status;
    in_writer(p->dir, many_nodes);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        open_place(p);
        read_without_calls(p->snapshot);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
    const struct CMUnitTest tests[] = {
        T(snapshots_and_waiting), T(pulse_replaced), T(copy), T(open_errors), T(group_may_read), T(no_system_calls),
    };
    if (nr_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
